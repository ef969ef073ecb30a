"""What the ledger of one program should look like, in plain Python: no SQL, no code of the program's own.

An account is named (who, point type code). Lots, holds, postings and adjustments are named by their place in a list.
"""

import calendar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
GRACE = timedelta(days=3)
PENDING = timedelta(days=2)
TYPES = ("miles", "coins", "lively", "status")
QUALIFYING = "status"
INACTIVITY = "lively"
REDEMPTION_LIMIT = 400
TRANSFER_MINIMUM, TRANSFER_MAXIMUM, TRANSFER_YEAR = 5, 300, 500
ADJUSTMENT_LIMIT, ADJUSTMENT_DAY = 100, 250
RATES = {("miles", "coins"): (1, 3), ("lively", "miles"): (2, 1), ("status", "lively"): (1, 1)}
FOR_EVER = datetime.max.replace(tzinfo=UTC)

Account = tuple[int, str]


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Lot:
    account: Account
    amount: int
    left: int
    earned_at: datetime
    available_at: datetime | None
    expires_at: datetime | None
    parent: int | None = None
    expired: int = 0

    def usable(self, at: datetime) -> bool:
        begun = self.available_at is None or self.available_at <= at
        return begun and (self.expires_at is None or at < self.expires_at)


@dataclass
class Hold:
    account: Account
    takes: list[tuple[int, int]]
    expires_at: datetime
    status: str = "open"

    @property
    def points(self) -> int:
        return sum(points for _, points in self.takes)

    def in_force(self, now: datetime) -> bool:
        return self.status == "open" and now < self.expires_at


@dataclass
class Posting:
    """`drawn` and `made` per point type; `asked` and `shortfall` are what reversals took by now."""

    kind: str
    who: int
    at: datetime
    drawn: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    made: dict[str, list[int]] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    shortfall: dict[str, int] = field(default_factory=dict)
    came_back: int = 0


@dataclass
class Adjustment:
    account: Account
    points: int
    requester: int
    at: datetime
    status: str
    alone: bool


@dataclass
class Figures:
    entries: int = 0
    earned: int = 0
    redeemed: int = 0
    first_at: datetime | None = None
    debts: list[int] = field(default_factory=list)


def midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=ZONE).astimezone(UTC)


def later_month(day: date, months: int) -> date:
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def dates_of(code: str, at: datetime) -> tuple[datetime | None, datetime | None]:
    """(usable from, usable before) of points earned at that time."""
    day = at.astimezone(ZONE).date()
    if code == "miles":
        return None, midnight_after(day + timedelta(days=30))
    if code == "status":
        end = later_month(day, 2)
        return None, midnight_after(end.replace(day=calendar.monthrange(end.year, end.month)[1]))
    return (at + PENDING if code == "coins" else None), None


class Ledger:
    def __init__(self, members: int, beneficiary: int, policy: str) -> None:
        self.beneficiary, self.policy = beneficiary, policy
        self.lots: list[Lot] = []
        self.holds: list[Hold] = []
        self.postings: list[Posting] = []
        self.adjustments: list[Adjustment] = []
        self.suspended: set[int] = set()
        self.active_at: dict[int, datetime] = {}
        self.accounts = {(who, code): Figures() for who in range(members) for code in TYPES}

    # What there is.

    def held(self, lot: int, now: datetime) -> int:
        holds = (hold for hold in self.holds if hold.in_force(now))
        return sum(points for hold in holds for one, points in hold.takes if one == lot)

    def free(self, lot: int, now: datetime) -> int:
        return self.lots[lot].left - self.held(lot, now)

    def lots_of(self, account: Account) -> list[int]:
        return [number for number, lot in enumerate(self.lots) if lot.account == account]

    def spending_order(self, lot: int) -> tuple[datetime, datetime, int]:
        one = self.lots[lot]
        return one.expires_at or FOR_EVER, one.earned_at, lot

    def spendable(self, account: Account, at: datetime, now: datetime) -> list[int]:
        usable = [lot for lot in self.lots_of(account) if self.lots[lot].usable(at) and self.free(lot, now) > 0]
        return sorted(usable, key=self.spending_order)

    def debt(self, account: Account) -> int:
        return sum(self.accounts[account].debts)

    def available(self, account: Account, now: datetime) -> int:
        if self.is_rested(account, now):
            return 0
        free = sum(self.free(lot, now) for lot in self.spendable(account, now, now))
        return max(0, free - self.debt(account))

    def shown(self, account: Account, now: datetime) -> dict[str, object]:
        """The account as channels see it."""
        lots = [self.lots[lot] for lot in self.lots_of(account)]
        figures = self.accounts[account]
        ends = [(lot.expires_at or self.rested_at(account), lot.left) for lot in lots if lot.left]
        nearest = min((end for end, _ in ends if end and end > now), default=None)
        return {
            "balance": sum(lot.left for lot in lots) - self.debt(account),
            "available": self.available(account, now),
            "pending": sum(lot.left for lot in lots if lot.available_at and lot.available_at > now),
            "held": sum(self.held(lot, now) for lot in self.lots_of(account)),
            "debt": self.debt(account),
            "entries": figures.entries,
            "earned": figures.earned,
            "redeemed": figures.redeemed,
            "next_expiry": nearest and (nearest, sum(left for end, left in ends if end == nearest)),
        }

    # What moves points.

    def choose(self, account: Account, points: int, at: datetime, now: datetime) -> list[tuple[int, int]]:
        lots = self.spendable(account, at, now)
        if points > sum(self.free(lot, now) for lot in lots) - self.debt(account):
            raise Refused("insufficient_points")
        takes = []
        for lot in lots:
            taken = min(points, self.free(lot, now))
            points -= taken
            if taken:
                takes.append((lot, taken))
        return takes

    def entry(self, account: Account, at: datetime) -> Figures:
        figures = self.accounts[account]
        figures.entries += 1
        figures.first_at = figures.first_at or at
        return figures

    def draw(self, account: Account, takes: list[tuple[int, int]], at: datetime) -> None:
        self.entry(account, at)
        for lot, points in takes:
            self.lots[lot].left -= points
            assert self.lots[lot].left >= 0

    def credit(self, lots: list[Lot], at: datetime) -> list[int]:
        """New lots on one account by one entry; they repay its debts first."""
        account = lots[0].account
        self.entry(account, at)
        made = list(range(len(self.lots), len(self.lots) + len(lots)))
        self.lots += lots
        self.repay(account, {lot: self.lots[lot].left for lot in made})
        return made

    def repay(self, account: Account, came_in: dict[int, int]) -> dict[int, int]:
        """Debts, oldest first, draw from what came in, nearest expiry first; what stays of each."""
        debts = self.accounts[account].debts
        for lot in sorted(came_in, key=self.spending_order):
            for number, owed in enumerate(debts):
                paid = min(owed, came_in[lot])
                debts[number] -= paid
                came_in[lot] -= paid
                self.lots[lot].left -= paid
        return came_in

    def expire(self, account: Account, takes: list[tuple[int, int]], at: datetime) -> None:
        due = [(lot, points) for lot, points in takes if points > 0]
        if not due:
            return
        self.draw(account, due, at)
        for lot, points in due:
            self.lots[lot].expired += points

    # Points that live as long as the set is active.

    def rested_at(self, account: Account) -> datetime | None:
        """When points of the inactivity type ended, or will if nothing happens."""
        last = self.active_at.get(account[0]) or self.accounts[account].first_at
        if account[1] != INACTIVITY or last is None:
            return None
        return midnight_after(later_month(last.astimezone(ZONE).date(), 1))

    def is_rested(self, account: Account, at: datetime) -> bool:
        end = self.rested_at(account)
        return end is not None and end <= at

    def refuse_rested(self, account: Account, at: datetime) -> None:
        if self.is_rested(account, at):
            raise Refused("account_rested")

    def expire_rested(self, account: Account, until: datetime, now: datetime) -> None:
        if self.is_rested(account, until):
            undated = [lot for lot in self.lots_of(account) if self.lots[lot].expires_at is None]
            self.expire(account, [(lot, self.free(lot, now)) for lot in undated], until)

    def activity(self, who: int, at: datetime, now: datetime) -> None:
        """Whatever ended by inactivity before it does not come back to life by it."""
        self.expire_rested((who, INACTIVITY), at, now)
        self.active_at[who] = max(at, self.active_at.get(who, at))

    def over(self, lot: int, now: datetime) -> bool:
        one = self.lots[lot]
        return one.expires_at <= now if one.expires_at else self.is_rested(one.account, now)
