"""Who shares a pool leaves it by a rule that was accepted before, asked for no consent: when the membership ends
(domain 1.5), and when a person leaves an organization (1.8)."""

from django.db.models import F

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.history import audit_context
from customers.models import CustomerStatus
from memberships.changes.at_once import carry_out_at_once
from memberships.models import ChangeBasis, ChangeKind, Member, Membership, MembershipChange
from memberships.organization_pools import accepted_rule, pool_umbrella
from programs.design import design_of

REASON_LENGTH = 200


def leave_by_rule(
    membership: Membership, *, actor: Actor, reason: str, basis: ChangeBasis = ChangeBasis.END
) -> MembershipChange:
    """Split the member of the shared membership off; it is standard afterwards, ready to end or to go on alone.

    In the caller's transaction. Raises HoldTooLarge, ProgramNotOpen, Busy, ChangeRefused.
    """
    with in_program(membership.program_id), audit_context(actor, reason):
        change = leaving_change(membership, actor=actor, reason=reason, basis=basis)
        carry_out_at_once(change, actor=actor)
        return change


def leaving_change(
    membership: Membership, *, actor: Actor, reason: str, basis: ChangeBasis = ChangeBasis.END
) -> MembershipChange:
    """What it means for the person and those who share with them: a draft, not saved, as previews take it.

    By the rule of the agreement the person came under, in the version they accepted; of friends by the program's.
    """
    program = design_of(membership.program_id).program
    leaver = Member.objects.get(membership=membership, ended_at__isnull=True)
    umbrella = pool_umbrella(membership)
    return MembershipChange(
        program=program,
        kind=ChangeKind.SPLIT,
        basis=basis,
        prime=membership,
        leaver_id=leaver.customer_id,
        main_id=_successor(membership, leaver.customer_id) if umbrella is None else None,
        policy=program.leaving_rule if umbrella is None else accepted_rule(membership),
        reason=reason[:REASON_LENGTH],
        proposed_at=program_now(program),
        channel_id=actor.channel_id,
        user_id=actor.user_id,
    )


def _successor(membership: Membership, leaver_id: int) -> int | None:
    """Nobody is there to name one: where the owner of a pool of several leaves, who has taken part for longest."""
    pool = membership.pool
    if pool is None or pool.owner_id != leaver_id:
        return None
    staying = Member.objects.filter(membership__pool=pool, current=True, ended_at__isnull=True).exclude(
        customer=leaver_id
    )
    if staying.count() < 2:
        return None
    living = staying.exclude(customer__status=CustomerStatus.DECEASED)
    first = living.order_by(F("suspended_at").asc(nulls_first=True), "membership__enrolled_at", "pk").first()
    return None if first is None else first.customer_id
