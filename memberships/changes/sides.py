"""The memberships and people a change affects, read once for all that asks about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from common.errors import NotFound
from customers.models import CustomerStatus, DuplicateCustomer, DuplicateStatus
from memberships.changes.plan import Person
from memberships.changes.record import made_ids
from memberships.models import ChangeKind, ChangeParty, Member, Membership, MembershipChange
from memberships.types import type_of
from points.models import PointAccountSet
from programs.design import Design, design_of
from programs.models import Program


@dataclass(frozen=True, slots=True)
class Sides:
    """`affected` are prime, secondary and whoever shares their pools, by id; `people` the open members of all.

    `one_person` pairs customers among them whom staff confirmed to be one person.
    """

    change: MembershipChange
    design: Design
    at: datetime
    prime: Membership
    secondary: Membership | None
    affected: tuple[Membership, ...]
    people: tuple[Person, ...]
    owners: dict[int, int | None] = field(default_factory=dict)
    one_person: frozenset[frozenset[int]] = frozenset()

    @property
    def program(self) -> Program:
        return self.design.program

    @property
    def both(self) -> tuple[Membership, ...]:
        return (self.prime,) if self.secondary is None else (self.prime, self.secondary)

    def members_of(self, membership: Membership | None) -> list[Person]:
        return [] if membership is None else [one for one in self.people if one.membership_id == membership.pk]

    def customers(self) -> tuple[int, ...]:
        return tuple(sorted({person.customer_id for person in self.people}))

    def sharing(self, membership: Membership) -> list[Membership]:
        """All that use the membership's pool, itself included; itself alone where it has none."""
        if membership.pool_id is None:
            return [membership]
        return [one for one in self.affected if one.pool_id == membership.pool_id]

    def is_organizations(self, membership: Membership) -> bool:
        """Whether it uses the pool of an organization."""
        if membership.pool_id is None:
            return False
        return any(one.organization_membership_id or type_of(one.type).is_umbrella for one in self.sharing(membership))

    def owner_of(self, membership: Membership | None) -> int | None:
        """The customer who owns the pool the membership uses."""
        return None if membership is None or membership.pool_id is None else self.owners.get(membership.pool_id)

    def main_of(self, membership: Membership | None) -> int | None:
        """The customer who is the group's main member."""
        if membership is None or membership.main_member_id is None:
            return None
        return next((one.customer_id for one in self.people if one.member_id == membership.main_member_id), None)

    def same_person(self) -> int | None:
        """The member of prime who is a member of secondary under another record; None where they are different."""
        others = {person.customer_id for person in self.members_of(self.secondary)}
        for person in self.members_of(self.prime):
            if any(frozenset({person.customer_id, other}) in self.one_person for other in others):
                return person.customer_id
        return None


def sides_of(change: MembershipChange, *, at: datetime) -> Sides:
    """Raises NotFound where prime or secondary does not exist. The change need not be saved."""
    named = _named(change)
    prime = named[change.prime_id]
    secondary = None if change.secondary_id is None else named[change.secondary_id]
    pools = sorted({one.pool_id for one in named.values() if one.pool_id is not None})
    sharing = Membership.objects.filter(pool_id__in=pools, current=True) if pools else []
    affected = {one.pk: one for one in (*sharing, *named.values())}
    people = _people(affected.values())
    owners = PointAccountSet.objects.filter(pk__in=pools).values_list("pk", "owner_id") if pools else ()
    return Sides(
        change=change,
        design=design_of(prime.program_id),
        at=at,
        prime=prime,
        secondary=secondary,
        affected=tuple(affected[pk] for pk in sorted(affected)),
        people=people,
        owners=dict(owners),
        one_person=frozenset() if secondary is None else _confirmed([one.customer_id for one in people]),
    )


def affected_ids(change: MembershipChange) -> list[int]:
    """The ids of the memberships that are to be locked before the change is planned, ascending."""
    named = _named(change)
    pools = {one.pool_id for one in named.values() if one.pool_id is not None}
    sharing = Membership.objects.filter(pool_id__in=pools, current=True) if pools else Membership.objects.none()
    return sorted({*named, *sharing.values_list("pk", flat=True)})


def _named(change: MembershipChange) -> dict[int, Membership]:
    """The memberships the change names, directly or by the change it undoes."""
    named: set[int | None] = {change.prime_id, change.secondary_id}
    undone = change.undoes if change.kind == ChangeKind.UNDO else None
    if undone is not None:
        named |= {undone.prime_id, undone.secondary_id, undone.result_id}
        named.update(ChangeParty.objects.filter(change=undone).values_list("membership_id", flat=True))
        named.update(made_ids(undone.outcome, "memberships.Membership"))
    wanted = {one for one in named if one is not None}
    found: dict[int, Membership] = {one.pk: one for one in Membership.objects.filter(pk__in=wanted)}
    if len(found) != len(wanted):
        raise NotFound("No such membership.")
    return found


def _people(memberships: Iterable[Membership]) -> tuple[Person, ...]:
    """Who takes part in them now; nobody in those that have ended."""
    open_members = Member.objects.filter(
        membership__in=[one.pk for one in memberships], ended_at__isnull=True, current=True
    ).order_by("membership_id", "pk")
    values = open_members.values_list("customer_id", "membership_id", "pk", "suspended_at", "customer__status")
    return tuple(
        Person(customer, membership, member, suspended is not None, status == CustomerStatus.DECEASED)
        for customer, membership, member, suspended, status in values
    )


def _confirmed(customers: Sequence[int]) -> frozenset[frozenset[int]]:
    links = DuplicateCustomer.objects.filter(
        Q(customer__in=customers) & Q(duplicate__in=customers), status=DuplicateStatus.CONFIRMED
    )
    return frozenset(frozenset(pair) for pair in links.values_list("customer_id", "duplicate_id"))
