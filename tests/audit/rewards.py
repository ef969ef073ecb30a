"""Orders paid, cancelled and handed over, vouchers and a stock, written row by row."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from activities.models import (
    AwardRow,
    BulkAward,
    MemberActivity,
    RewardItem,
    RewardOrder,
    RewardStock,
    StockMovement,
    Voucher,
    VoucherUse,
)
from gateway.models import Event, EventNumber
from points.models import PostingKind, Reversal, ReversalLine

from . import ledger
from .world import World, days


def add_rewards(world: World) -> None:
    """John ordered a cup, which waits, one that was cancelled, and a voucher he used in part."""
    earned = world.post("for rewards", PostingKind.EARN, world.now - days(1.7), of="john")
    account = world.account("john", pool=True)
    world.lots["for rewards"] = ledger.credit(earned, account, 100, expires_at=world.now + days(40))
    cup = _item(world, "cup")
    off = _item(world, "ten-off", kind="voucher", face=Decimal("10"))
    RewardStock.objects.create(item=cup, left=4)
    _moved(world, cup, 5, 5)
    _moved(world, cup, -1, 4, order=_order(world, cup, world.now - days(1.6)))
    _cancelled(world, cup)
    handed_over = {"status": "fulfilled", "settled_at": world.now - days(1.2)}
    order = _order(world, off, world.now - days(1.2), **handed_over)
    voucher = Voucher.objects.create(
        program=world.north, item=off, membership=order.membership, order=order, activity=order.activity,
        code="0123456789ABCDEF", face=Decimal("10"), remaining=Decimal("7"), currency="EUR", status="part_used",
        issued_at=order.ordered_at,
    )  # fmt: skip
    for number, amount, after in ((1, 4, 6), (2, -1, 7)):
        VoucherUse.objects.create(
            voucher=voucher, number=number, amount=amount, remaining_after=after, channel=world.till,
            used_at=world.now - days(1),
        )  # fmt: skip
    add_award(world)


def _item(world: World, code: str, **more: Any) -> RewardItem:
    values = {"name": code, "point_type": world.miles, "price": 10, "status": "offered"}
    return RewardItem.objects.create(program=world.north, code=code, **(values | more))


def _order(world: World, item: RewardItem, at: datetime, **more: Any) -> RewardOrder:
    paid = world.post(f"order {at}", PostingKind.REDEEM, at, of="john")
    ledger.debit(paid, world.account("john", pool=True), [(world.lots["for rewards"], 10)])
    return RewardOrder.objects.create(
        program=world.north,
        item=item,
        membership=world.memberships["john"],
        customer=world.customers["john"],
        quantity=1,
        points=10,
        activity=MemberActivity.objects.get(posting=paid),
        posting=paid,
        ordered_at=at,
        channel=world.till,
        **more,
    )


def _cancelled(world: World, item: RewardItem) -> None:
    at = world.now - days(1.5)
    order = _order(world, item, at, status="cancelled", settled_at=at)
    _moved(world, item, -1, 3, order=order)
    reversal = Reversal.objects.create(
        program=world.north, reverses=order.posting, part=1, policy="negative", reason_code="cancelled",
        channel=world.till, recorded_at=at,
    )  # fmt: skip
    back = world.post(
        "cancelled order", "reverse", at, of="john", cause=("reversal", reversal.pk), reverses=order.posting, part=1
    )
    ledger.give_back(back, world.account("john", pool=True), [(world.lots["for rewards"], 10)])
    ReversalLine.objects.create(reversal=reversal, point_type=world.miles, asked=10, posted=10)
    MemberActivity.objects.filter(pk=order.activity_id).update(status="reversed")
    _moved(world, item, 1, 4, order=order)


def _moved(world: World, item: RewardItem, quantity: int, left: int, *, order: RewardOrder | None = None) -> None:
    StockMovement.objects.create(
        item=item, quantity=quantity, left=left, order=order, channel=world.till, recorded_at=world.now - days(2)
    )


def add_award(world: World) -> None:
    """Katrin got five points from a list; its other line names nobody."""
    posted = world.adjustment("awarded", 5, world.account("katrin"), of="katrin", at=world.now - days(1.87))
    ledger.credit(posted, world.account("katrin"), 5, expires_at=world.now + days(90))
    award = BulkAward.objects.create(
        program=world.north, name="spring", point_type=world.miles, reason_code="goodwill", status="posted",
        requested_by_id=1, requested_at=world.now - days(1),
    )  # fmt: skip
    row = {"award": award, "program": world.north}
    AwardRow.objects.create(line=2, membership=world.memberships["katrin"], points=5, posting=posted, **row)
    AwardRow.objects.create(line=3, number="N9", problem="There is no such membership.", **row)
    number_events()


def number_events() -> None:
    """Those that have no number yet."""
    last = EventNumber.objects.count()
    waiting = Event.objects.exclude(pk__in=EventNumber.objects.values("event")).order_by("pk")
    for number, event in enumerate(waiting, start=last + 1):
        EventNumber.objects.create(number=number, event=event)
