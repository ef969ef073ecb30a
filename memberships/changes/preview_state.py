"""How people stand in a program: membership, points, tiers, numbers and cards, as a preview shows them (domain 1.9).

Plain values. Read before and after the change that is tried out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from memberships.changes.carriers import lines_of
from memberships.models import (
    AttributeValue,
    CardHolding,
    Member,
    Membership,
    MembershipBenefit,
    MembershipLabel,
    MembershipType,
    TierStanding,
)
from memberships.types import type_of
from points.profiles import Profile, profiles_of
from programs.attributes import written
from programs.design import Design


@dataclass(frozen=True, slots=True)
class MembershipLine:
    """`id` and `number` are empty where the change would open it: both are drawn when it is carried out."""

    id: int | None
    number: str
    type: str
    status: str
    main: bool
    new: bool
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class PointsLine:
    """Points of one type as the person could use them; where `pooled` or in a group they are everybody's in it.

    balance + debt is the sum over `expiry`, which has the keys of points.profiles.BUCKETS. `brought` and `owed` are the
    person's own part of points and debt.
    """

    point_type: str
    kind: str
    pooled: bool
    balance: int
    debt: int
    held: int
    pending: int
    expiry: Mapping[str, int]
    brought: int
    owed: int


@dataclass(frozen=True, slots=True)
class TierLine:
    group: str
    tier: str
    name: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class CardLine:
    number: str
    kind: str
    status: str


@dataclass(frozen=True, slots=True)
class BenefitLine:
    """An advantage besides those of the tiers; `by` says whence it comes."""

    benefit: str
    name: str
    by: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class AttributeLine:
    """A value that is the membership's own, as it is written."""

    attribute: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class AlsoLine:
    """What an app above keeps about the membership, as a campaign it is in."""

    kind: str
    title: str
    name: str


@dataclass(frozen=True, slots=True)
class Standing:
    """`numbers` are the member numbers, retired ones too, that lead to the person here."""

    membership: MembershipLine
    points: tuple[PointsLine, ...]
    tiers: tuple[TierLine, ...]
    numbers: tuple[str, ...]
    cards: tuple[CardLine, ...]
    benefits: tuple[BenefitLine, ...] = ()
    attributes: tuple[AttributeLine, ...] = ()
    labels: tuple[str, ...] = ()
    also: tuple[AlsoLine, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """`standings` per customer; an anonymous membership stands under None. `sums` are per point type over all sets."""

    standings: Mapping[int | None, Standing]
    sums: Mapping[int, int]
    current: Mapping[int, Membership]


def state_of(
    customers: Collection[int],
    memberships: Iterable[Membership],
    *,
    design: Design,
    at: datetime,
    known: Collection[int],
) -> State:
    """Of the customers, and of all points in sets of the memberships. `known` are the ids that exist already."""
    members = _members(customers, design)
    shown = {member.membership_id: member.membership for member in members}
    nobodys = [one for one in memberships if one.current and one.type == MembershipType.ANONYMOUS]
    every = {one.pk: one for one in (*memberships, *shown.values(), *nobodys)}
    profiles = profiles_of(_sets(every.values()), design=design, at=at)
    reader = _Reader(design, profiles, every, known, customers, at)
    standings: dict[int | None, Standing] = {
        member.customer_id: reader.standing(member.membership, member) for member in members
    }
    for anonymous in nobodys:
        standings[None] = reader.standing(anonymous, None)
    sums: dict[int, int] = defaultdict(int)
    for profile in profiles:
        sums[profile.point_type_id] += profile.balance
    return State(standings, dict(sums), {pk: one for pk, one in every.items() if one.current})


def _members(customers: Collection[int], design: Design) -> list[Member]:
    return list(
        Member.objects.filter(
            program_id=design.program.pk, customer__in=list(customers), current=True, ended_at__isnull=True
        )
        .select_related("membership")
        .order_by("customer_id")
    )


def _sets(memberships: Iterable[Membership]) -> set[int]:
    both = [(one.own_set_id, one.pool_id) for one in memberships]
    return {one for pair in both for one in pair if one is not None}


class _Reader:
    """Rows of all memberships at once, told apart per membership and person."""

    def __init__(
        self,
        design: Design,
        profiles: Iterable[Profile],
        memberships: Mapping[int, Membership],
        known: Collection[int],
        customers: Collection[int],
        at: datetime,
    ) -> None:
        self.design = design
        self.known = known
        self.profiles = {(one.set_id, one.point_type_id): one for one in profiles}
        self.tiers: dict[int, list[TierLine]] = defaultdict(list)
        standings = TierStanding.objects.filter(membership__in=memberships, ended_at__isnull=True)
        for one in standings.select_related("group", "tier").order_by("group_id"):
            line = TierLine(one.group.code, one.tier.code, one.tier.name, one.since, one.until)
            self.tiers[one.membership_id].append(line)
        self.cards: dict[tuple[int, int | None], list[CardLine]] = defaultdict(list)
        held = CardHolding.objects.filter(membership__in=memberships, held_until__isnull=True)
        for holding in held.select_related("card").order_by("card_id"):
            line_of_card = CardLine(holding.card.number_id, holding.card.kind, holding.card.status)
            self.cards[holding.membership_id, holding.customer_id].append(line_of_card)
        self.benefits: dict[int, list[tuple[int | None, BenefitLine]]] = defaultdict(list)
        lasting = Q(ended_at__isnull=True) & (Q(until__isnull=True) | Q(until__gt=at))
        given = MembershipBenefit.objects.filter(lasting, membership__in=memberships)
        for benefit in given.select_related("benefit", "member").order_by("benefit__code", "pk"):
            whose = benefit.member.customer_id if benefit.member is not None else None
            told = BenefitLine(benefit.benefit.code, benefit.benefit.name, benefit.source, benefit.until)
            self.benefits[benefit.membership_id].append((whose, told))
        self.attributes: dict[int, list[AttributeLine]] = defaultdict(list)
        values = AttributeValue.objects.filter(membership__in=memberships).select_related("definition")
        for value in values.order_by("definition__code"):
            told_value = AttributeLine(value.definition.code, value.definition.name, written(value.value))
            self.attributes[value.membership_id].append(told_value)
        self.labels: dict[int, list[str]] = defaultdict(list)
        labels = MembershipLabel.objects.filter(membership__in=memberships, ended_at__isnull=True)
        for membership_id, name in labels.order_by("label__code").values_list("membership_id", "label__name"):
            self.labels[membership_id].append(name)
        self.also = lines_of(memberships)
        # A group's number leads to the group as a whole.
        ended = Member.objects.filter(program_id=design.program.pk, customer__in=list(customers), current=False)
        retired = ended.exclude(membership__type=MembershipType.GROUP).order_by("pk")
        self.numbers: dict[int, list[str]] = defaultdict(list)
        for customer_id, number in retired.values_list("customer_id", "membership__number"):
            self.numbers[customer_id].append(number)

    def standing(self, membership: Membership, member: Member | None) -> Standing:
        person_id = member.customer_id if member else None
        new = membership.pk not in self.known
        line = MembershipLine(
            id=None if new else membership.pk,
            number="" if new else membership.number,
            type=str(membership.type),
            status=str(membership.status),
            main=member is not None and membership.main_member_id == member.pk,
            new=new,
            expires_on=membership.expires_on,
        )
        retired = [] if person_id is None else self.numbers[person_id]
        return Standing(
            line,
            tuple(self._points(membership, person_id)),
            tuple(self.tiers[membership.pk]),
            tuple(dict.fromkeys([*([line.number] if line.number else []), *retired])),
            tuple(self.cards[membership.pk, person_id]),
            tuple(line for whose, line in self.benefits[membership.pk] if whose in (None, person_id)),
            tuple(self.attributes[membership.pk]),
            tuple(self.labels[membership.pk]),
            tuple(AlsoLine(*line) for line in self.also[membership.pk]),
        )

    def _points(self, membership: Membership, person_id: int | None) -> Iterable[PointsLine]:
        kind = type_of(membership.type)
        for point_type in sorted(self.design.point_types.values(), key=lambda one: (not one.is_default, one.pk)):
            profile = self.profiles.get((kind.account_set_for(membership, point_type), point_type.pk))
            if profile is not None:
                yield PointsLine(
                    point_type=point_type.code,
                    kind=str(point_type.kind),
                    pooled=profile.pooled,
                    balance=profile.balance,
                    debt=profile.debt,
                    held=profile.held,
                    pending=profile.pending,
                    expiry=profile.expiry,
                    brought=profile.brought.get(person_id, 0),
                    owed=profile.owed.get(person_id, 0),
                )
