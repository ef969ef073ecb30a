"""Who did what with a change, and when: told from its history, so that colleagues see each other's steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from memberships.models import ChangeStatus, ConsentInvitation, MembershipChange
from staff.models import User


@dataclass(frozen=True, slots=True)
class StepTaken:
    at: datetime
    what: str
    who: str
    why: str = ""


def story_of(change: MembershipChange) -> list[StepTaken]:
    """By real time, the latest first."""
    rows = list(change.history.order_by("history_id"))
    users = User.objects.filter(pk__in={row.history_user_id for row in rows if row.history_user_id})
    names = dict(users.values_list("pk", "username"))
    taken = [*_steps(rows, names), *_sent(change)]
    return sorted(taken, key=lambda step: step.at, reverse=True)


def _steps(rows: list[Any], names: dict[int, str]) -> Iterator[StepTaken]:
    before = None
    for row in rows:
        what = _what(before, row)
        if what:
            who = names.get(row.history_user_id, "") or row.history_channel
            yield StepTaken(row.history_date, what, who, row.history_change_reason or "")
        before = row


def _what(before: Any, row: Any) -> str:
    """What a row of history tells beyond the one before it."""
    if before is None:
        return _("Draft made") if row.status == ChangeStatus.DRAFT else _("Proposed")
    if row.status != before.status:
        return _("Now: %(status)s") % {"status": ChangeStatus(row.status).label}
    if row.status == ChangeStatus.DRAFT:
        return _("Draft changed")
    return _("Terms changed, everyone is asked again") if row.digest != before.digest else ""


def _sent(change: MembershipChange) -> Iterator[StepTaken]:
    sent = ConsentInvitation.objects.filter(consent__change=change).select_related("consent__customer")
    for one in sent:
        told = {"kind": one.get_kind_display(), "number": one.consent.customer.number}
        yield StepTaken(one.sent_at, _("Sent: %(kind)s to customer %(number)s") % told, "")
