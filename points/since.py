"""What happened on an account since a change united others in it, read for the books of an undo (points.apart)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from points.apart import Books, Came, Event, Owed, RanOut, Returned, Spent, Stock
from points.models import PostingKind

# Entries a little older than the change do no harm: until then every side stood by itself.
MARGIN = timedelta(minutes=5)

# The last entry before: the change's own, or, where it brought nothing, the last one recorded before it.
CUT = """
SELECT COALESCE(
    (SELECT max(e.number) FROM points_entry e WHERE e.account_id = %(land)s AND e.posting_id = %(posting)s),
    (SELECT e.number FROM points_entry e JOIN points_posting p ON p.id = e.posting_id
     WHERE e.account_id = %(land)s AND p.recorded_at < %(since)s ORDER BY e.number DESC LIMIT 1), 0)
"""
ENTRIES = """
SELECT e.id, e.amount, p.id, p.kind, p.person_id, p.occurred_at, p.reverses_id
FROM points_entry e JOIN points_posting p ON p.id = e.posting_id
WHERE e.account_id = %(land)s AND e.number > %(cut)s ORDER BY e.number
"""
DRAWS = """
SELECT d.entry_id, d.posting_id <> e.posting_id, d.lot_id, d.amount
FROM points_draw d JOIN points_entry e ON e.id = d.entry_id
WHERE d.posting_id = ANY(%(postings)s) AND e.account_id = %(land)s ORDER BY d.id
"""
NEW_LOTS = """
SELECT l.entry_id, l.id, l.amount, l.earned_at, l.expires_at, l.available_at, l.contributor_id, p.account_id
FROM points_lot l LEFT JOIN points_lot p ON p.id = l.parent_id WHERE l.entry_id = ANY(%(entries)s) ORDER BY l.id
"""
BROUGHT_LOTS = """
SELECT p.account_id, l.id, l.amount, l.earned_at, l.expires_at, l.available_at
FROM points_entry e JOIN points_lot l ON l.entry_id = e.id JOIN points_lot p ON p.id = l.parent_id
WHERE e.posting_id = %(posting)s AND e.account_id = %(land)s
"""
OWN_LOTS = """
SELECT l.account_id, l.id, l.remaining, l.earned_at, l.expires_at, l.available_at
FROM points_lot l JOIN points_entry m ON m.id = l.entry_id
WHERE l.account_id = %(land)s AND (l.is_open OR l.id = ANY(%(drawn)s)) AND m.number <= %(cut)s
    AND m.posting_id IS DISTINCT FROM %(posting)s
"""
BROUGHT_DEBTS = """
SELECT e.account_id, o.person_id, sum(d.amount)::bigint FROM points_draw d JOIN points_entry e ON e.id = d.entry_id
JOIN points_debt o ON o.entry_id = e.id
WHERE d.posting_id = %(posting)s AND e.posting_id <> %(posting)s AND e.account_id = ANY(%(homes)s)
GROUP BY 1, 2 ORDER BY min(o.id)
"""
OWN_DEBTS = """
SELECT o.entry_id, o.person_id, o.remaining FROM points_debt o JOIN points_entry e ON e.id = o.entry_id
WHERE o.account_id = %(land)s AND (o.remaining > 0 OR o.entry_id = ANY(%(repaid)s)) AND e.number <= %(cut)s
    AND e.posting_id IS DISTINCT FROM %(posting)s ORDER BY o.id
"""


@dataclass(frozen=True, slots=True)
class Sides:
    """The accounts that points go back to, whose they were, and which of them takes what is nobody's."""

    people: Mapping[int, frozenset[int]]
    prime: int

    def of(self, person_id: int | None) -> int:
        return next((home for home, people in self.people.items() if person_id in people), self.prime)


@dataclass(slots=True)
class Since:
    """The rows of one account that several sides were united in, and the events they tell."""

    land: int
    sides: Sides
    posting_id: int | None
    since: datetime
    entries: list[Any] = field(default_factory=list)
    draws: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    drawn: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    repaid: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    side_of: dict[int, int] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)

    def books(self, *, exempt_until: datetime | None, owes: bool) -> Books:
        """The books replayed to the present; read under the accounts' locks."""
        self._read()
        books = Books(exempt_until, owes)
        for stock in self._start():
            books.bring(stock)
        books.debts.extend(self._start_debts())
        books.replay(self._events())
        return books

    def _read(self) -> None:
        self.asked = {"land": self.land, "posting": self.posting_id, "since": self.since - MARGIN}
        self.asked["homes"] = [home for home in self.sides.people if home != self.land]
        ((self.asked["cut"],),) = _rows(CUT, self.asked)
        self.entries = _rows(ENTRIES, self.asked)
        self.asked["postings"] = sorted({entry[2] for entry in self.entries})
        for entry_id, late, lot_id, amount in _rows(DRAWS, self.asked):
            self.drawn[lot_id] += amount
            if late:
                self.repaid[entry_id] += amount
            else:
                self.draws[entry_id].append((lot_id, amount))
        self.asked |= {"drawn": list(self.drawn), "repaid": list(self.repaid)}

    def _start(self) -> Iterator[Stock]:
        """What each side had at the change: what it brought, or, where it stayed, what it has less what came since."""
        for side, lot_id, *lot in _rows(BROUGHT_LOTS, self.asked):
            self.side_of[lot_id] = side
            yield Stock(side, lot_id, *lot)
        if self.land not in self.sides.people:
            return
        for side, lot_id, left, *dates in _rows(OWN_LOTS, self.asked):
            self.side_of[lot_id] = side
            yield Stock(side, lot_id, left + self.drawn.get(lot_id, 0), *dates)

    def _start_debts(self) -> Iterator[Owed]:
        for side, person_id, points in _rows(BROUGHT_DEBTS, self.asked):
            yield Owed(side, person_id, points)
        if self.land in self.sides.people:
            for entry_id, person_id, left in _rows(OWN_DEBTS, self.asked):
                yield Owed(self.land, person_id, left + self.repaid.get(entry_id, 0))

    def _events(self) -> Iterator[Event]:
        made: dict[int, list[Any]] = defaultdict(list)
        entries = [entry[0] for entry in self.entries]
        for entry_id, *lot in _rows(NEW_LOTS, {"entries": entries}):
            made[entry_id].append(lot)
        for entry_id, amount, posting_id, kind, person_id, at, reverses in self.entries:
            draws = self.draws.get(entry_id, ())
            if amount > 0:
                yield from (self._came(lot, person_id, at) for lot in made.get(entry_id, ()))
                back = tuple((lot_id, -points) for lot_id, points in draws if points < 0)
                if back:
                    yield Returned(reverses, person_id, sum(points for _, points in back), back, at)
            elif kind == PostingKind.EXPIRE:
                yield from (RanOut(lot_id, points, at) for lot_id, points in draws)
            else:
                yield from self._spent(posting_id, kind, person_id, -amount, at, draws)

    def _came(self, lot: Sequence[Any], person_id: int | None, at: datetime) -> Came:
        """To the side whose lot it came from, where spending of before came back; else to its contributor's."""
        lot_id, points, earned_at, expires_at, available_at, contributor_id, parent_account_id = lot
        apart = self.asked["homes"]
        side = parent_account_id if parent_account_id in apart else self.sides.of(contributor_id)
        self.side_of[lot_id] = side
        stock = Stock(side, lot_id, points, earned_at, expires_at, available_at)
        return Came(stock, person_id, repays=not stock.over(at))

    def _spent(
        self,
        posting_id: int,
        kind: str,
        person_id: int | None,
        points: int,
        at: datetime,
        draws: Sequence[tuple[int, int]],
    ) -> Iterator[Spent]:
        """A reversed earning is taken from the side whose lots it made; all else is charged to who spent it."""
        side = self.sides.of(person_id)
        if kind == PostingKind.REVERSE:
            for lot_id, drawn in draws:
                points -= drawn
                yield Spent(self.side_of[lot_id], posting_id, person_id, drawn, at, frozenset((lot_id,)))
            named = frozenset[int]()
        else:
            named = frozenset(lot_id for lot_id, _ in draws) if kind == PostingKind.CAPTURE else frozenset()
        if points:
            yield Spent(side, posting_id, person_id, points, at, named)


def _rows(statement: str, asked: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return list(cursor.fetchall())
