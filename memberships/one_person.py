"""One person twice: the memberships of two records (domain 1.3, 1.9).

Where both records take part in a program their memberships are united first, by a change the person consents to;
memberships only the duplicate has are handed over with the identity. Postings, lots and debts keep naming the old
record: `persons.same_person_ids` tells who it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.history import audit_context
from customers.merging import confirm_duplicate, merge_customers
from customers.models import Customer, DuplicateCustomer, DuplicateStatus
from gateway.events import record_event
from memberships.changes.errors import MembershipBusy
from memberships.errors import DoubleMemberships
from memberships.locking import locked_memberships
from memberships.models import CardHolding, ChangeParty, Member, Membership, MembershipChange
from memberships.organizations_exits import unite_organizations
from memberships.registrations import open_registrations
from points.models import PointAccountSet


@dataclass(frozen=True, slots=True)
class Double:
    """A program both records take part in. `prime` goes on: the one that shares with others, else the survivor's. In
    one group both are the same."""

    prime: Membership
    secondary: Membership

    @property
    def in_one_group(self) -> bool:
        return self.prime.pk == self.secondary.pk

    @property
    def splits_first(self) -> bool:
        """Whether one record has to leave a group or a pool before the two memberships can be united."""
        return self.in_one_group or _shares(self.secondary)

    def as_fact(self) -> dict[str, Any]:
        """What to propose."""
        named = {"program": self.prime.program.code, "prime": self.prime.pk}
        if self.splits_first:
            return {**named, "kind": "split"}
        return {**named, "secondary": self.secondary.pk, "kind": "merge", "result_type": str(self.prime.type)}


def doubles(customer: Customer, *, duplicate: Customer) -> list[Double]:
    """The programs in which both have a current participation, by their name."""
    mine = {one.program_id: one for one in _current(customer)}
    found = [_double(mine[one.program_id], one) for one in _current(duplicate) if one.program_id in mine]
    return sorted(found, key=lambda double: double.prime.program.name)


def unite_people(customer: Customer, *, duplicate: Customer, actor: Actor, reason: str) -> DuplicateCustomer:
    """Found to be one person: merged at once where no program has both, else waiting for the memberships' merge."""
    with in_program(None), audit_context(actor, reason):
        pair = confirm_duplicate(customer, duplicate=duplicate, actor=actor, reason=reason)
        if not doubles(customer, duplicate=duplicate):
            merge_customers(customer, duplicate=duplicate, actor=actor, reason=reason)
            pair.refresh_from_db()
        return pair


def unite_if_due(change: MembershipChange, *, actor: Actor) -> Customer | None:
    """In the transaction that carried out the change: finish the merge of the two records it was for, unless another
    program still has both. Answers the record that stays."""
    affected = Q(membership__in=(change.prime_id, change.secondary_id, change.result_id))
    people = set(Member.objects.filter(affected).values_list("customer_id", flat=True))
    waiting = DuplicateCustomer.objects.filter(
        status=DuplicateStatus.CONFIRMED, customer__in=people, duplicate__in=people
    )
    for pair in waiting.select_related("customer", "duplicate").order_by("pk"):
        if not doubles(pair.customer, duplicate=pair.duplicate):
            return merge_customers(pair.customer, duplicate=pair.duplicate, actor=actor, reason=pair.reason)
    return None


def unite_memberships(customer: Customer, *, duplicate: Customer, actor: Actor, reason: str) -> int:
    """Hand over what only the duplicate takes part in, in the transaction that merges the records; how many.

    Ended memberships whose points rest go along too, so that they can come back. Raises DoubleMemberships where a
    program has both, MembershipBusy where a change of one is open.
    """
    found = doubles(customer, duplicate=duplicate)
    if found:
        raise _refusal(found, actor)
    taking_part = Member.objects.filter(customer=duplicate, ended_at__isnull=True)
    lasting = taking_part.filter(Q(current=True) | Q(membership__rests_until__isnull=False))
    ids = sorted(lasting.values_list("membership_id", flat=True))
    for membership in locked_memberships(ids, key_change=True):
        _refuse_open_change(membership)
        _hand_over(membership, duplicate, to=customer, actor=actor)
    unite_organizations(customer, duplicate=duplicate)
    PointAccountSet.objects.filter(owner=duplicate).update(owner=customer)
    for registration in lock_rows(open_registrations().filter(customer=duplicate)):
        registration.customer = customer
        registration.save()
    return len(ids)


def _current(customer: Customer) -> Sequence[Membership]:
    taking_part = Member.objects.filter(customer=customer, current=True, ended_at__isnull=True)
    return list(Membership.objects.select_related("program").filter(pk__in=taking_part.values("membership_id")))


def _double(survivors: Membership, duplicates: Membership) -> Double:
    if _shares(duplicates) and not _shares(survivors):
        return Double(duplicates, survivors)
    return Double(survivors, duplicates)


def _shares(membership: Membership) -> bool:
    """With others, in a pool or a group."""
    return membership.pool_id is not None or membership.main_member_id is not None


def _refusal(found: Sequence[Double], actor: Actor) -> DoubleMemberships:
    """Programs the actor has no part in are not named."""
    seen = [one for one in found if actor.programs is None or one.prime.program_id in actor.programs]
    names = [one.prime.program.name for one in seen]
    told = ", ".join(names + ["a program you have no part in"] * (len(seen) < len(found)))
    return DoubleMemberships(
        f"Both records take part in {told}. First propose a merge of the two memberships; where both share with "
        "others, let one leave its group or pool before. With the last of these changes the records are merged too.",
        facts={"programs": [one.as_fact() for one in seen], "elsewhere": len(found) - len(seen)},
    )


def _refuse_open_change(membership: Membership) -> None:
    party = ChangeParty.objects.filter(membership=membership, is_open=True).first()
    if party is not None:
        raise MembershipBusy(
            f"A change of {membership.number} is open: carry it out or withdraw it first, for its consents name the "
            "record that goes.",
            facts={"membership": membership.pk, "change": party.change_id},
        )


def _hand_over(membership: Membership, duplicate: Customer, *, to: Customer, actor: Actor) -> None:
    """The person takes part by the other record from now on; cards and the main place go along."""
    (old,) = lock_rows(Member.objects.filter(membership=membership, customer=duplicate, ended_at__isnull=True))
    held = CardHolding.objects.filter(membership=membership, customer=duplicate, held_until__isnull=True)
    holdings = lock_rows(held)
    at = max(program_now(membership.program), old.joined_at, *(one.held_from for one in holdings))
    new = Member.objects.create(
        membership=membership,
        program_id=membership.program_id,
        current=membership.current,
        customer=to,
        joined_at=at,
        suspended_at=old.suspended_at,
    )
    if membership.main_member_id == old.pk:
        membership.main_member = new
    membership.version += 1
    membership.save()
    old.ended_at = at
    old.save()
    for holding in holdings:
        holding.held_until = at
        holding.save()
        CardHolding.objects.create(
            card_id=holding.card_id,
            program_id=holding.program_id,
            membership=membership,
            customer=to,
            held_from=at,
        )
    record_event(
        "membership.member_united",
        program_id=membership.program_id,
        subject_id=membership.pk,
        facts={"customer": to.pk, "was": duplicate.pk, "version": membership.version},
    )
