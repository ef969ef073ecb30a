"""Write down who looked at what: unmasking, exports, downloads."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from common import clock
from staff.models import AccessLog, User


def log_access(
    user: User, action: str, subject: models.Model | str, *, facts: Mapping[str, Any] | None = None
) -> AccessLog:
    """`action`: unmask, export, download ... `subject`: a row, or the name of what has no row, such as a report."""
    if isinstance(subject, models.Model):
        kind, pk = subject._meta.label_lower, subject.pk
    else:
        kind, pk = subject, None
    return AccessLog.objects.create(
        user=user,
        action=action,
        subject_kind=kind,
        subject_id=pk,
        facts=dict(facts or {}),
        at=clock.now(),
    )
