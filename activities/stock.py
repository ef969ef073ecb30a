"""How many of a reward are left. Whoever never set a stock gives as many as are asked for (domain 1.12).

The stock is the last row an order locks: it is taken by one conditional update, which waits for whoever took before
and then asks again.
"""

from datetime import datetime

from django.db.models import F

from activities.models import RewardItem, RewardOrder, RewardStock, StockMovement
from activities.reward_errors import OutOfStock
from activities.rewards import RIGHT
from activities.targeting import require_right
from common import clock
from common.actor import Actor
from common.db import in_program, lock_rows
from gateway.events import record_event
from points.reasons import checked_reason

MOST = 10**9


def left_of(item: RewardItem) -> int | None:
    """None: as many as are asked for."""
    return RewardStock.objects.filter(item=item).values_list("left", flat=True).first()


def set_stock(item: RewardItem, left: int | None, *, actor: Actor, reason_code: str) -> int | None:
    """So many are left from now on, or with None as many as are asked for; how many there were before.

    Raises NotAllowed, ReasonNotACode.
    """
    require_right(actor, RIGHT, item.program_id)
    checked_reason(reason_code)
    with in_program(item.program_id):
        # A first stock has no row to lock: two who set it wait for each other at the item.
        (item,) = lock_rows(RewardItem.objects.filter(pk=item.pk))
        rows = lock_rows(RewardStock.objects.filter(item=item))
        before = rows[0].left if rows else None
        if before == left:
            return before
        if left is None:
            rows[0].delete()
        else:
            RewardStock.objects.update_or_create(item=item, defaults={"left": left})
        moved = (left or 0) - (before or 0)
        if moved:
            now = clock.program_now(item.program)
            _note(item.pk, moved, left or 0, order=None, reason_code=reason_code, actor=actor, at=now)
        record_event(
            "reward.stock_set",
            program_id=item.program_id,
            subject_id=item.pk,
            facts={"reward": item.code, "before": before, "left": left},
        )
        return before


def take_stock(order: RewardOrder, *, actor: Actor, at: datetime) -> None:
    """Take what was ordered. Raises OutOfStock."""
    stock = RewardStock.objects.filter(item=order.item_id)
    if stock.filter(left__gte=order.quantity).update(left=F("left") - order.quantity):
        left = stock.values_list("left", flat=True).get()
        _note(order.item_id, -order.quantity, left, order=order, reason_code="", actor=actor, at=at)
        return
    short = stock.values_list("left", flat=True).first()
    if short is not None:
        raise OutOfStock(
            f"{short} of {order.item} are left, {order.quantity} were asked for.",
            facts={"reward": order.item.code, "left": short, "asked": order.quantity},
        )


def give_stock_back(order: RewardOrder, *, actor: Actor, at: datetime) -> None:
    """What the order took, where a stock is kept: nothing for an order placed while none was."""
    if not StockMovement.objects.filter(order=order, quantity__lt=0).exists():
        return
    stock = RewardStock.objects.filter(item=order.item_id)
    if stock.update(left=F("left") + order.quantity):
        left = stock.values_list("left", flat=True).get()
        _note(order.item_id, order.quantity, left, order=order, reason_code="cancelled", actor=actor, at=at)


def _note(
    item_id: int,
    quantity: int,
    left: int,
    *,
    order: RewardOrder | None,
    reason_code: str,
    actor: Actor,
    at: datetime,
) -> None:
    StockMovement.objects.create(
        item_id=item_id,
        quantity=quantity,
        left=left,
        order=order,
        reason_code=reason_code,
        channel_id=actor.channel_id,
        user_id=actor.user_id,
        recorded_at=at,
    )
