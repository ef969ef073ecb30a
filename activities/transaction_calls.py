"""What a till says of a sale, a return or an interaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from activities.models import TransactionType

TAKE = "activities:write"


@dataclass(frozen=True, slots=True)
class ItemCall:
    amount: Decimal
    quantity: Decimal = Decimal(1)
    sku: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class SpendCall:
    """Points that pay a part. Those of another person take the number of a card that person holds, or the code that
    was sent to them (memberships.spending_codes)."""

    membership_id: int
    points: int
    point_type: str | None = None
    card_number: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class TransactionCall:
    """At most one of the four names who bought; `program`, a code, says in which program a customer takes part or a
    member number is meant. `member` is the customer who acted in a membership of several."""

    reference: str
    type: str = TransactionType.PURCHASE
    amount: Decimal | None = None
    currency: str = ""
    occurred_at: datetime | None = None
    items: tuple[ItemCall, ...] = ()
    location: str = ""
    business_unit: str = ""
    membership_id: int | None = None
    card_number: str | None = None
    member_number: str | None = None
    customer_id: int | None = None
    program: str | None = None
    member: int | None = None
    redeem: SpendCall | None = None
    partner: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def total(self) -> Decimal | None:
        """The amount as told, else the sum of the items."""
        if self.amount is None and self.items:
            return sum((item.amount for item in self.items), Decimal(0))
        return self.amount


@dataclass(frozen=True, slots=True)
class Spent:
    """What an activity tells of a transaction; points where they pay a part."""

    points: int | None
    point_type: str | None
    reference: str
    location: str
    note: str = ""
