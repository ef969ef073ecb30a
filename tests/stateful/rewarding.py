"""What sales come to by a handful of rules, in plain Python: points and who they belong to, caps, a campaign's budget,
vouchers, labels, attributes. No SQL, no code of the program's own.

People, sales and orders are named by their place in a list. A point belongs to a person wherever it is: those who share
a pool spend from all its lots, and who leaves takes their own along.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.stateful.climbing import Climber
from tests.stateful.model import Refused

ZONE = ZoneInfo("Europe/Berlin")
GRACE = timedelta(days=3)
MILES_DAYS, VISIT_DAYS = 40, 2
VISIT_POINTS, VISIT_DAY_CAP, VISIT_TIMES = 5, 12, 6
BUDGET = 60
TOLL, TOLL_FROM = 30, 10_000
VOUCHER_FROM, VOUCHER_TIMES = 30_000, 2
# What makes a rule divide by nothing.
ODD = 1_300
PRICE, STOCK, LIMIT = 40, 5, 3

Place = tuple[str, int]


@dataclass
class Lot:
    person: int
    points: int
    earned_at: datetime
    expires_at: datetime
    sale: int | None
    number: int
    expired: int = 0


@dataclass
class Sale:
    """`given` are the points of each effect, in order; `lots` those they went into; `drawn` what the toll took and
    where it was; `taken`, `toll_back` and `forgiven` are what returns took back, gave back and let go."""

    person: int
    cents: int
    at: datetime
    color: str = ""
    status: str = "received"
    returned: int = 0
    given: list[tuple[str, int]] = field(default_factory=list)
    drawn: list[tuple[int, int]] = field(default_factory=list)
    drawn_at: Place = ("", 0)
    taken: Counter[str] = field(default_factory=Counter)
    toll_back: int = 0
    forgiven: int = 0


@dataclass
class Order:
    person: int
    quantity: int
    drawn: list[tuple[int, int]]
    drawn_at: Place
    status: str = "ordered"


def require(condition: bool, code: str) -> None:
    if not condition:
        raise Refused(code)


def day_of(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def end_after(at: datetime, days: int) -> datetime:
    """The local midnight that ends the last of so many days after."""
    return datetime.combine(day_of(at) + timedelta(days=days + 1), time.min, tzinfo=ZONE).astimezone(UTC)


class Rewards:
    """`basic` and `odd` are the versions of two rules: since when, and what they say."""

    def __init__(self, people: int, policy: str, began: datetime) -> None:
        self.people, self.policy = people, policy
        self.lots: list[Lot] = []
        self.debts: list[list[int]] = []
        self.home: dict[int, int] = {}
        self.pools = 0
        self.sales: list[Sale] = []
        self.orders: list[Order] = []
        self.stock = STOCK
        self.climbers = [Climber(began) for _ in range(people)]
        self.status: list[dict[int, int]] = [{} for _ in range(people)]
        self.basic: list[tuple[datetime, int]] = [(began - timedelta(days=365), 1)]
        self.odd: list[tuple[datetime, bool]] = [(began - timedelta(days=365), False)]
        self.visits: Counter[int] = Counter()
        self.colors: dict[int, str] = {}
        self.fans: set[int] = set()
        self.vouchers: Counter[int] = Counter()
        self.visit_points: Counter[tuple[int, date]] = Counter()
        self.visit_times: Counter[int] = Counter()
        self.spent = 0

    # Where points are.

    def place(self, person: int) -> Place:
        return ("pool", self.home[person]) if person in self.home else ("own", person)

    def with_whom(self, person: int) -> set[int]:
        return {one for one in range(self.people) if self.place(one) == self.place(person)}

    def debt(self, person: int) -> int:
        return sum(left for who, left in self.debts if who in self.with_whom(person))

    def balance(self, person: int) -> int:
        who = self.with_whom(person)
        return sum(lot.points for lot in self.lots if lot.person in who) - self.debt(person)

    def usable(self, person: int, at: datetime) -> list[Lot]:
        """In the order of spending."""
        who = self.with_whom(person)
        lots = [lot for lot in self.lots if lot.points and lot.person in who and at < lot.expires_at]
        return sorted(lots, key=lambda lot: (lot.expires_at, lot.earned_at, lot.number))

    def spendable(self, person: int, at: datetime) -> int:
        return max(0, sum(lot.points for lot in self.usable(person, at)) - self.debt(person))

    # What moves them.

    def credit(self, person: int, points: int, at: datetime, expires_at: datetime, sale: int | None) -> Lot:
        lot = Lot(person, points, at, expires_at, sale, len(self.lots))
        self.lots.append(lot)
        return lot

    def repay(self, person: int, came: list[tuple[Lot, int]]) -> None:
        """Debts of the place draw from what came in, nearest expiry first; the person's own before the oldest."""
        who = self.with_whom(person)
        debts = sorted((debt for debt in self.debts if debt[0] in who), key=lambda debt: debt[0] != person)
        for lot, there in sorted(came, key=lambda one: (one[0].expires_at, one[0].earned_at, one[0].number)):
            for debt in debts:
                paid = min(debt[1], there)
                debt[1] -= paid
                lot.points -= paid
                there -= paid

    def draw(self, person: int, points: int, at: datetime) -> list[tuple[int, int]]:
        require(points <= self.spendable(person, at), "insufficient_points")
        taken = []
        for lot in self.usable(person, at):
            part = min(points, lot.points)
            lot.points -= part
            points -= part
            taken += [(lot.number, part)] if part else []
        return taken

    def give_back(self, person: int, takes: list[tuple[int, int]], drawn_at: Place, now: datetime) -> None:
        """To the same lots; to new ones of whoever spent them, with the same dates, where they are somewhere else now.
        What is past its time ends at once."""
        came = []
        for number, points in takes:
            lot = self.lots[number]
            if self.place(person) != drawn_at:
                lot = self.credit(person, 0, lot.earned_at, lot.expires_at, lot.sale)
            lot.points += points
            came.append((lot, points))
        self.repay(person, [one for one in came if one[0].expires_at > now])
        for lot, points in came:
            if lot.expires_at <= now:
                self.end(lot, points)

    def end(self, lot: Lot, points: int) -> None:
        lot.points -= points
        lot.expired += points

    def expire(self, now: datetime) -> None:
        for lot in self.lots:
            if lot.expires_at <= now - GRACE:
                self.end(lot, lot.points)

    # Tiers.

    def figure(self, person: int, year: int) -> int:
        return sum(left for n, left in self.status[person].items() if day_of(self.sales[n].at).year == year)

    def climb(self, person: int, at: datetime, now: datetime) -> None:
        """What is known of the person's years by now; `at` is the event that made it another."""
        climber = self.climbers[person]
        climber.follow(lambda year: self.figure(person, year), at=at, now=now)

    def review(self, now: datetime) -> None:
        for person, climber in enumerate(self.climbers):
            has_points = bool(self.status[person])
            climber.review(lambda year, who=person: self.figure(who, year), now=now, has_points=has_points)
