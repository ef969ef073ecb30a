"""People leave an organization: agreement benefits end, shared points go by the rule they accepted when they came, and
nobody is asked for consent (domain 1.8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, retrying
from common.errors import LoyaltyError
from common.history import audit_context
from memberships.changes import leaving
from memberships.changes.eligibility import refuse_unless_released
from memberships.changes.lapsing import locked_open_changes
from memberships.changes.record import Record
from memberships.changes.states import end_change
from memberships.errors import ReasonMissing, UnderNoOrganization, WrongStatus
from memberships.locking import locked_memberships
from memberships.models import (
    ChangeBasis,
    ChangeStatus,
    InheritedAgreement,
    Membership,
    MembershipChange,
    MembershipType,
)
from memberships.organization_pools import pool_umbrella, stand_alone
from memberships.types import type_of
from points.models import Entry
from programs.models import Program


@dataclass(frozen=True, slots=True)
class LeaveLine:
    """`rule` by which points in the organization's pool were divided, and what the person took of them by point type;
    empty for who had points of their own."""

    membership_id: int
    number: str
    form: str
    rule: str = ""
    takes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeftAll:
    """`refused` are (membership number, why); `remaining` still stand under the organization."""

    lines: tuple[LeaveLine, ...]
    refused: tuple[tuple[str, str], ...]
    remaining: int

    @property
    def left(self) -> int:
        return len(self.lines)


def leave_organization(membership: Membership, *, actor: Actor, reason: str) -> Membership:
    """Standard again, with number, cards, tier and what the accepted rule leaves them; once more it is refused.

    Raises ReasonMissing, UnderNoOrganization, HoldTooLarge, ProgramNotOpen, Busy.
    """
    if not reason.strip():
        raise ReasonMissing("Somebody leaves an organization with a reason.")
    retrying(lambda: _leave(membership.pk, actor=actor, reason=reason))
    left: Membership = Membership.objects.get(pk=membership.pk)
    return left


def leaving_change(membership: Membership, *, actor: Actor, reason: str) -> MembershipChange | None:
    """What leaving means for points in the organization's pool: a draft, not saved, as previews take it. None where
    the person has points of their own: then no point moves."""
    if pool_umbrella(membership) is None:
        return None
    return leaving.leaving_change(membership, actor=actor, reason=reason, basis=ChangeBasis.LEAVING_RULE)


def leave_all(
    umbrella: Membership,
    *,
    actor: Actor,
    reason: str,
    dry_run: bool = False,
    limit: int | None = None,
    progress: Callable[[int], object] = lambda membership_id: None,
) -> LeftAll:
    """Let all leave by the rules they accepted, one transaction each, `limit` of them at most; called again it goes on
    where it stopped. Whom a hold or a change stands against stays, and is named. `progress` hears of each.
    """
    if not reason.strip():
        raise ReasonMissing("Everybody leaves an organization with a reason.")
    if not type_of(umbrella.type).is_umbrella:
        raise WrongStatus(
            f"{umbrella.number} is {umbrella.get_type_display()}: nobody stands under it.",
            facts={"membership": umbrella.pk, "type": str(umbrella.type)},
        )
    under = Membership.objects.filter(organization_membership=umbrella, current=True)
    leave = _rehearsed if dry_run else _leave
    lines: list[LeaveLine] = []
    refused: list[tuple[str, str]] = []
    for pk, number in under.order_by("pk").values_list("pk", "number"):
        if limit is not None and len(lines) >= limit:
            break
        try:
            lines.append(retrying(partial(leave, pk, actor=actor, reason=reason)))
        except UnderNoOrganization:
            continue
        except LoyaltyError as error:
            refused.append((number, error.message))
        progress(pk)
    return LeftAll(tuple(lines), tuple(refused), under.count())


def _leave(pk: int, *, actor: Actor, reason: str) -> LeaveLine:
    program = Program.objects.get(memberships=pk)
    with in_program(program), audit_context(actor, reason):
        open_changes = locked_open_changes([pk])
        (row,) = locked_memberships([pk], key_change=True)
        refuse_unless_released(row.program)
        if row.organization_membership_id is None or not row.current:
            raise UnderNoOrganization(f"{row.number} stands under no organization.", facts={"membership": row.pk})
        if pool_umbrella(row) is None:
            return _end_agreement(row)
        for change in open_changes:
            # What it says of the pool is over.
            facts = {"cause": "left_organization", "membership": pk}
            end_change(change, ChangeStatus.LAPSED, at=program_now(program), facts=facts)
        change = leaving.leave_by_rule(row, actor=actor, reason=reason, basis=ChangeBasis.LEAVING_RULE)
        return LeaveLine(row.pk, row.number, str(MembershipType.SHARED), str(change.policy), _taken(change, row))


def _end_agreement(row: Membership) -> LeaveLine:
    """Whose points are their own: nothing moves, and what they share with friends stays so."""
    inherited = InheritedAgreement.objects.filter(membership=row, ended_at__isnull=True).first()
    stand_alone(row, at=program_now(row.program), record=Record())
    return LeaveLine(row.pk, row.number, str(inherited.form) if inherited is not None else str(row.type))


def _rehearsed(pk: int, *, actor: Actor, reason: str) -> LeaveLine:
    """One at a time, so that nobody waits for more than a moment."""
    with transaction.atomic():
        line = _leave(pk, actor=actor, reason=reason)
        transaction.set_rollback(True)
    return line


def _taken(change: MembershipChange, row: Membership) -> dict[str, int]:
    entries = Entry.objects.filter(posting_id=change.posting_id or 0, account__account_set=row.own_set_id)
    taken: dict[str, int] = {}
    for code, amount in entries.values_list("account__point_type__code", "amount"):
        taken[code] = taken.get(code, 0) + amount
    return taken
