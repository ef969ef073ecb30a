"""The ladders of a program: what feeds them, which rung a figure reaches, and what a review makes of it (domain 1.7).

Pure: a ladder is a value kept with the design's version.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from memberships.capabilities import status_allows
from memberships.models import MembershipStatus
from memberships.types import TYPES
from programs.design import Design
from programs.models import AttributeDefinition, Downgrade, FedBy, PointType, Tier, TierGroup, TierPeriod
from programs.tiers import Period, period_of

# Ended once, at times all memberships share or each has its own; the others move on or never end.
ENDING = frozenset({TierPeriod.CALENDAR_YEAR, TierPeriod.ANNIVERSARY})


class Band(NamedTuple):
    """Figures from `low` on, before `below`; None is open on that side."""

    low: Decimal | None
    below: Decimal | None


@dataclass(frozen=True, slots=True)
class Ladder:
    """`tiers` from the lowest rung up; never empty."""

    group: TierGroup
    tiers: tuple[Tier, ...]
    point_type: PointType | None
    attribute: AttributeDefinition | None
    # Whether points that expire with the tier period do so with this ladder's: then none of the present one has.
    dates_points: bool = False

    @property
    def lowest(self) -> Tier:
        return self.tiers[0]

    @property
    def highest(self) -> Tier:
        return self.tiers[-1]

    @property
    def is_fed(self) -> bool:
        """Whether a figure decides; else rules alone."""
        return self.point_type is not None or self.attribute is not None

    @property
    def ends(self) -> bool:
        """Whether its periods end at a time of their own, so that a review judges each once."""
        return self.is_fed and self.group.period in ENDING

    def tier(self, tier_id: int | None) -> Tier | None:
        return next((tier for tier in self.tiers if tier.pk == tier_id), None)

    def reached(self, figure: Decimal | int) -> Tier:
        """The highest rung whose threshold the figure reaches, at least the lowest; rules alone reach none."""
        if not self.is_fed:
            return self.lowest
        return next((tier for tier in reversed(self.tiers) if tier.threshold <= figure), self.lowest)

    def band(self, tier: Tier) -> Band | None:
        """The figures that reach this rung and none above it, so that who stands on it keeps it; None: no figure."""
        lowest = tier == self.lowest
        if not self.is_fed:
            return Band(None, None) if lowest else None
        below = min((Decimal(one.threshold) for one in self.tiers if one.rank > tier.rank), default=None)
        return Band(None if lowest else Decimal(tier.threshold), below)

    def above(self, tier: Tier | None) -> Tier | None:
        """The next rung up; None on the highest."""
        rank = -1 if tier is None else tier.rank
        return next((one for one in self.tiers if one.rank > rank), None)

    def below(self, tier: Tier) -> Tier:
        """The next rung down, or the lowest itself."""
        return next((one for one in reversed(self.tiers) if one.rank < tier.rank), self.lowest)

    def judged(self, stood: Tier | None, figure: Decimal | int, *, floor: Tier | None = None) -> Tier:
        """The rung after a review: kept or raised where the figure reaches it, else lowered, never below `floor`."""
        reached = self.reached(figure)
        if stood is None or reached.rank >= stood.rank:
            return reached
        lowered = self.below(stood) if self.group.downgrade == Downgrade.ONE_RUNG else reached
        if floor is not None and floor.rank > lowered.rank:
            return floor if floor.rank < stood.rank else stood
        return lowered

    def period(self, *, at: datetime, enrolled_at: datetime, zone: ZoneInfo) -> Period:
        """The period whose points decide at that time."""
        return period_of(self.group, at=at, enrolled_at=enrolled_at, zone=zone)


class Feeding(NamedTuple):
    """What raises somebody: ids of point types, codes of attributes."""

    point_types: frozenset[int]
    attributes: frozenset[str]


def ladders_of(design: Design) -> tuple[Ladder, ...]:
    """Those of the program that have rungs; kept with the design's version."""
    found = design.derived.get("ladders")
    if not isinstance(found, tuple):
        groups = TierGroup.objects.filter(program_id=design.program.pk).select_related("attribute")
        groups = groups.prefetch_related("tiers").order_by("pk")
        found = design.derived["ladders"] = tuple(_ladders(groups, design))
    return found


def ladder_of(design: Design, code: str) -> Ladder | None:
    return next((one for one in ladders_of(design) if one.group.code == code), None)


def feeding(design: Design) -> Feeding:
    """What an activity must touch for somebody to climb."""
    ladders = ladders_of(design)
    return Feeding(
        frozenset(one.point_type.pk for one in ladders if one.point_type is not None),
        frozenset(one.attribute.code for one in ladders if one.attribute is not None),
    )


def reviewed_states(design: Design) -> frozenset[tuple[str, str]]:
    """Status and type of the memberships whose tier follows their figures, by the matrix; whether the program is open
    for reviews is asked apart: what is posted in a locked one counts, too."""
    return frozenset(
        (str(status), str(kind.code))
        for status in MembershipStatus.values
        if status_allows(status, "tier_review", design)
        for kind in TYPES.values()
        if kind.permits("tier_review", design.program)
    )


def _ladders(groups: Iterable[TierGroup], design: Design) -> Iterator[Ladder]:
    dating: set[int] = set()
    for group in groups:
        tiers = tuple(sorted(group.tiers.all(), key=lambda tier: tier.rank))
        for tier in tiers:
            # The rungs know their ladder without asking again.
            tier.group = group
        type_id = group.point_type_id if group.fed_by == FedBy.POINTS else None
        if tiers:
            point_type = None if type_id is None else design.point_types[type_id]
            attribute = group.attribute if group.fed_by == FedBy.ATTRIBUTE else None
            yield Ladder(group, tiers, point_type, attribute, type_id is not None and type_id not in dating)
        dating |= {type_id} if type_id is not None else set()
