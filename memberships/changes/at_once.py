"""A change carried out in the moment it arises, because its basis needs no consent any more: a leaving rule accepted
before, or the card in somebody's hand (domain 1.5, 1.8, 1.10)."""

from common.actor import Actor
from common.clock import program_now
from common.errors import Busy
from memberships.changes.carrying_out import execute
from memberships.changes.eligibility import refuse_unless_released
from memberships.changes.plan import Plan
from memberships.changes.rows import plan_of
from memberships.changes.side_locks import lock_sides
from memberships.changes.terms import digest_of, role_of, terms_of
from memberships.models import ChangeParty, ChangeStatus, MembershipChange


def carry_out_at_once(change: MembershipChange, *, actor: Actor) -> Plan:
    """The draft with its basis, not saved; inside the caller's transaction and audit context.

    Raises ProgramNotOpen, Busy, ChangeRefused and what the row refuses.
    """
    plan = locked_plan(change)
    carry_out_planned(change, plan, actor=actor)
    return plan


def locked_plan(change: MembershipChange) -> Plan:
    """What the draft means for its memberships, which are locked and read again."""
    ids = lock_sides(change, key_change=True)
    refuse_unless_released(change.program)
    plan = plan_of(change, at=program_now(change.program))
    if [one.pk for one in plan.parties] != ids:
        raise Busy("Somebody joined or left these memberships meanwhile. Try again.")
    return plan


def carry_out_planned(change: MembershipChange, plan: Plan, *, actor: Actor) -> None:
    """As `locked_plan` read it, in the same transaction."""
    change.terms = terms_of(plan)
    change.digest = digest_of(change.terms)
    change.status = ChangeStatus.AGREED
    change.save()
    execute(change, plan, actor=actor)
    _note_parties(change, plan)


def _note_parties(change: MembershipChange, plan: Plan) -> None:
    """After the fact, so that no open change of the others is in the way."""
    ChangeParty.objects.bulk_create(
        ChangeParty(change=change, program_id=change.program_id, membership=one, role=role_of(plan, one))
        for one in plan.parties
    )
