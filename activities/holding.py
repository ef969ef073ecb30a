"""Hold points for an open sale, then capture or release them (interfaces 3.1, holds)."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from activities.answers import hold_shape, touched_balances
from activities.general import posting_shape
from activities.targeting import locked_target, require_right
from activities.types import activity_type
from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from common.errors import NotFound
from memberships.able import require_able
from memberships.targets import find_target
from memberships.types import type_of
from points import holds
from points.accounts import account_for
from points.drafts import Posted
from points.models import Hold, PointAccountSet
from programs.design import Design, design_of

RIGHT = "points:redeem"


@dataclass(frozen=True, slots=True)
class HoldCall:
    """`expires_in` counts seconds; `member` is the customer who acts."""

    membership_id: int
    points: int
    point_type: str | None = None
    member: int | None = None
    expires_in: int = holds.DEFAULT_SECONDS
    reference: str = ""


def hold_points(call: HoldCall, *, actor: Actor) -> dict[str, Any]:
    """Set the points aside; the API's answer.

    Raises NotFound, MembershipEnded, MembershipNotAble, NotRedeemable, HoldOutOfBounds, InsufficientPoints.
    """
    return retrying(lambda: _hold(call, actor=actor))


def capture_hold(hold_id: int, *, actor: Actor, points: int | None = None) -> dict[str, Any]:
    """Spend what was held, or so many points of it; the rest is free. A correction: asks no status."""
    return retrying(lambda: _capture(hold_id, actor=actor, points=points))


def release_hold(hold_id: int, *, actor: Actor, reason_code: str = "") -> dict[str, Any]:
    """Give the points free; `posting` is the expiry of those past their time, if any."""
    return retrying(lambda: _release(hold_id, actor=actor, reason_code=reason_code))


def show_hold(hold_id: int, *, actor: Actor) -> dict[str, Any]:
    hold = visible_hold(hold_id, actor)
    return hold_shape(hold, design_of(hold.program_id))


def visible_hold(hold_id: int, actor: Actor) -> Hold:
    """NotFound where the actor has no part in the hold's program."""
    hold = Hold.objects.visible_to(actor).select_related("account").filter(pk=hold_id).first()
    if hold is None:
        raise NotFound("There is no such hold that you can see.")
    require_right(actor, RIGHT, hold.program_id)
    return hold


def _hold(call: HoldCall, *, actor: Actor) -> dict[str, Any]:
    find = partial(find_target, actor, membership_id=call.membership_id, member=call.member, at=clock.now())
    target = find()
    require_right(actor, RIGHT, target.membership.program_id)
    with in_program(target.membership.program_id):
        target = locked_target(target, find)
        membership = target.membership
        design = design_of(membership.program_id)
        point_type = design.point_type(call.point_type)
        holds.check_holdable(point_type, expires_in=call.expires_in)
        require_able(membership, "hold", design, member=target.member)
        account_set = PointAccountSet.objects.get(pk=type_of(membership.type).account_set_for(membership, point_type))
        hold = holds.place_hold(
            account_for(account_set, point_type),
            points=call.points,
            for_set_id=membership.own_set_id,
            person_id=target.person_id,
            design=design,
            actor=actor,
            expires_in=call.expires_in,
            reference=call.reference,
        )
        return _answer(hold, design) | {"redirected_from": target.redirected_from}


def _capture(hold_id: int, *, actor: Actor, points: int | None) -> dict[str, Any]:
    program_id = visible_hold(hold_id, actor).program_id
    with in_program(program_id):
        design = design_of(program_id)
        counts = activity_type(design, "redeem").counts_as_activity
        hold, posted = holds.capture(hold_id, actor=actor, points=points, counts_as_activity=counts)
        return _answer(hold, design, posted) | {"freed": hold.points - hold.captured}


def _release(hold_id: int, *, actor: Actor, reason_code: str) -> dict[str, Any]:
    program_id = visible_hold(hold_id, actor).program_id
    with in_program(program_id):
        hold, posted = holds.release(hold_id, actor=actor, reason_code=reason_code)
        return _answer(hold, design_of(program_id), posted) | {"freed": hold.points}


def _answer(hold: Hold, design: Design, posted: Posted | None = None) -> dict[str, Any]:
    account = hold.account
    return hold_shape(hold, design) | {
        "posting": posting_shape(posted, design) if posted else None,
        "balances": touched_balances(account.account_set_id, [design.point_types[account.point_type_id]], design),
    }
