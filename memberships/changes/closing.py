"""Changes under lock, and how one that is waited for closes without being carried out (domain 1.9)."""

from datetime import datetime

from common import clock
from common.errors import NotFound
from memberships.changes.errors import ChangeNotOpen
from memberships.models import OPEN, ChangeStatus, ConsentDocument, ConsentInvitation, MembershipChange


def locked_change(change_id: int) -> MembershipChange:
    """The row as it is once nobody else works on it: the first lock of every verb of a change."""
    changes = MembershipChange.objects.select_for_update(no_key=True, of=("self",)).select_related("program")
    found: MembershipChange | None = changes.filter(pk=change_id).first()
    if found is None:
        raise NotFound("No such change.")
    return found


def is_overdue(change: MembershipChange, *, at: datetime) -> bool:
    """Past its deadline a change counts as lapsed at once, whenever the run tidies it."""
    return change.status in OPEN and change.expires_at is not None and at >= change.expires_at


def refuse_unless_open(change: MembershipChange, *, at: datetime) -> None:
    """Raise ChangeNotOpen where nobody's consent is asked for any more, or not yet."""
    facts = {"change": change.pk, "status": change.status}
    if is_overdue(change, at=at):
        raise ChangeNotOpen(
            f"Change {change.pk} lapsed on {change.expires_at:%Y-%m-%d %H:%M} UTC. Propose it anew.",
            facts={**facts, "status": ChangeStatus.LAPSED},
        )
    if change.status == ChangeStatus.DRAFT:
        raise ChangeNotOpen(f"Change {change.pk} is a draft. Propose it first.", facts=facts)
    if change.status not in OPEN:
        raise ChangeNotOpen(
            f"Change {change.pk} is {change.get_status_display()}; nobody is asked any more. Propose it anew.",
            facts=facts,
        )


def close_change(change: MembershipChange, *, status: ChangeStatus, at: datetime) -> None:
    """Refused, withdrawn or lapsed; the caller holds the row and leaves the event.

    The memberships are free for another change, as their parties follow `is_open`; links and codes that wait for an
    answer end, and so does a document that waits for its second person.
    """
    change.status, change.ended_at = status, at
    change.version += 1
    change.save(update_fields=["status", "ended_at", "version"])
    end_invitations(change)
    waiting = ConsentDocument.objects.filter(consent__change=change, confirmed_at=None, ended_at=None)
    waiting.update(ended_at=at)


def end_invitations(change: MembershipChange) -> None:
    """Codes and links nobody answered by lead nowhere from now on."""
    unanswered = ConsentInvitation.objects.filter(consent__change=change, used_at=None, ended_at=None)
    unanswered.update(ended_at=clock.now())
