"""The moves of an undo: from what lots and debts are where to what each side is to have (domain 1.9).

A lot goes back to the lot it was carried from, where that has the same dates; else its points come as a child lot.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from django.db import connection

from points.carrying import child_lots
from points.models import Debt
from points.moves import CarryDebt, Credit, Debit, GiveBack, Move, NewLot, Settle, Take

CONCERNED = """
SELECT l.id, l.account_id, l.remaining, l.contributor_id, p.id, p.account_id,
    COALESCE((p.expires_at, p.available_at) IS NOT DISTINCT FROM (l.expires_at, l.available_at), false)
FROM points_lot l LEFT JOIN points_lot p ON p.id = l.parent_id
WHERE (l.account_id = ANY(%(lands)s) AND l.is_open) OR l.id = ANY(%(wanted)s)
ORDER BY l.account_id, l.expires_at, l.earned_at, l.id
"""


class LandLot(NamedTuple):
    """A lot where points are now; `as_before` where the lot it was carried from has the same dates."""

    id: int
    account_id: int
    left: int
    contributor_id: int | None
    parent_id: int | None
    parent_account_id: int | None
    as_before: bool


# Points owed on an account by a person.
Owing = Counter[tuple[int, int | None]]


@dataclass(slots=True)
class Goods:
    """What moves between the accounts of one point type, collected per account."""

    taken: dict[int, list[Take]] = field(default_factory=lambda: defaultdict(list))
    given: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    carried: dict[int, list[tuple[Take, int | None]]] = field(default_factory=lambda: defaultdict(list))

    def moves(self) -> list[Move]:
        """Debits first."""
        found: list[Move] = []
        for account_id, takes in sorted(self.taken.items()):
            found.append(Debit(account_id, sum(take.points for take in takes), takes=takes))
        for account_id, given in sorted(self.given.items()):
            back = [Take(lot_id, points) for lot_id, points in given.items()]
            found.append(GiveBack(account_id, back, repays=False))
        for account_id, carried in sorted(self.carried.items()):
            found.append(Credit(account_id, _children(carried), repays=False))
        return found


def land_lots(lands: Iterable[int], *, wanted: Iterable[int] = ()) -> list[LandLot]:
    """The open lots of the accounts and the lots named, in spending order."""
    with connection.cursor() as cursor:
        cursor.execute(CONCERNED, {"lands": list(lands), "wanted": list(wanted)})
        return [LandLot(*row) for row in cursor.fetchall()]


def lot_moves(
    lots: Iterable[LandLot], targets: Mapping[int, tuple[int, int]], people: Mapping[int, frozenset[int]]
) -> tuple[list[Move], dict[int, int]]:
    """The moves that leave each lot's points where `targets` wants them (lot: account, points), and for lots that
    stay or go back to a lot there is, which one that is. `people` are those of the accounts."""
    goods, back = Goods(), {}
    for lot in lots:
        home, points = targets.get(lot.id, (None, 0))
        if home == lot.account_id:
            back[lot.id] = lot.id
            _level(goods, lot, points)
            continue
        if lot.left:
            goods.taken[lot.account_id].append(Take(lot.id, lot.left))
        if home is None or not points:
            continue
        if lot.parent_id is not None and lot.parent_account_id == home and lot.as_before:
            goods.given[home][lot.parent_id] += points
            back[lot.id] = lot.parent_id
        else:
            goods.carried[home].append((Take(lot.id, points), _contributor(lot, people[home])))
    return goods.moves(), back


def debt_moves(debts: Sequence[Debt], wanted: Owing) -> list[Move]:
    """From the open debts there are to those wanted per account and person; what fits stays or is carried."""
    missing, left = Counter(wanted), {debt.pk: debt.remaining for debt in debts}
    for debt in debts:
        stays = min(left[debt.pk], missing[debt.account_id, debt.person_id])
        left[debt.pk] -= stays
        missing[debt.account_id, debt.person_id] -= stays
    moves: list[Move] = []
    for same_person in (True, False):
        for debt in debts:
            for (home, person_id), points in list(missing.items()):
                part = min(left[debt.pk], points)
                if part and home != debt.account_id and (person_id == debt.person_id or not same_person):
                    moves.append(CarryDebt(debt.account_id, home, part, debt.pk, person_id))
                    left[debt.pk] -= part
                    missing[home, person_id] -= part
    moves += [Settle(debt.account_id, left[debt.pk], debt.pk) for debt in debts if left[debt.pk]]
    moves += [
        Debit(home, points, takes=(), debt=points, debtor_id=person_id)
        for (home, person_id), points in missing.items()
        if points
    ]
    return moves


def _level(goods: Goods, lot: LandLot, points: int) -> None:
    if points < lot.left:
        goods.taken[lot.account_id].append(Take(lot.id, lot.left - points))
    elif points > lot.left:
        goods.given[lot.account_id][lot.id] += points - lot.left


def _contributor(lot: LandLot, people: frozenset[int]) -> int | None:
    """An account of one person holds nothing that came through nobody."""
    return next(iter(people)) if lot.contributor_id is None and len(people) == 1 else lot.contributor_id


def _children(carried: Sequence[tuple[Take, int | None]]) -> list[NewLot]:
    lots = child_lots([take for take, _ in carried], contributor_id=None)
    pairs = zip(lots, carried, strict=True)
    return [replace(lot, contributor_id=contributor_id) for lot, (_, contributor_id) in pairs]
