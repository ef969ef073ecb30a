"""Order a reward for points, cancel the order, hand the reward over (domain 1.12).

An order, the redemption that pays it, what it takes from stock and its vouchers are one transaction. Locks: order and
its vouchers, membership, account, lots, stock.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from activities.errors import LimitExceeded
from activities.general import Done, post_activity, posting_shape
from activities.models import OrderStatus, RewardItem, RewardKind, RewardOrder
from activities.orders import is_cancellable, order_shape, visible_order
from activities.redeeming import debits_of
from activities.reversing import reverse_asked
from activities.reward_errors import OrderWrongStatus
from activities.rewards import RIGHT as MANAGE
from activities.rewards import check_orderable, reward_of
from activities.rules.compiled import rules_for
from activities.stock import give_stock_back, take_stock
from activities.targeting import locked_target, require_right
from activities.types import activity_type
from activities.using_vouchers import cancel_unused
from activities.vouchers import VoucherIssue, issue_many
from common import clock
from common.actor import Actor
from common.db import in_program, lock_rows, retrying
from common.errors import NotAllowed
from gateway.events import record_event
from memberships.targets import Target, find_target
from points.reasons import code_and_note
from points.reversal_parts import Part
from programs.design import Design, design_of

RIGHT = "points:redeem"
# The type of activity an order is; rules may ask for it.
RULED = "redeem"
MOST = 1_000
MOST_POINTS = 10**15


@dataclass(frozen=True, slots=True)
class OrderCall:
    """`reward` is a code; `member` the customer who orders; `note` how it is to be handed over."""

    membership_id: int
    reward: str
    quantity: int = 1
    member: int | None = None
    reference: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Price:
    """What the redemption says of itself."""

    points: int
    point_type: str
    reference: str
    location: str = ""
    note: str = ""


def order_reward(call: OrderCall, *, actor: Actor) -> dict[str, Any]:
    """Redeem the price, take the stock and issue what is a voucher; the API's <order> with posting and balances.

    Raises NotFound, NotAllowed, UnknownReward, RewardNotOffered, TierNeeded, RewardLimitReached, OutOfStock and what
    redeeming raises.
    """
    return retrying(lambda: _order(call, actor=actor))


def cancel_order(order_id: int, *, actor: Actor, reason: str, note: str = "") -> dict[str, Any]:
    """Give the points back to their lots and the pieces to the stock; vouchers, all unused, end. A correction: asks no
    status. `reason` is a code, or a sentence that is kept as a note.

    Raises NotFound, NotAllowed, OwnPoints, OrderWrongStatus, VouchersUsed.
    """
    seen = visible_order(order_id, actor)
    if not may_cancel(seen, actor):
        raise NotAllowed(
            "A channel cancels the orders it placed; those of others need the right rewards:manage.",
            facts={"order": order_id},
        )
    return retrying(lambda: _cancel(seen, actor=actor, part=Part(*code_and_note(reason, note))))


def fulfil_order(order_id: int, *, actor: Actor) -> dict[str, Any]:
    """The reward was handed over; the API's <order>. Raises NotFound, NotAllowed, OrderWrongStatus."""
    seen = visible_order(order_id, actor)
    require_right(actor, MANAGE, seen.program_id)
    with in_program(seen.program_id):
        order, design = _locked(seen), design_of(seen.program_id)
        if order.status != OrderStatus.ORDERED:
            raise _wrong_status(order, "can't be fulfilled")
        at = clock.program_now(design.program)
        _settle(order, OrderStatus.FULFILLED, actor=actor, at=at)
        return order_shape(order, design, actor, at=at)


def may_cancel(order: RewardOrder, actor: Actor) -> bool:
    own = actor.is_staff or order.channel_id == actor.channel_id
    return actor.may(MANAGE, order.program_id) or (own and actor.may(RIGHT, order.program_id))


def _order(call: OrderCall, *, actor: Actor) -> dict[str, Any]:
    find = partial(find_target, actor, membership_id=call.membership_id, member=call.member, at=clock.now())
    target = find()
    with in_program(target.membership.program_id):
        require_right(actor, RIGHT, target.membership.program_id)
        design = design_of(target.membership.program_id)
        item = reward_of(design, call.reward)
        at = clock.program_now(design.program)
        # What a membership had is counted under its own lock: two orders at once would both be the last.
        exclusively = item.limit_per_member is not None or bool(rules_for(design, at, RULED))
        target = locked_target(target, find, exclusively=exclusively)
        check_orderable(item, target.membership, call.quantity, design=design, at=at)
        done = _redeem(_price(item, call, design), target, design=design, at=at, actor=actor)
        order = _place(item, call, target, done, at=at, actor=actor)
        take_stock(order, actor=actor, at=at)
        _hand_over(order, design=design, at=at, actor=actor)
        return order_shape(order, design, actor, at=at) | {
            "posting": posting_shape(done.posted, design),
            "redirected_from": target.redirected_from,
            "balances": done.balances(),
        }


def _price(item: RewardItem, call: OrderCall, design: Design) -> _Price:
    points = item.price * call.quantity
    if call.quantity > MOST or points > MOST_POINTS:
        raise LimitExceeded(
            f"An order takes at most {MOST} pieces and {MOST_POINTS} points.",
            facts={"limit": MOST, "asked": call.quantity, "points": points},
        )
    return _Price(points, design.point_types[item.point_type_id].code, call.reference)


def _redeem(price: _Price, target: Target, *, design: Design, at: datetime, actor: Actor) -> Done:
    return post_activity(
        activity_type(design, RULED),
        price,
        target,
        design=design,
        at=at,
        actor=actor,
        moves=lambda situation: debits_of(situation, price.points),
    )


def _place(item: RewardItem, call: OrderCall, target: Target, done: Done, *, at: datetime, actor: Actor) -> RewardOrder:
    order = RewardOrder.objects.create(
        program_id=item.program_id,
        item=item,
        membership=target.membership,
        customer_id=target.person_id,
        quantity=call.quantity,
        points=item.price * call.quantity,
        activity_id=done.activity_id,
        posting_id=done.posted.id,
        note=call.note,
        ordered_at=at,
        channel_id=actor.channel_id,
        user_id=actor.user_id,
    )
    _tell("order.placed", order)
    return order


def _hand_over(order: RewardOrder, *, design: Design, at: datetime, actor: Actor) -> None:
    """Vouchers need nobody to hand them over: they are issued with the order."""
    if order.item.kind != RewardKind.VOUCHER:
        return
    issue = VoucherIssue(order.membership_id, order.item.code, order.activity_id, at, order_id=order.pk)
    issue_many([issue] * order.quantity, design=design, actor=actor)
    _settle(order, OrderStatus.FULFILLED, actor=actor, at=at)


def _cancel(seen: RewardOrder, *, actor: Actor, part: Part) -> dict[str, Any]:
    with in_program(seen.program_id):
        order, design = _locked(seen), design_of(seen.program_id)
        if not is_cancellable(order):
            raise _wrong_status(order, "can't be cancelled")
        at = clock.program_now(design.program)
        cancel_unused(order, actor=actor, at=at)
        back = reverse_asked(order.posting, part, actor=actor)
        give_stock_back(order, actor=actor, at=at)
        _settle(order, OrderStatus.CANCELLED, actor=actor, at=at, why=part.reason_code)
        return order_shape(order, design, actor, at=at) | {
            name: back[name] for name in ("posting", "expired", "balances")
        }


def _settle(order: RewardOrder, status: OrderStatus, *, actor: Actor, at: datetime, why: str = "") -> None:
    order.status, order.settled_at, order.settled_why = status, at, why
    order.settled_channel_id, order.settled_by_id = actor.channel_id, actor.user_id
    order.save(update_fields=["status", "settled_at", "settled_why", "settled_channel", "settled_by_id"])
    _tell(f"order.{status}", order)


def _tell(kind: str, order: RewardOrder) -> None:
    facts = {
        "reward": order.item.code,
        "membership": order.membership_id,
        "quantity": order.quantity,
        "points": order.points,
        "posting": order.posting_id,
    }
    record_event(kind, program_id=order.program_id, subject_id=order.pk, facts=facts)


def _locked(seen: RewardOrder) -> RewardOrder:
    """The order as it is once nobody else settles it."""
    (order,) = lock_rows(RewardOrder.objects.select_related("item", "posting", "membership").filter(pk=seen.pk))
    return order


def _wrong_status(order: RewardOrder, what: str) -> OrderWrongStatus:
    cure = ""
    if order.status == OrderStatus.FULFILLED:
        cure = " What was handed over is taken back by reversing its posting."
    return OrderWrongStatus(
        f"Order {order.pk} is {order.get_status_display()} and {what}.{cure}",
        facts={"order": order.pk, "status": order.status, "posting": order.posting_id},
    )
