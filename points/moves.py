"""What a posting does to accounts, as values: the input of `points.ledger.post`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from common.records import record


class Lifetime(StrEnum):
    """Which lifetime figure of the account a move counts into; reversals count with the opposite sign."""

    NONE = ""
    EARNED = "earned"
    REDEEMED = "redeemed"


@record
class Cause:
    """Why a posting exists: a kind (see points.causes) and the id of that row."""

    kind: str
    id: int


@record
class NewLot:
    """Points that come in together. Times are aware; None: usable at once, never expiring."""

    points: int
    earned_at: datetime
    available_at: datetime | None = None
    expires_at: datetime | None = None
    earner_id: int | None = None
    contributor_id: int | None = None
    parent_id: int | None = None
    origin_id: int | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """Lots made on an account by one entry. `repays` is off where debts move along untouched (merges)."""

    account_id: int
    lots: Sequence[NewLot]
    lifetime: Lifetime = Lifetime.NONE
    repays: bool = True

    @property
    def points(self) -> int:
        return sum(lot.points for lot in self.lots)


@dataclass(frozen=True, slots=True)
class Take:
    """`points` of one lot."""

    lot_id: int
    points: int


@dataclass(frozen=True, slots=True)
class Debit:
    """Points drawn in spending order, or from the lots named in `takes`; what no lot covers becomes debt
    only where `debt` allows so many, of `debtor_id` or else of the posting's person."""

    account_id: int
    points: int
    takes: Sequence[Take] | None = None
    debt: int = 0
    lifetime: Lifetime = Lifetime.NONE
    debtor_id: int | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Points returned to the lots an earlier debit drew, with their dates as they are. `repays` is off where debts
    stay as they are (undoing changes)."""

    account_id: int
    takes: Sequence[Take]
    lifetime: Lifetime = Lifetime.NONE
    repays: bool = True

    @property
    def points(self) -> int:
        return sum(take.points for take in self.takes)


@dataclass(frozen=True, slots=True)
class Carry:
    """Points that go to another account of the same type as child lots with the parents' dates, earner and origin.

    Drawn in spending order, or from the lots named in `takes`: two entries whose sum is nothing. `contributor_id`
    is the person through whose membership they come in; with `keeps_contributor` each lot keeps the one it has.
    `repays` is off where debts stay as they are (changes of memberships).
    """

    account_id: int
    to_account_id: int
    points: int
    contributor_id: int | None
    takes: Sequence[Take] | None = None
    keeps_contributor: bool = False
    repays: bool = True


@dataclass(frozen=True, slots=True)
class CarryDebt:
    """Points of an open debt that another account of the same type owes from now on, by the same person.

    The old debt is repaid by a credit, the new one arises by a debit: two entries whose sum is nothing.
    """

    account_id: int
    to_account_id: int
    points: int
    debt_id: int
    person_id: int | None


@dataclass(frozen=True, slots=True)
class Settle:
    """Points of an open debt repaid by a credit of their own, where an undo charges somebody else with them."""

    account_id: int
    points: int
    debt_id: int


Move = Credit | Debit | GiveBack | Carry | CarryDebt | Settle


def accounts_of(moves: Sequence[Move]) -> set[int]:
    """The ids of all accounts the moves write to."""
    both = {move.to_account_id for move in moves if isinstance(move, Carry | CarryDebt)}
    return both | {move.account_id for move in moves}
