"""The rows of a sale or an interaction and what its event tells, however it is written."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from activities.models import Transaction, TransactionItem
from activities.transaction_calls import TransactionCall
from common.actor import Actor
from common.db import next_ids
from programs.models import Program


def new_transaction(
    call: TransactionCall,
    *,
    program: Program | None,
    business_unit: str,
    customer_id: int | None,
    at: datetime,
    recorded_at: datetime,
    actor: Actor,
) -> Transaction:
    """Not stored yet. `program` is where it earns; `business_unit` where the call names none."""
    return Transaction(
        pk=next_ids("activities_transaction_id_seq")[0],
        channel_id=actor.channel_id,
        reference=call.reference,
        type=call.type,
        program=program,
        business_unit=call.business_unit or business_unit,
        customer_id=customer_id,
        amount=call.total,
        currency=call.currency if call.total is not None else "",
        location=call.location,
        occurred_at=at,
        recorded_at=recorded_at,
        user_id=actor.user_id,
    )


def new_items(row: Transaction, call: TransactionCall) -> list[TransactionItem]:
    """Not stored yet; lines count from 1."""
    return [
        TransactionItem(
            transaction=row,
            line=line,
            sku=item.sku,
            category=item.category,
            quantity=item.quantity,
            amount=item.amount,
        )
        for line, item in enumerate(call.items, start=1)
    ]


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
