"""Write down who looked at what: unmasking, exports, downloads."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from django.db import models

from common import clock
from staff.models import AccessLog, User

T = TypeVar("T")


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


def logged_export(
    rows: Iterable[T], user_id: int | None, subject: models.Model | str, *, facts: Mapping[str, Any] | None = None
) -> Iterator[T]:
    """The rows on their way out. That they were asked for is written down before the first, how many went out after
    the last one, or when the reader goes away."""
    # Exports are made by members of staff; a run has none.
    user = User.objects.get(pk=user_id or 0)
    log_access(user, "export", subject, facts=facts)
    return _counted(rows, user, subject, dict(facts or {}))


def _counted(rows: Iterable[T], user: User, subject: models.Model | str, facts: dict[str, Any]) -> Iterator[T]:
    count, whole = 0, False
    try:
        for row in rows:
            count += 1
            yield row
        whole = True
    finally:
        log_access(user, "exported", subject, facts={**facts, "rows": count, "whole": whole})
