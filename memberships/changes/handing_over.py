"""Another main member of a group, another owner of a pool: without a change of who takes part (domain 1.4)."""

from django.db.models import QuerySet

from common.actor import Actor
from common.db import in_program, lock_rows
from common.errors import Busy, NotAllowed
from common.history import audit_context
from customers.models import CustomerStatus
from gateway.events import record_event
from memberships.errors import HandOverRefused, NotAMember, ReasonMissing, WrongStatus
from memberships.locking import locked_memberships
from memberships.models import Member, Membership
from memberships.organization_pools import pool_umbrella
from memberships.types import type_of
from points.models import PointAccountSet

RIGHT = "memberships:manage"


def hand_over(membership: Membership, *, to_customer: int, actor: Actor, reason: str) -> Membership:
    """The customer, who takes part already, leads from now on: as main member of the group, or as owner of the pool
    the membership shares. Consents given to a change that names who leads are asked for again when it is carried out.

    Raises NotAllowed, ReasonMissing, HandOverRefused, NotAMember, WrongStatus where the customer leads already.
    """
    if not actor.may(RIGHT, membership.program_id):
        raise NotAllowed("Handing over needs the right to manage memberships.", facts={"action": RIGHT})
    if not reason.strip():
        raise ReasonMissing("A group or pool is handed over with a reason.")
    with in_program(membership.program_id), audit_context(actor, reason):
        seen = Membership.objects.get(pk=membership.pk)
        if not seen.current:
            raise HandOverRefused(f"{seen.number} has ended.", facts={"membership": seen.pk})
        if seen.main_member_id is not None:
            return _hand_group_over(seen.pk, to_customer)
        if seen.pool_id is not None:
            return _hand_pool_over(seen, seen.pool_id, to_customer)
        raise HandOverRefused(
            f"{seen.number} is {seen.get_type_display()}: only a group or a shared account has somebody who leads.",
            facts={"membership": seen.pk, "type": str(seen.type)},
        )


def _hand_group_over(pk: int, to_customer: int) -> Membership:
    (group,) = locked_memberships([pk])
    member = _fit(Member.objects.filter(membership=group), group, to_customer)
    former = group.main_member
    if former is None:
        raise Busy(f"{group.number} is no group any more. Try again.", facts={"membership": group.pk})
    _refuse_same(group, former.customer_id, to_customer)
    group.main_member = member
    _save(group)
    facts = {"role": "main", "from": former.customer_id, "to": to_customer}
    record_event("membership.handed_over", program_id=group.program_id, subject_id=group.pk, facts=facts)
    return group


def _hand_pool_over(seen: Membership, pool_id: int, to_customer: int) -> Membership:
    """Who owned it and who owns it are written into the history of their memberships: a pool has none."""
    pooled = Membership.objects.filter(pool=pool_id, current=True)
    if type_of(seen.type).is_umbrella or pool_umbrella(seen) is not None:
        raise HandOverRefused(
            "The pool of an organization belongs to its signatory: change the signatories instead.",
            facts={"membership": seen.pk, "pool": pool_id},
        )
    sharing = {one.pk: one for one in locked_memberships(pooled.values_list("pk", flat=True))}
    (pool,) = lock_rows(PointAccountSet.objects.filter(pk=pool_id))
    member = _fit(Member.objects.filter(membership__pool=pool, current=True), seen, to_customer)
    former = pool.owner_id
    _refuse_same(seen, former, to_customer)
    pool.owner_id = to_customer
    pool.save(update_fields=["owner"])
    owners = Member.objects.filter(membership__pool=pool, customer__in=[former, to_customer], ended_at__isnull=True)
    for membership_id in sorted(set(owners.values_list("membership_id", flat=True)) & sharing.keys()):
        _save(sharing[membership_id])
    facts = {"role": "owner", "from": former, "to": to_customer, "pool": pool_id}
    record_event("membership.handed_over", program_id=pool.program_id, subject_id=member.membership_id, facts=facts)
    return sharing[member.membership_id]


def _fit(members: QuerySet[Member], membership: Membership, customer_id: int) -> Member:
    """The open member; somebody deceased leads nothing."""
    found = members.filter(customer=customer_id, ended_at__isnull=True).select_related("customer").first()
    if found is None:
        raise NotAMember(
            f"Customer {customer_id} takes no part in {membership.number}, nor in its pool.",
            facts={"membership": membership.pk, "member": customer_id},
        )
    if found.customer.status == CustomerStatus.DECEASED:
        raise HandOverRefused(
            f"Customer {customer_id} is deceased: name another one.",
            facts={"membership": membership.pk, "member": customer_id},
        )
    return found


def _refuse_same(membership: Membership, former: int | None, to_customer: int) -> None:
    if former == to_customer:
        raise WrongStatus(
            f"Customer {to_customer} leads already.", facts={"membership": membership.pk, "member": to_customer}
        )


def _save(membership: Membership) -> None:
    membership.version += 1
    membership.save()
