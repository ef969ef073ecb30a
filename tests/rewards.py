"""Rewards to begin with, offered, with or without a stock."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from activities.models import RewardItem, RewardOrder, RewardStatus, RewardStock, Voucher
from activities.ordering import OrderCall, order_reward
from activities.stock import set_stock
from activities.vouchers import VoucherIssue, issue_many
from common import clock
from memberships.models import Membership
from programs.design import design_of
from programs.models import PointType, Program
from tests.factories import ACTOR

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def make_reward(program: Program, code: str = "headphones", *, left: int | None = None, **values: Any) -> RewardItem:
    defaults = {
        "name": code.title(),
        "point_type": PointType.objects.get(program=program, code="miles"),
        "price": 100,
        "status": RewardStatus.OFFERED,
    }
    item = RewardItem.objects.create(program=program, code=code, **(defaults | values))
    if left is not None:
        set_stock(item, left, actor=ACTOR, reason_code="delivered")
    return item


def make_voucher_reward(program: Program, code: str = "ten-off", **values: Any) -> RewardItem:
    defaults = {"name": "10 off", "kind": "voucher", "face": Decimal("10.00"), "voucher_days": 30}
    return make_reward(program, code, **(defaults | values))


def ordered(membership: Membership, reward: str = "headphones", quantity: int = 1, **values: Any) -> RewardOrder:
    answer = order_reward(OrderCall(membership.pk, reward, quantity, **values), actor=ACTOR)
    return RewardOrder.objects.get(pk=answer["id"])


def issued(membership: Membership, activity_id: int, reward: str = "ten-off") -> Voucher:
    """As a rule gives one."""
    design = design_of(membership.program_id)
    at = clock.program_now(design.program)
    (voucher,) = issue_many([VoucherIssue(membership.pk, reward, activity_id, at)], design=design, actor=ACTOR)
    return voucher


def left_of(item: RewardItem) -> int:
    return RewardStock.objects.get(item=item).left
