"""Orders of rewards as they are looked at, and what an order means for the posting that pays it."""

from datetime import datetime
from typing import Any

from activities.models import OrderStatus, RewardKind, RewardOrder
from activities.reward_errors import PaidOrder
from activities.vouchers import masked_code, voucher_shape
from common.actor import Actor
from common.errors import NotFound
from memberships.led_here import home_id
from points.balances import iso
from points.models import Posting
from programs.design import Design

USE = "vouchers:use"


def visible_order(order_id: int, actor: Actor) -> RewardOrder:
    """NotFound where it does not exist or belongs to a program the actor has no part in."""
    orders = RewardOrder.objects.visible_to(actor).select_related("item__point_type", "customer", "membership")
    found: RewardOrder | None = orders.filter(pk=order_id).first()
    if found is None:
        raise NotFound("There is no such order that you can see.")
    return found


def is_cancellable(order: RewardOrder) -> bool:
    """Vouchers are handed over at once, yet can be taken back as long as none was used."""
    if order.status == OrderStatus.ORDERED:
        return True
    return order.status == OrderStatus.FULFILLED and order.item.kind == RewardKind.VOUCHER


def paid_order(posting: Posting) -> RewardOrder | None:
    return RewardOrder.objects.select_related("item").filter(posting=posting).first()


def refuse_paid_order(posting: Posting) -> None:
    """Raise PaidOrder where taking the posting back would leave an order nobody paid."""
    order = paid_order(posting)
    if order is not None and is_cancellable(order):
        raise PaidOrder(
            f"Posting {posting.pk} pays order {order.pk} ({order.item.name}): cancel the order, which gives the points "
            "back with what it took from stock.",
            facts={"posting": posting.pk, "order": order.pk},
        )


def sees_codes(order: RewardOrder, actor: Actor) -> bool:
    """Who ordered hands the vouchers over; others need the right to use them."""
    own = not actor.is_staff and order.channel_id == actor.channel_id
    return own or actor.may(USE, order.program_id)


def order_shape(order: RewardOrder, design: Design, actor: Actor, *, at: datetime) -> dict[str, Any]:
    """The API's <order>."""
    vouchers = order.vouchers.select_related("item", "membership", "activity").order_by("pk")
    shown = [voucher_shape(voucher, at=at) for voucher in vouchers]
    if not sees_codes(order, actor):
        shown = [one | {"code": masked_code(one["code"])} for one in shown]
    return {
        "id": order.pk,
        "program": design.program.code,
        "membership": order.membership_id,
        "current_membership": home_id(order.membership, order.customer_id),
        "member": order.customer_id,
        "reward": order.item.code,
        "name": order.item.name,
        "kind": order.item.kind,
        "quantity": order.quantity,
        "points": order.points,
        "point_type": design.point_types[order.item.point_type_id].code,
        "status": order.status,
        "reason": order.settled_why,
        "activity": order.activity_id,
        "paid_by": order.posting_id,
        "ordered_at": iso(order.ordered_at),
        "settled_at": iso(order.settled_at) if order.settled_at else None,
        "vouchers": shown,
    }
