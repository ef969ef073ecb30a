"""One account while its past is made up: open lots in spending order, debts, and the figures that follow."""

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field

# Later than any date; such a lot does not expire.
NEVER = 1 << 40
Row = tuple[object, ...]


@dataclass(slots=True, eq=False)
class Lot:
    """Compared as (expires, earned, n): spending order."""

    expires: int
    earned: int
    n: int
    available: int
    left: int
    amount: int
    entry: int
    earner: int
    contributor: int
    parent: int | None = None
    origin: int | None = None

    def __lt__(self, other: "Lot") -> bool:
        return (self.expires, self.earned, self.n) < (other.expires, other.earned, other.n)


@dataclass(slots=True)
class Owed:
    entry: int
    amount: int
    left: int


@dataclass(slots=True, eq=False)
class Account:
    """`n` counts accounts, `member` memberships, `person` customers. Times are seconds since 1970."""

    n: int
    member: int
    person: int
    type: int
    expiry: Callable[[int], int]
    pending: int
    enrolled: int
    ended: int
    lots: list[Lot] = field(default_factory=list)
    debts: list[Owed] = field(default_factory=list)
    balance: int = 0
    entries: int = 0
    debt: int = 0
    earned: int = 0
    redeemed: int = 0
    last_activity: int | None = None
    last: int = 0
    # The latest earning: its posting, points and lot; None once it was reversed.
    earning: tuple[int, Lot] | None = None

    def after(self, t: int) -> int:
        """That time, or as little later as keeps the entries of the account apart."""
        return t if t > self.last else self.last + 1

    def add(self, lot: Lot) -> None:
        if self.lots and lot < self.lots[-1]:
            insort(self.lots, lot)
        else:
            self.lots.append(lot)

    def choose(self, points: int, t: int) -> list[tuple[Lot, int]]:
        """As many of the points as can be spent at that time, nearest expiry first, then oldest."""
        takes = []
        for lot in self.lots:
            if lot.expires <= t or lot.available > t:
                continue
            take = lot.left if lot.left < points else points
            takes.append((lot, take))
            points -= take
            if not points:
                break
        return takes

    def row(self) -> Row:
        return (
            self.n, self.member, self.type, self.balance, self.entries, self.debt, self.earned, self.redeemed,
            self.last_activity,
        )  # fmt: skip
