"""The words the sample world is written in: programs, people, and what happened, as values.

Times are told as months and days before today, so that the world is as old on every day it is loaded.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Points:
    """A point type; `values` are columns of it."""

    code: str
    name: str
    money_value: Decimal = Decimal("0.01")
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ladder:
    """Tiers from the lowest up, each with its threshold of qualifying points. Without `points`, classes by rules or by
    the value of `attribute`."""

    code: str
    name: str
    tiers: tuple[tuple[str, int], ...]
    points: Points | None = None
    fed_by: str = "points"
    attribute: str | None = None


@dataclass(frozen=True)
class ProgramPlan:
    """`season_months` is how many months from now the program ends; `values` are columns of it."""

    code: str
    name: str
    business_unit: str
    color: str
    prefix: str
    points: Points | None = None
    ladder: Ladder | None = None
    second_ladder: Ladder | None = None
    season_months: int | None = None
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """`points` are redeemed where negative; without `point_type` the program's default type is meant."""

    points: int
    months: int = 0
    days: int = 0
    point_type: str | None = None
    location: str = ""
    reference: str = ""


@dataclass(frozen=True)
class MembershipPlan:
    """`balance` is what the events, transfers, expiries and corrections must come to; without a number one is drawn."""

    program: str
    months: int
    balance: int = 0
    number: str | None = None
    tier: str | None = None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Person:
    """`number`: the customer number of the document; None: drawn. `story` names it in the file of logins."""

    story: str
    first_name: str
    last_name: str
    email: str
    phone: str
    months: int
    memberships: tuple[MembershipPlan, ...]
    number: str | None = None
