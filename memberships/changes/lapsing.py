"""Open changes whose time is over, or of whose memberships one has ended (domain 1.5, 1.9)."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.history import audit_context
from memberships.changes.states import end_change, is_overdue, locked_change
from memberships.models import ChangeKind, ChangeParty, ChangeStatus, MembershipChange
from programs.models import Program


def lapse(change: MembershipChange, *, actor: Actor) -> bool:
    """Say so of a change whose time is over; whether it lapsed now."""
    with in_program(change.program_id), audit_context(actor, "lapsed"):
        row = locked_change(change.pk)
        return lapse_if_overdue(row, at=program_now(row.program))


def lapse_changes(
    *, actor: Actor, program: Program | None = None, progress: Callable[[int], object] = lambda lapsed: None
) -> int:
    """Every overdue change, of one program or of all; how many. Each is its own transaction, `progress` hears of it."""
    open_changes = MembershipChange.objects.open().filter(expires_at__isnull=False).order_by("pk")
    if program is not None:
        open_changes = open_changes.filter(program=program)
    clocks = {one.pk: program_now(one) for one in Program.objects.filter(pk__in=open_changes.values("program"))}
    count = 0
    for change in open_changes.only("pk", "program_id", "status", "expires_at"):
        if is_overdue(change, clocks[change.program_id]) and lapse(change, actor=actor):
            count += 1
            progress(change.pk)
    return count


def lapse_if_overdue(change: MembershipChange, *, at: datetime) -> bool:
    """Of a change under lock."""
    if not is_overdue(change, at):
        return False
    end_change(change, ChangeStatus.LAPSED, at=at, facts={"cause": "deadline"})
    return True


def locked_open_changes(membership_ids: Iterable[int]) -> list[MembershipChange]:
    """The open changes these memberships are in, under lock and still open; called before memberships are locked.

    An organization is in many at once: those by which people would join it.
    """
    wanted = list(membership_ids)
    parties = ChangeParty.objects.filter(membership__in=wanted, is_open=True).values_list("change_id", flat=True)
    joins = MembershipChange.objects.open().filter(kind=ChangeKind.JOIN, secondary__in=wanted)
    ids = sorted({*parties, *joins.values_list("pk", flat=True)})
    if not ids:
        return []
    return [row for row in lock_rows(MembershipChange.objects.filter(pk__in=ids)) if row.is_open]


def in_open_changes(membership_ids: Collection[int]) -> set[int]:
    """Which of these memberships, none of them an organization's, are in an open change."""
    parties = ChangeParty.objects.filter(membership__any_of=membership_ids, is_open=True)
    return set(parties.values_list("membership_id", flat=True))


def lapse_open_of(membership_id: int, *, actor: Actor, reason: str) -> MembershipChange | None:
    """The membership ends: the change it is in, or all by which somebody would join it, can't be carried out any more.
    Called in that transaction."""
    found = locked_open_changes([membership_id])
    for change in found:
        with in_program(change.program_id), audit_context(actor, reason):
            at = program_now(change.program)
            end_change(
                change, ChangeStatus.LAPSED, at=at, facts={"cause": "membership_ended", "membership": membership_id}
            )
    return next(iter(found), None)
