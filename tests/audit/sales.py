"""Sales, one of them returned in part and one paid with points of another, and a claim, written row by row."""

from datetime import datetime
from typing import Any

from activities.models import ActivityType, Claim, MemberActivity, Transaction, TransactionItem
from customers.models import Message
from memberships.models import SpendingCode
from points.models import Lot, Posting, Reversal, ReversalLine

from . import ledger
from .rewards import number_events
from .world import World, days

SOLD = {"amount": "60.00", "currency": "EUR"}


def add_sales(world: World) -> None:
    """Katrin bought for 60, a third of which came back; a stranger's sale in no program came back wholly; a receipt
    that Katrin claimed was granted."""
    bought = world.now - days(1.862)
    sale = _transaction(world, "A1", bought, program=world.north, **SOLD)
    cups = TransactionItem.objects.create(transaction=sale, line=1, sku="cup", quantity=2, amount="40.00")
    TransactionItem.objects.create(transaction=sale, line=2, sku="lamp", amount="20.00")
    earned = _posted(world, "earn", _activity(world, "purchase", bought, transaction=sale, **SOLD), bought)
    lot = ledger.credit(earned, world.account("katrin"), 60, expires_at=world.now + days(80))
    paid = _posted(world, "redeem", _activity(world, "redeem", bought, transaction=sale, points=9), bought)
    ledger.debit(paid, world.account("katrin"), [(lot, 9)])
    _allowed_by_code(world, sale, bought)
    _returned_in_part(world, sale, cups, earned)
    elsewhere = _transaction(world, "A3", bought, amount="5.00", currency="EUR")
    _transaction(world, "A4", bought, type="return", original=elsewhere, amount="5.00", currency="EUR")
    _claims(world)
    number_events()


def _allowed_by_code(world: World, sale: Transaction, at: datetime) -> None:
    message = Message.objects.create(
        customer=world.customers["katrin"],
        channel="email",
        purpose="code",
        template="spending-code",
        created_at=at,
        status="failed",
    )
    SpendingCode.objects.create(
        program=world.north, membership=world.memberships["katrin"], customer=world.customers["katrin"],
        point_type=world.miles, channel_id=world.till.pk, most_points=9, secret_digest=b"code", sent_at=at,
        expires_at=at, used_at=at, transaction_id=sale.pk, message=message,
    )  # fmt: skip


def _returned_in_part(world: World, sale: Transaction, cups: TransactionItem, earned: Posting) -> None:
    at = world.now - days(1.858)
    money = {"amount": "20.00", "currency": "EUR"}
    row = _transaction(world, "A2", at, program=world.north, type="return", original=sale, **money)
    TransactionItem.objects.create(transaction=row, line=1, sku="cup", quantity=1, amount="20.00", returns=cups)
    _activity(world, "return", at, transaction=row, **money)
    reversal = Reversal.objects.create(
        program=world.north, reverses=earned, part=1, policy="negative", reason_code="returned", note="A2",
        channel=world.till, recorded_at=at,
    )  # fmt: skip
    back = ledger.posting(
        "reverse", for_set=earned.for_set, channel=world.till, at=at, cause=("reversal", reversal.pk),
        reverses=earned, part=1, reason_code="returned",
    )  # fmt: skip
    lot = Lot.objects.get(entry__posting=earned)
    ledger.debit(back, world.account("katrin"), [(lot, 20)])
    ReversalLine.objects.create(reversal=reversal, point_type=world.miles, asked=20, posted=20)


def _claims(world: World) -> None:
    """One granted, one refused of the same receipt, one that waits."""
    bought = world.now - days(9)
    granted = _activity(world, "purchase", bought, reference="B1", amount="12.00", currency="EUR")
    decided = {"decided_by_id": 1, "decided_at": world.now}
    _claim(world, "B1", bought, status="refused", **decided)
    _claim(world, "B1", bought, status="granted", activity=granted, **decided)
    _claim(world, "B2", bought)


def _claim(world: World, receipt: str, at: datetime, **more: Any) -> Claim:
    return Claim.objects.create(
        program=world.north, membership=world.memberships["katrin"], customer=world.customers["katrin"],
        receipt=receipt, occurred_at=at, amount="12.00", currency="EUR", channel=world.till, received_at=world.now,
        **more,
    )  # fmt: skip


def _transaction(world: World, reference: str, at: datetime, **more: Any) -> Transaction:
    values = {"type": "purchase", "occurred_at": at, "recorded_at": at, "channel": world.till}
    return Transaction.objects.create(reference=reference, **(values | more))


def _activity(world: World, code: str, at: datetime, **more: Any) -> MemberActivity:
    known, _ = ActivityType.objects.get_or_create(
        program=world.north, code=code, defaults={"name": code, "flow": "none"}
    )
    return MemberActivity.objects.create(
        program=world.north, type=known, membership=world.memberships["katrin"], channel=world.till,
        status="processed", occurred_at=at, recorded_at=at, **more,
    )  # fmt: skip


def _posted(world: World, kind: str, activity: MemberActivity, at: datetime) -> Posting:
    for_set = world.memberships["katrin"].own_set
    made = ledger.posting(kind, for_set=for_set, channel=world.till, at=at, cause=("activity", activity.pk))
    MemberActivity.objects.filter(pk=activity.pk).update(posting=made)
    return made
