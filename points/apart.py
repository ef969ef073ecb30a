"""What each side would have today, had their points never been united: the arithmetic of an undo (domain 1.9).

What happened on the united account is replayed in its order on books kept apart. What came in belongs to the side of
its contributor; spending is charged to the side of the person who spent, nearest expiry first, and what that side
does not cover is its debt; what ran out leaves the side whose lot it was, or, where that side had spent it by its own
books, the lots that would have run out instead. Values only, nothing of the database.
"""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import attrgetter


@dataclass(slots=True, eq=False)
class Stock:
    """What a side has of a lot. Sides are known by the id of the account they go back to."""

    side: int
    lot_id: int
    points: int
    earned_at: datetime
    expires_at: datetime | None = None
    available_at: datetime | None = None

    @property
    def order(self) -> tuple[bool, datetime, datetime, int]:
        return (self.expires_at is None, self.expires_at or self.earned_at, self.earned_at, self.lot_id)

    def over(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at


@dataclass(slots=True, eq=False)
class Owed:
    """`posting_id` is the spending it comes from; None where the debt was brought along."""

    side: int
    person_id: int | None
    points: int
    posting_id: int | None = None


@dataclass(frozen=True, slots=True)
class Came:
    """A lot came in by a credit of that person's; `repays` where it repays debts, as credits do."""

    stock: Stock
    person_id: int | None
    repays: bool = True


@dataclass(frozen=True, slots=True)
class Spent:
    """`named` are lots that were taken by name, as by a capture or a reversed earning."""

    side: int
    posting_id: int
    person_id: int | None
    points: int
    at: datetime
    named: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Returned:
    """So many points of a spending came back; `lots` are those the ledger gave them back to."""

    posting_id: int | None
    person_id: int | None
    points: int
    lots: tuple[tuple[int, int], ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class RanOut:
    lot_id: int
    points: int
    at: datetime


Event = Came | Spent | Returned | RanOut


@dataclass(slots=True)
class Books:
    """`exempt_until`: until then lots past their time could still be spent. Without `owes` (qualifying points) no side
    owes: what it does not cover comes from the others."""

    exempt_until: datetime | None = None
    owes: bool = True
    stocks: dict[int, Stock] = field(default_factory=dict)
    debts: list[Owed] = field(default_factory=list)
    _open: dict[int, list[Stock]] = field(default_factory=dict)
    _taken: dict[int, list[tuple[Stock, int]]] = field(default_factory=dict)

    def bring(self, stock: Stock) -> None:
        """What a side had when the books were opened, or what comes in later."""
        self.stocks[stock.lot_id] = stock
        if stock.points:
            insort(self._open.setdefault(stock.side, []), stock, key=attrgetter("order"))

    def replay(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case Came():
                    self.bring(event.stock)
                    if event.repays:
                        self._repay(event.stock, event.stock.points, event.person_id)
                case Spent():
                    self._spend(event)
                case Returned():
                    self._return(event)
                case RanOut():
                    self._run_out(event)

    def left(self) -> list[Stock]:
        """What every side has, in spending order by side."""
        return [stock for side in sorted(self._open) for stock in self._open[side]]

    def owed(self) -> list[Owed]:
        return [debt for debt in self.debts if debt.points]

    def _usable(self, stock: Stock, at: datetime) -> bool:
        pending = stock.available_at is not None and stock.available_at > at
        exempt = self.exempt_until is not None and self.exempt_until > at
        return not pending and (exempt or not stock.over(at))

    def _spend(self, event: Spent) -> None:
        # A copy: lots that are used up leave the list meanwhile.
        mine = tuple(self._open.get(event.side, ()))
        named = (stock for stock in mine if stock.lot_id in event.named)
        others = (stock for stock in mine if stock.lot_id not in event.named and self._usable(stock, event.at))
        missing = self._take(chain(named, others) if event.named else others, event.points, event.posting_id)
        if missing and not self.owes:
            missing = self._take(self.left(), missing, event.posting_id)
        if missing:
            self.debts.append(Owed(event.side, event.person_id, missing, event.posting_id))

    def _run_out(self, event: RanOut) -> None:
        """The lot itself; else what is past its time too; else, to keep the sum, its side's and any other points."""
        itself = self.stocks[event.lot_id]
        everything = [stock for stocks in self._open.values() for stock in stocks]
        everything.sort(key=lambda one: (one is not itself, not one.over(event.at), one.side != itself.side, one.order))
        missing = self._take(everything, event.points, None)
        if missing:
            self.debts.append(Owed(itself.side, None, missing))

    def _return(self, event: Returned) -> None:
        """To where the books took it: the debt it left first, then the lots, the last one first."""
        back = event.points
        for debt in self.debts if event.posting_id is not None else ():
            if debt.posting_id == event.posting_id:
                part = min(debt.points, back)
                debt.points -= part
                back -= part
        back = self._give_back(event, back)
        for lot_id, points in event.lots:
            part = min(points, back)
            if part:
                self._put(self.stocks[lot_id], part, event)
                back -= part

    def _give_back(self, event: Returned, points: int) -> int:
        taken = self._taken.get(event.posting_id, []) if event.posting_id is not None else []
        while taken and points:
            stock, took = taken.pop()
            part = min(took, points)
            if part < took:
                taken.append((stock, took - part))
            self._put(stock, part, event)
            points -= part
        return points

    def _put(self, stock: Stock, points: int, event: Returned) -> None:
        self._change(stock, points)
        if not stock.over(event.at):
            self._repay(stock, points, event.person_id)

    def _repay(self, stock: Stock, most: int, person_id: int | None) -> None:
        """As a credit does: the person's own debts first, then the oldest."""
        debts = [debt for debt in self.debts if debt.side == stock.side and debt.points]
        for debt in sorted(debts, key=lambda one: one.person_id != person_id):
            part = min(debt.points, most, stock.points)
            if not part:
                return
            debt.points -= part
            most -= part
            self._take([stock], part, debt.posting_id)

    def _take(self, stocks: Iterable[Stock], points: int, posting_id: int | None) -> int:
        """Take from the first ones; what they did not cover."""
        for stock in stocks:
            if not points:
                break
            part = min(stock.points, points)
            if not part:
                continue
            points -= part
            self._change(stock, -part)
            if posting_id is not None:
                self._taken.setdefault(posting_id, []).append((stock, part))
        return points

    def _change(self, stock: Stock, points: int) -> None:
        was_open = stock.points > 0
        stock.points += points
        if was_open and not stock.points:
            self._open[stock.side].remove(stock)
        elif not was_open and stock.points:
            insort(self._open.setdefault(stock.side, []), stock, key=attrgetter("order"))
