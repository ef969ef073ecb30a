"""The memberships and people a change affects, read once for all that asks about them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from common.errors import NotFound
from customers.models import CustomerStatus, DuplicateCustomer, DuplicateStatus
from memberships.changes.plan import Person
from memberships.changes.record import made_ids
from memberships.models import ChangeKind, ChangeParty, Member, Membership, MembershipChange
from memberships.organization_pools import pool_umbrellas
from memberships.organizations import leading_signatory
from memberships.types import type_of
from points.models import PointAccountSet
from programs.design import Design, design_of
from programs.models import Program


@dataclass(frozen=True, slots=True)
class Sides:
    """`affected` are prime, secondary and whoever shares their pools, by id; `people` the open members of all.

    The pool of an organization may have thousands of members, who are strangers to each other: there only those named
    are affected, and for all others the organization speaks. `umbrellas` are the organization memberships concerned,
    `signatories` who signs for each of them. `one_person` pairs customers whom staff confirmed to be one person.
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
    umbrellas: tuple[Membership, ...] = ()
    signatories: dict[int, int] = field(default_factory=dict)

    @property
    def program(self) -> Program:
        return self.design.program

    @property
    def both(self) -> tuple[Membership, ...]:
        return (self.prime,) if self.secondary is None else (self.prime, self.secondary)

    @property
    def umbrella(self) -> Membership | None:
        """The organization that is joined, or whose pool prime uses."""
        joined = (one for one in self.umbrellas if self.secondary is not None and one.pk == self.secondary.pk)
        used = (one for one in self.umbrellas if self.prime.pool_id is not None and one.pool_id == self.prime.pool_id)
        return next((one for found in (joined, used, self.umbrellas) for one in found), None)

    def members_of(self, membership: Membership | None) -> list[Person]:
        return [] if membership is None else [one for one in self.people if one.membership_id == membership.pk]

    def customers(self) -> tuple[int, ...]:
        return tuple(sorted({person.customer_id for person in self.people}))

    def everyone(self) -> tuple[int, ...]:
        """Whose consent it takes where all affected are asked: the people, and who signs for an organization."""
        return tuple(sorted({*self.customers(), *self.signatories.values()}))

    def sharing(self, membership: Membership) -> list[Membership]:
        """All that use the membership's pool, itself included; itself alone where it has none."""
        if membership.pool_id is None:
            return [membership]
        return [one for one in self.affected if one.pool_id == membership.pool_id]

    def is_organizations(self, membership: Membership) -> bool:
        """Whether it uses the pool of an organization."""
        return membership.pool_id is not None and any(one.pool_id == membership.pool_id for one in self.umbrellas)

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
    umbrellas = _umbrellas(change, named)
    affected = {one.pk: one for one in (*_sharing(named, umbrellas), *_individual(named.values()))}
    people = _people(affected.values())
    pools = {one.pool_id for one in (*affected.values(), *umbrellas) if one.pool_id is not None}
    owners = PointAccountSet.objects.filter(pk__in=pools).values_list("pk", "owner_id") if pools else ()
    signatories = {one.pk: leading_signatory(one.pk) for one in umbrellas}
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
        umbrellas=umbrellas,
        signatories={pk: customer for pk, customer in signatories.items() if customer is not None},
    )


def affected_ids(change: MembershipChange) -> list[int]:
    """The ids of the memberships that are to be locked before the change is planned, ascending."""
    named = _named(change)
    sharing = _sharing(named, _umbrellas(change, named))
    return sorted({*(one.pk for one in _individual(named.values())), *(one.pk for one in sharing)})


def umbrella_ids(change: MembershipChange) -> list[int]:
    """The ids of the organization memberships concerned: nobody suspends or ends them while the change is made."""
    return sorted(one.pk for one in _umbrellas(change, _named(change)))


def _individual(memberships: Iterable[Membership]) -> list[Membership]:
    return [one for one in memberships if not type_of(one.type).is_umbrella]


def _umbrellas(change: MembershipChange, named: Mapping[int, Membership]) -> tuple[Membership, ...]:
    """Those named, those whose pool is used, and the one of the change that is undone."""
    found = {one.pk: one for one in named.values() if type_of(one.type).is_umbrella}
    found |= {one.pk: one for one in pool_umbrellas(named.values()).values()}
    undone = change.undoes if change.kind == ChangeKind.UNDO else None
    cited = (undone.terms.get("organization") or {}).get("membership") if undone is not None else None
    if cited is not None and cited not in found:
        found |= {one.pk: one for one in Membership.objects.filter(pk=cited)}
    return tuple(found[pk] for pk in sorted(found))


def _sharing(named: Mapping[int, Membership], umbrellas: Iterable[Membership]) -> Iterable[Membership]:
    """All that use the pools of those named, but for pools of organizations."""
    pools = {one.pool_id for one in _individual(named.values()) if one.pool_id is not None}
    pools -= {one.pool_id for one in umbrellas}
    return Membership.objects.filter(pool_id__in=pools, current=True) if pools else ()


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
