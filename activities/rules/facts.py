"""What a decision is made from: an activity and the state of its membership, as plain values.

Whoever decides many activities of one program loads them together (activities.rules.loading); what several of them
count towards (uses of program-wide caps, budgets) is one mapping that all their states share.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from common.records import record

AttributeFact = Decimal | str | bool | date
Scalar = str | int | float | bool | None


@record
class ItemFacts:
    """A line of a sale; `amount` is that of the whole line."""

    sku: str
    category: str
    quantity: Decimal
    amount: Decimal


@record
class ActivityFacts:
    """`at` is the time of the event, `local` the same in the program's zone; channel and partner are codes. `foreign`:
    its money is of another currency than the program's."""

    type: str
    at: datetime
    local: datetime
    points: int | None = None
    amount: Decimal | None = None
    currency: str = ""
    channel: str = ""
    partner: str = ""
    location: str = ""
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    items: tuple[ItemFacts, ...] = ()
    foreign: bool = False


class UseKey(NamedTuple):
    """A membership and day, a membership, or (neither) the whole program: what a cap of a rule counts over."""

    rule_id: int
    membership_id: int | None
    day: date | None


class Use(NamedTuple):
    times: int
    points: int


NOT_USED = Use(0, 0)


@record
class MemberState:
    """A membership as its rules see it, before the activity.

    `attributes` holds what has a value or a default. `points` are those available by code of the point type, as far
    as a rule reads them. `campaigns` are the ids of those on whose list it stands or that its member joined;
    `budgets` what is left of each campaign's, None without limit.
    """

    membership_id: int
    type: str
    enrolled_at: datetime
    is_main: bool = True
    birth_month: int = 0
    birth_day: int = 0
    language: str = ""
    tiers: Mapping[str, str] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)
    attributes: Mapping[str, AttributeFact] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()
    points: Mapping[str, int] = field(default_factory=dict)
    campaigns: frozenset[int] = frozenset()
    uses: Mapping[UseKey, Use] = field(default_factory=dict)
    budgets: Mapping[int, int | None] = field(default_factory=dict)
