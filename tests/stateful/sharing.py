"""Pools, contributors and debts in plain Python: what changes of memberships do to them."""

import math
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from tests.stateful.model import Refused

# Where a person's points are: their own account, or a pool by its number.
Place = tuple[str, int]


@dataclass
class Lot:
    contributor: int | None
    points: int


@dataclass
class Account:
    """Lots in the order of spending, debts (person, points) the oldest first."""

    lots: list[Lot] = field(default_factory=list)
    debts: list[tuple[int, int]] = field(default_factory=list)

    @property
    def points(self) -> int:
        return sum(lot.points for lot in self.lots)

    @property
    def debt(self) -> int:
        return sum(points for _, points in self.debts)

    def told(self) -> tuple[dict[int | None, int], dict[int, int]]:
        """Points by contributor, debts by person."""
        lots: Counter[int | None] = Counter()
        debts: Counter[int] = Counter()
        for lot in self.lots:
            lots[lot.contributor] += lot.points
        for person, points in self.debts:
            debts[person] += points
        return dict(+lots), dict(+debts)

    def draw(self, points: int) -> int:
        """What of it the lots did not cover."""
        for lot in self.lots:
            part = min(lot.points, points)
            lot.points -= part
            points -= part
        self.lots = [lot for lot in self.lots if lot.points]
        return points


@dataclass
class Change:
    kind: str
    people: set[int]
    leaver: int | None = None
    prime: int = 0
    given: set[int] = field(default_factory=set)
    status: str = "awaiting_consent"

    @property
    def is_open(self) -> bool:
        return self.status in ("awaiting_consent", "agreed")


@dataclass
class Sharing:
    """`home` is the pool of each person who shares one; `moved` are those who earned or spent since the last change."""

    people: int
    home: dict[int, int] = field(default_factory=dict)
    accounts: dict[Place, Account] = field(default_factory=dict)
    suspended: set[int] = field(default_factory=set)
    change: Change | None = None
    pools: int = 0

    def place(self, person: int) -> Place:
        return ("pool", self.home[person]) if person in self.home else ("own", person)

    def account(self, person: int) -> Account:
        return self.accounts.setdefault(self.place(person), Account())

    def with_whom(self, person: int) -> set[int]:
        """The person and all who share with them."""
        pool = self.home.get(person)
        return {person} if pool is None else {one for one, home in self.home.items() if home == pool}


def require(condition: bool, code: str) -> None:
    if not condition:
        raise Refused(code)


def earn(world: Sharing, person: int, points: int) -> None:
    require(person not in world.suspended, "membership_not_able")
    account = world.account(person)
    left = points
    # The person's own debts first, then the oldest.
    order = sorted(range(len(account.debts)), key=lambda n: (account.debts[n][0] != person, n))
    for number in order:
        who, owed = account.debts[number]
        paid = min(owed, left)
        account.debts[number] = (who, owed - paid)
        left -= paid
    account.debts = [debt for debt in account.debts if debt[1]]
    if left:
        account.lots.append(Lot(person, left))


def redeem(world: Sharing, person: int, points: int) -> None:
    require(person not in world.suspended, "membership_not_able")
    account = world.account(person)
    require(points <= account.points - account.debt, "insufficient_points")
    account.draw(points)


def owe(world: Sharing, person: int, points: int) -> None:
    """A debit that may go below zero: what no lot covers is the person's debt."""
    account = world.account(person)
    short = account.draw(points)
    if short:
        account.debts.append((person, short))


def propose_merge(world: Sharing, prime: int, secondary: int) -> None:
    require(prime != secondary and world.place(prime) != world.place(secondary), "change_refused")
    people = world.with_whom(prime) | world.with_whom(secondary)
    _open(world, Change("merge", people, prime=prime))


def propose_split(world: Sharing, leaver: int) -> None:
    require(leaver in world.home, "change_refused")
    _open(world, Change("split", world.with_whom(leaver), leaver=leaver, prime=leaver))


def _open(world: Sharing, change: Change) -> None:
    busy = world.change is not None and world.change.is_open and bool(world.change.people & change.people)
    require(not busy, "change_open")
    world.change = change


def decide(world: Sharing, person: int, decision: str) -> None:
    change = world.change
    assert change is not None
    require(change.is_open, "change_status")
    require(person in change.people, "not_asked")
    has_given = person in change.given
    require(has_given == (decision == "withdrawn"), "consent_not_taken")
    if decision == "given":
        change.given.add(person)
        change.status = "agreed" if change.given == change.people else "awaiting_consent"
    elif decision == "withdrawn":
        change.given.discard(person)
        change.status = "awaiting_consent"
    else:
        change.status = "refused"


def withdraw(world: Sharing) -> None:
    assert world.change is not None
    require(world.change.is_open, "change_status")
    world.change.status = "withdrawn"


def require_agreed(world: Sharing) -> Change:
    change = world.change
    assert change is not None
    require(change.status != "awaiting_consent", "consent_missing")
    require(change.status == "agreed", "change_status")
    return change


def merge(world: Sharing) -> None:
    """All points and debts of both sides in one pool; who was alone contributed all they bring."""
    change = require_agreed(world)
    places = {world.place(person): person for person in sorted(change.people)}
    pool = Account()
    for place, person in places.items():
        account = world.accounts.pop(place, Account())
        pool.lots += [Lot(person, lot.points) if place[0] == "own" else lot for lot in account.lots]
        pool.debts += account.debts
    world.pools += 1
    world.accounts["pool", world.pools] = pool
    world.home |= dict.fromkeys(change.people, world.pools)
    change.status = "carried_out"


def share_of_leaver(account: Account, leaver: int, people: set[int], policy: str) -> int:
    """The leaver's points by the policy, ties to the leaver."""
    by, nobodys = account.told()[0], 0
    nobodys = sum(points for person, points in by.items() if person not in people)
    if policy == "leave_behind":
        return 0
    exact = Fraction(account.points, len(people))
    if policy == "by_contribution":
        exact = by.get(leaver, 0) + Fraction(nobodys, len(people))
    return math.ceil(exact)


def split(world: Sharing, taken: Account, left: Account, policy: str) -> None:
    """`taken` and `left` are what the tables say by now: how lots were cut is for their own tests."""
    change = require_agreed(world)
    leaver = change.leaver
    assert leaver is not None
    place = world.place(leaver)
    before = world.accounts.pop(place)
    assert taken.points == share_of_leaver(before, leaver, change.people, policy)
    assert taken.points + left.points == before.points
    assert taken.debt + left.debt == before.debt
    assert set(taken.told()[0]) <= {leaver}
    _assert_debts(before, taken, leaver, policy)
    staying = change.people - {leaver}
    del world.home[leaver]
    world.accounts["own", leaver] = taken
    if len(staying) == 1:
        (alone,) = staying
        assert set(left.told()[0]) <= {alone}
        del world.home[alone]
        world.accounts["own", alone] = left
    else:
        assert set(left.told()[0]) <= {*before.told()[0], None}
        world.accounts[place] = left
    change.status = "carried_out"


def _assert_debts(before: Account, taken: Account, leaver: int, policy: str) -> None:
    debts = before.told()[1]
    if policy == "by_contribution":
        assert taken.told()[1].get(leaver, 0) == debts.get(leaver, 0)
    elif policy == "leave_behind":
        assert taken.debt == 0


def set_suspended(world: Sharing, person: int, *, suspend: bool) -> None:
    require((person in world.suspended) != suspend, "membership_status")
    (world.suspended.add if suspend else world.suspended.discard)(person)
