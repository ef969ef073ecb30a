"""A posting while it is worked out, and as it was written."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from common.records import record
from points.moves import NewLot
from programs.design import Design


@dataclass(slots=True)
class Account:
    """An account under its lock, carried forward through the moves of a posting."""

    id: int
    point_type_id: int
    balance: int
    entry_count: int
    debt: int
    lifetime_earned: int
    lifetime_redeemed: int
    closed: bool
    exempt_until: datetime | None
    frozen_until: datetime | None


@record
class WrittenEntry:
    id: int
    account_id: int
    point_type_id: int
    number: int
    amount: int
    balance_after: int


@record
class WrittenLot:
    id: int
    entry_id: int
    account_id: int
    new: NewLot
    remaining: int


class WrittenChild(NamedTuple):
    """Points of a lot that go to another account with the parent's dates, earner and origin, which the statement that
    writes them takes from the parent; so too the contributor with `keeps_contributor`."""

    id: int
    entry_id: int
    account_id: int
    parent_id: int
    points: int
    contributor_id: int | None
    keeps_contributor: bool


@record
class WrittenDraw:
    entry_id: int
    lot_id: int
    points: int


class NewDebt(NamedTuple):
    entry_id: int
    account_id: int
    person_id: int | None
    points: int


@record
class Posted:
    """What a posting wrote; `shortfall` are points no lot covered and that became debt, per account."""

    id: int
    kind: str
    program_id: int
    occurred_at: datetime
    recorded_at: datetime
    reason_code: str
    reverses: int | None
    entries: tuple[WrittenEntry, ...]
    lots: tuple[WrittenLot, ...]
    children: tuple[WrittenChild, ...]
    draws: tuple[WrittenDraw, ...]
    shortfall: dict[int, int]


@dataclass(slots=True)
class Draft:
    """The rows of a posting while they are worked out."""

    design: Design
    person_id: int | None
    occurred_at: datetime
    now: datetime
    accounts: dict[int, Account]
    entries: list[WrittenEntry] = field(default_factory=list)
    lots: list[WrittenLot] = field(default_factory=list)
    children: list[WrittenChild] = field(default_factory=list)
    draws: list[WrittenDraw] = field(default_factory=list)
    lot_changes: dict[int, int] = field(default_factory=dict)
    debts: list[NewDebt] = field(default_factory=list)
    repaid: dict[int, int] = field(default_factory=dict)
