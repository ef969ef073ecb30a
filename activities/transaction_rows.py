"""The rows of a sale or an interaction and what its event tells, however it is written."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from activities.models import Transaction, TransactionItem
from activities.transaction_calls import TransactionCall
from common.actor import Actor
from common.db import next_ids


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a sale, not stored yet; lines count from 1."""

    line: int
    sku: str
    category: str
    quantity: Decimal
    amount: Decimal
    returns: None = None


def transaction_columns(
    call: TransactionCall,
    *,
    program_id: int | None,
    business_unit: str,
    customer_id: int | None,
    at: datetime,
    recorded_at: datetime,
    actor: Actor,
) -> dict[str, Any]:
    """With a new id. `program_id` is where it earns; `business_unit` where the call names none."""
    return {
        "id": next_ids("activities_transaction_id_seq")[0],
        "channel_id": actor.channel_id,
        "reference": call.reference,
        "type": call.type,
        "program_id": program_id,
        "business_unit": call.business_unit or business_unit,
        "customer_id": customer_id,
        "amount": call.total,
        "currency": call.currency if call.total is not None else "",
        "location": call.location,
        "original_id": None,
        "occurred_at": at,
        "recorded_at": recorded_at,
        "user_id": actor.user_id,
    }


def lines_of(call: TransactionCall) -> list[Line]:
    return [
        Line(number, item.sku, item.category, item.quantity, item.amount)
        for number, item in enumerate(call.items, start=1)
    ]


def new_items(row: Transaction, call: TransactionCall) -> list[TransactionItem]:
    """Not stored yet."""
    return [TransactionItem(transaction=row, **asdict(line)) for line in lines_of(call)]


def event_facts(row: Transaction, memberships: Iterable[int]) -> dict[str, Any]:
    """Ids and figures; `memberships` are those it touched."""
    return {
        "type": str(row.type),
        "customer": row.customer_id,
        "memberships": sorted(set(memberships)),
        "amount": None if row.amount is None else str(row.amount),
        "currency": row.currency,
        "original": row.original_id,
    }
