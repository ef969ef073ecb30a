"""What of one point type goes with a member who leaves, as pure figures (domain 1.9).

Totals go by largest remainder, ties to the leaver; lots are cut in the order of spending so that after each of them
the leaver's part is less than a point away from the exact one. A hold stays whole with who placed it and counts
against the share.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from points.errors import HoldTooLarge, SharesNotCovered
from programs.models import SplitPolicy

HALF = Fraction(1, 2)


class SharedLot(NamedTuple):
    """`points` are what is left of it, held ones included."""

    id: int
    points: int
    contributor_id: int | None


@dataclass(frozen=True, slots=True)
class HeldPart:
    """Points of a lot in a hold that is in force."""

    hold_id: int
    lot_id: int
    points: int
    by_leaver: bool


class SharedDebt(NamedTuple):
    id: int
    person_id: int | None
    points: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """How `members` people part. One person may have several customer records: `leaver_ids` are those of who leaves,
    `member_ids` those of everybody; or, where they are too many, `gone_ids` of those who take part no more. `percent`
    is the leaver's ratio, `figure` the leaver's points by hand; refusals name the `point_type`."""

    policy: str
    members: int
    leaver_ids: frozenset[int]
    member_ids: frozenset[int]
    percent: Decimal = Decimal(0)
    figure: int = 0
    point_type: str = "points"
    gone_ids: frozenset[int] | None = None

    def is_nobodys(self, person_id: int | None) -> bool:
        """Of no person who takes part now: everybody's alike."""
        if self.gone_ids is None:
            return person_id not in self.member_ids
        return person_id is None or person_id in self.gone_ids

    @property
    def up_from(self) -> Fraction:
        """The remainder from which the leaver gets the odd point: n equal parts all have the same, so any is enough;
        between a ratio and what stays the larger one decides."""
        by_heads = self.policy in (SplitPolicy.EQUAL, SplitPolicy.BY_CONTRIBUTION)
        return Fraction(1, self.members) if by_heads else HALF


@dataclass(frozen=True, slots=True)
class Division:
    """Points by lot and by debt that go with the leaver, held ones included; `forsaken` are the leaver's lots of
    which something stays: they are nobody's contribution any more."""

    lots: Mapping[int, int]
    debts: Mapping[int, int]
    forsaken: tuple[int, ...]

    @property
    def points(self) -> int:
        return sum(self.lots.values())


def share_out(
    lots: Sequence[SharedLot], debts: Sequence[SharedDebt], held: Sequence[HeldPart], leaving: Leaving
) -> Division:
    """The lots in spending order, the debts oldest first. Raises SharesNotCovered, HoldTooLarge."""
    exact = _exact_points(lots, leaving)
    goes = _by_lot(part for part in held if part.by_leaver)
    stays = _by_lot(part for part in held if not part.by_leaver)
    free = {lot.id: lot.points - goes.get(lot.id, 0) - stays.get(lot.id, 0) for lot in lots}
    rest = exact - sum(goes.values())
    _refuse_large_holds(rest, sum(free.values()), held, leaving)
    parts = dict(goes)
    for preferred in _in_preference(lots, leaving):
        offered = [(lot.id, free[lot.id]) for lot in preferred]
        share = min(max(rest, Fraction(0)), Fraction(sum(points for _, points in offered)))
        for lot_id, points in cut(offered, share, up_from=leaving.up_from).items():
            parts[lot_id] = parts.get(lot_id, 0) + points
        rest -= share
    mine = (lot for lot in lots if lot.contributor_id in leaving.leaver_ids)
    forsaken = tuple(lot.id for lot in mine if lot.points > parts.get(lot.id, 0))
    return Division(parts, _debts(debts, lots, leaving), forsaken)


def cut(offered: Sequence[tuple[int, int]], share: Fraction, *, up_from: Fraction = HALF) -> dict[int, int]:
    """Of each (id, points) its part of the `share` points of all; what is nothing is left out.

    The running sum is rounded, up where its remainder is `up_from` or more: so no part is more than what is offered.
    """
    whole = sum(points for _, points in offered)
    if not whole or share <= 0:
        return {}
    rate = share / whole
    scale = rate.denominator * up_from.denominator
    step, start = rate.numerator * up_from.denominator, scale - rate.denominator * up_from.numerator
    parts: dict[int, int] = {}
    passed = taken = 0
    for key, points in offered:
        passed += points
        upto = (passed * step + start) // scale
        if upto > taken:
            parts[key] = upto - taken
        taken = upto
    return parts


def _exact_points(lots: Sequence[SharedLot], leaving: Leaving) -> Fraction:
    total = sum(lot.points for lot in lots)
    match SplitPolicy(leaving.policy):
        case SplitPolicy.BY_CONTRIBUTION:
            own = sum(lot.points for lot in lots if lot.contributor_id in leaving.leaver_ids)
            nobodys = sum(lot.points for lot in lots if leaving.is_nobodys(lot.contributor_id))
            return own + Fraction(nobodys, leaving.members)
        case SplitPolicy.MANUAL:
            if not 0 <= leaving.figure <= total:
                raise SharesNotCovered(
                    f"The leaver is to get {leaving.figure} {leaving.point_type}, {total} are there.",
                    facts={"point_type": leaving.point_type, "asked": leaving.figure, "there": total},
                )
            return Fraction(leaving.figure)
        case _:
            return total * _proportion(total, leaving)


def _proportion(total: int, leaving: Leaving) -> Fraction:
    """The leaver's part of everything. By hand without any points there is none, so heads count."""
    match SplitPolicy(leaving.policy):
        case SplitPolicy.LEAVE_BEHIND:
            return Fraction(0)
        case SplitPolicy.RATIO:
            return Fraction(leaving.percent) / 100
        case SplitPolicy.MANUAL if total:
            return Fraction(leaving.figure, total)
        case _:
            return Fraction(1, leaving.members)


def _in_preference(lots: Sequence[SharedLot], leaving: Leaving) -> list[list[SharedLot]]:
    """By contribution the own lots first, then nobody's; others' only where holds keep those."""
    if leaving.policy != SplitPolicy.BY_CONTRIBUTION:
        return [list(lots)]
    own = [lot for lot in lots if lot.contributor_id in leaving.leaver_ids]
    nobodys = [lot for lot in lots if leaving.is_nobodys(lot.contributor_id)]
    known = {lot.id for lot in [*own, *nobodys]}
    return [own, nobodys, [lot for lot in lots if lot.id not in known]]


def _debts(debts: Sequence[SharedDebt], lots: Sequence[SharedLot], leaving: Leaving) -> dict[int, int]:
    """By contribution a debt goes with its person, nobody's by heads; else all in the proportion of the points."""
    if leaving.policy == SplitPolicy.BY_CONTRIBUTION:
        own = {debt.id: debt.points for debt in debts if debt.person_id in leaving.leaver_ids}
        divided = [(debt.id, debt.points) for debt in debts if leaving.is_nobodys(debt.person_id)]
        proportion = Fraction(1, leaving.members)
    else:
        own = {}
        divided = [(debt.id, debt.points) for debt in debts]
        proportion = _proportion(sum(lot.points for lot in lots), leaving)
    owed = sum(points for _, points in divided)
    return own | cut(divided, owed * proportion, up_from=leaving.up_from)


def _by_lot(held: Iterable[HeldPart]) -> dict[int, int]:
    found: dict[int, int] = {}
    for part in held:
        found[part.lot_id] = found.get(part.lot_id, 0) + part.points
    return found


def _refuse_large_holds(rest: Fraction, free: int, held: Sequence[HeldPart], leaving: Leaving) -> None:
    """`rest` is the share but for what the leaver holds: it must be found among the free points."""
    points = (rest + 1 - leaving.up_from).__floor__()
    if 0 <= points <= free:
        return
    by_leaver = points < 0
    sizes: dict[int, int] = {}
    for part in held:
        if part.by_leaver == by_leaver:
            sizes[part.hold_id] = sizes.get(part.hold_id, 0) + part.points
    hold_id = max(sizes, key=lambda one: (sizes[one], -one))
    keeps = sum(sizes.values())
    share = keeps + (points if by_leaver else free - points)
    raise HoldTooLarge(
        f"{keeps} points are held, more than the {share} that {'go with the leaver' if by_leaver else 'stay'}. "
        f"Capture or release hold {hold_id} ({sizes[hold_id]} points), or wait until it is over.",
        facts={"hold": hold_id, "held": keeps, "share": share, "by_leaver": by_leaver},
    )
