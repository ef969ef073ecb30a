"""The catalog: what a program offers for points, to whom, and how much of it is left (domain 1.12)."""

from datetime import datetime

from django.db.models import Sum

from activities.models import OrderStatus, RewardItem, RewardKind, RewardOrder, RewardStatus
from activities.reward_errors import (
    RewardIncomplete,
    RewardLimitReached,
    RewardNotOffered,
    RewardWrongStatus,
    TierNeeded,
    UnknownReward,
)
from activities.targeting import require_right
from common.actor import Actor
from common.db import in_program, lock_rows
from common.errors import LoyaltyError
from common.history import audit_context
from gateway.events import record_event
from memberships.led_here import led_here
from memberships.models import Membership
from memberships.standings import open_standings
from programs.design import Design
from programs.models import PointKind

RIGHT = "rewards:manage"


def rewards_of(design: Design) -> dict[str, RewardItem]:
    """Every reward of the program by its code, offered or not; kept with the design's version."""
    rewards = design.derived.get("rewards")
    if not isinstance(rewards, dict):
        found = RewardItem.objects.filter(program_id=design.program.pk).select_related("tier")
        rewards = {item.code: item for item in found}
        design.derived["rewards"] = rewards
    return rewards


def reward_of(design: Design, code: str) -> RewardItem:
    rewards = rewards_of(design)
    if code not in rewards:
        raise UnknownReward(f"{design.program.name} has no reward “{code}”.", facts={"reward": code})
    return rewards[code]


def offer(item: RewardItem, *, actor: Actor, reason: str) -> RewardItem:
    """Let it be ordered. Raises RewardWrongStatus, RewardIncomplete."""
    with in_program(item.program_id), audit_context(actor, reason):
        row = _locked(item, actor)
        if row.status == RewardStatus.OFFERED:
            raise RewardWrongStatus(f"{row.name} is offered already.", facts={"status": row.status})
        _refuse_incomplete(row)
        return _set_status(row, RewardStatus.OFFERED)


def withdraw(item: RewardItem, *, actor: Actor, reason: str) -> RewardItem:
    """No new orders; those placed, and vouchers issued, go on. Raises RewardWrongStatus."""
    with in_program(item.program_id), audit_context(actor, reason):
        row = _locked(item, actor)
        if row.status != RewardStatus.OFFERED:
            raise RewardWrongStatus(
                f"{row.name} is {row.get_status_display()}: only what is offered can be withdrawn.",
                facts={"status": row.status},
            )
        return _set_status(row, RewardStatus.WITHDRAWN)


def why_not_offered(item: RewardItem, design: Design, *, at: datetime) -> str:
    """Why nobody can order it on that day, in words; empty where it is offered."""
    day = at.astimezone(design.zone).date()
    if item.status != RewardStatus.OFFERED:
        return f"{item.name} is {item.get_status_display()}."
    if item.valid_from is not None and day < item.valid_from:
        return f"{item.name} is offered from {item.valid_from.isoformat()} on."
    if item.valid_until is not None and day > item.valid_until:
        return f"{item.name} was offered until {item.valid_until.isoformat()}."
    return ""


def check_orderable(item: RewardItem, membership: Membership, quantity: int, *, design: Design, at: datetime) -> None:
    """Whether this membership may order so many now, points and stock apart; the membership is locked so that no second
    order comes between.

    Raises RewardNotOffered, TierNeeded, RewardLimitReached.
    """
    reason = why_not_offered(item, design, at=at)
    if reason:
        raise RewardNotOffered(reason, facts={"reward": item.code, "status": item.status})
    _check_tier(item, membership)
    _check_limit(item, membership, quantity)


def orderable(item: RewardItem, membership: Membership, *, design: Design, at: datetime) -> LoyaltyError | None:
    """Why one could not be ordered, if so; only told, the order asks again under its locks."""
    try:
        check_orderable(item, membership, 1, design=design, at=at)
    except LoyaltyError as error:
        return error
    return None


def _check_tier(item: RewardItem, membership: Membership) -> None:
    needed = item.tier
    if needed is None:
        return
    standing = open_standings(membership).filter(group_id=needed.group_id).select_related("tier").first()
    if standing is None or standing.tier.rank < needed.rank:
        now = standing.tier.name if standing else None
        raise TierNeeded(
            f"{item.name} takes the tier {needed.name}" + (f"; it is {now} now." if now else "."),
            facts={"reward": item.code, "tier": needed.code, "now": standing.tier.code if standing else None},
        )


def _check_limit(item: RewardItem, membership: Membership, quantity: int) -> None:
    limit = item.limit_per_member
    if limit is None:
        return
    # What was ordered before a merge, by whoever takes part here now, counts on.
    theirs = led_here(membership).rows("customer")
    placed = RewardOrder.objects.filter(theirs, item=item).exclude(status=OrderStatus.CANCELLED)
    had = placed.aggregate(sum=Sum("quantity"))["sum"] or 0
    if had + quantity > limit:
        raise RewardLimitReached(
            f"A membership may have {limit} of {item.name}; this one has {had}, {quantity} more were asked for.",
            facts={"reward": item.code, "limit": limit, "had": had, "asked": quantity},
        )


def _locked(item: RewardItem, actor: Actor) -> RewardItem:
    require_right(actor, RIGHT, item.program_id)
    row: RewardItem
    (row,) = lock_rows(RewardItem.objects.filter(pk=item.pk))
    return row


def _refuse_incomplete(item: RewardItem) -> None:
    if item.point_type.kind != PointKind.REDEEMABLE:
        raise RewardIncomplete(
            f"{item.name} has its price in {item.point_type.name}, which cannot be spent: choose redeemable points.",
            facts={"reward": item.code, "point_type": item.point_type.code},
        )
    if item.tier is not None and item.tier.group.program_id != item.program_id:
        raise RewardIncomplete(f"The tier of {item.name} belongs to another program.", facts={"reward": item.code})
    if item.kind == RewardKind.VOUCHER and not item.face:
        raise RewardIncomplete(f"{item.name} needs the value its vouchers have.", facts={"reward": item.code})


def _set_status(row: RewardItem, status: RewardStatus) -> RewardItem:
    row.status = status
    row.save(update_fields=["status"])
    record_event(f"reward.{status}", program_id=row.program_id, subject_id=row.pk, facts={"reward": row.code})
    return row
