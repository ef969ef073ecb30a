"""At which step a change is: overdue ones have lapsed at once, whether or not the run has told so (domain 1.9)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from common.db import lock_rows
from common.errors import NotFound
from gateway.events import record_event
from memberships.changes.closing import let_go
from memberships.changes.errors import ChangeNotOpen
from memberships.models import OPEN, ChangeStatus, MembershipChange


def is_overdue(change: MembershipChange, at: datetime) -> bool:
    """Whether its time ran out while it was open. The last moment does not belong to it."""
    return change.status in OPEN and change.expires_at is not None and at >= change.expires_at


def status_at(change: MembershipChange, at: datetime) -> ChangeStatus:
    """The status every answer shows; `at` by the program's clock."""
    return ChangeStatus.LAPSED if is_overdue(change, at) else ChangeStatus(change.status)


def locked_change(change_id: int) -> MembershipChange:
    """The row under lock, as it is after the wait. Changes are locked before memberships."""
    found: list[MembershipChange] = lock_rows(MembershipChange.objects.filter(pk=change_id))
    if not found:
        raise NotFound("No such change.")
    return found[0]


def require_status(change: MembershipChange, *statuses: ChangeStatus, at: datetime) -> None:
    """Refuse a step out of order."""
    status = status_at(change, at)
    if status in statuses:
        return
    wanted = " or ".join(str(one.label) for one in statuses)
    raise ChangeNotOpen(
        f"Change {change.pk} is {status.label}; this needs one that is {wanted}.",
        facts={"change": change.pk, "status": str(status), "needed": [str(one) for one in statuses]},
    )


def end_change(change: MembershipChange, status: ChangeStatus, *, at: datetime, facts: Mapping[str, Any]) -> None:
    """Close the locked change without carrying it out; its memberships are free for another one."""
    change.status, change.ended_at = status, at
    change.version += 1
    change.save()
    let_go(change, at=at)
    record_event(
        f"change.{status}",
        program_id=change.program_id,
        subject_id=change.pk,
        facts={"kind": str(change.kind), **facts},
    )
