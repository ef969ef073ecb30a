"""The moves of a reversal: taking back what a posting credited, giving back what it debited (domain 1.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from points.carrying import child_lots
from points.drafts import Account
from points.errors import AccountClosed, PointsSpent
from points.lineage import Left
from points.moves import Credit, Debit, GiveBack, Lifetime, Move, Take


class Spent(StrEnum):
    """What happens to credited points that are not there any more."""

    REFUSE = "refuse"
    NEGATIVE = "negative"
    CUT_REFUND = "cut_refund"
    # Qualifying points stop at 0.
    STOP = "stop"
    # What the other side of the posting gets back must come from this one.
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Taken:
    """asked = points of the takes + debt + cut + shortfall."""

    takes: Sequence[tuple[Left, int]]
    debt: int = 0
    cut: int = 0
    shortfall: int = 0

    def by_account(self) -> dict[int, list[Take]]:
        found: dict[int, list[Take]] = {}
        for left, points in self.takes:
            found.setdefault(left.account_id, []).append(Take(left.lot_id, points))
        return found

    def parents(self) -> list[Take]:
        """What was taken, as points of the lots it was carried from."""
        found: dict[int, int] = {}
        for left, points in self.takes:
            if left.root_parent_id is not None:
                found[left.root_parent_id] = found.get(left.root_parent_id, 0) + points
        return [Take(lot_id, points) for lot_id, points in found.items()]


def take_back(asked: int, lots: Sequence[Left], *, spent: Spent, forgiven: int, point_type: str) -> Taken:
    """Take what is left of the lots; what is not follows `spent`, save what expired unused: that is owed by nobody.

    `forgiven` are expired points that earlier parts let go already. Raises PointsSpent.
    """
    takes, missing = [], asked
    for left in lots:
        points = min(missing, max(0, left.free))
        if points:
            takes.append((left, points))
            missing -= points
    if spent is Spent.STOP:
        return Taken(takes, shortfall=missing)
    expired = max(0, sum(left.expired for left in lots) - forgiven)
    shortfall = 0 if spent is Spent.ALL else min(missing, expired)
    missing -= shortfall
    if missing and spent in (Spent.REFUSE, Spent.ALL):
        raise PointsSpent(
            f"{missing} of the {asked} {point_type} points to take back were spent, given away or are held.",
            facts={"point_type": point_type, "asked": asked, "left": asked - missing - shortfall, "spent": missing},
        )
    if spent is Spent.NEGATIVE:
        return Taken(takes, debt=missing, shortfall=shortfall)
    return Taken(takes, cut=missing, shortfall=shortfall)


@dataclass(slots=True)
class Places:
    """The locked accounts, and for closed ones where their points live now."""

    accounts: Mapping[int, Account]
    landing: Mapping[int, int]
    person_id: int | None
    now: datetime
    given: list[Take] = field(default_factory=list)

    def of(self, account_id: int) -> int:
        """The account itself, or the one that took over from it."""
        if not self.accounts[account_id].closed:
            return account_id
        if account_id not in self.landing:
            raise AccountClosed("The account is closed and nobody took over its points.", facts={"account": account_id})
        return self.landing[account_id]


def debits(taken: Taken, account_id: int, places: Places, *, lifetime: Lifetime) -> list[Move]:
    """A debit per account the lots now stand on; a debt arises where the points of `account_id` live now."""
    takes = taken.by_account()
    if taken.debt:
        takes.setdefault(places.of(account_id), [])
    moves: list[Move] = []
    for place, drawn in takes.items():
        debt = taken.debt if taken.debt and place == places.of(account_id) else 0
        points = sum(take.points for take in drawn) + debt
        moves.append(Debit(place, points, takes=drawn, debt=debt, lifetime=lifetime))
    return moves


def give_back(takes: Sequence[Take], account_id: int, places: Places, *, lifetime: Lifetime) -> list[Move]:
    """Back to the same lots; to child lots with their dates where the account is closed."""
    place = places.of(account_id)
    if place == account_id:
        places.given.extend(takes)
        return [GiveBack(account_id, takes, lifetime=lifetime)]
    lots = child_lots(takes, contributor_id=places.person_id)
    usable = [lot for lot in lots if lot.expires_at is None or lot.expires_at > places.now]
    over = [lot for lot in lots if lot not in usable]
    # Points past their time repay no debt.
    moves = [Credit(place, usable, lifetime), Credit(place, over, lifetime, repays=False)]
    return [move for move in moves if move.lots]
