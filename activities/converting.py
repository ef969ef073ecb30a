"""Convert points of one type into another of the same program (interfaces 3.1, convert-points)."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from activities.answers import touched_balances
from activities.general import posting_shape
from activities.lot_dates import lot_dates
from activities.targeting import locked_target, require_right
from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from memberships.able import require_able
from memberships.targets import find_target
from memberships.tiering import after_posting
from memberships.types import type_of
from points.conversions import convert
from points.moves import Cause
from programs.design import design_of


@dataclass(frozen=True, slots=True)
class ConversionCall:
    """`from_type` and `to_type` are codes; `points` are taken of the first."""

    membership_id: int
    from_type: str
    to_type: str
    points: int
    member: int | None = None
    reason_code: str = ""


def convert_points(call: ConversionCall, *, actor: Actor) -> dict[str, Any]:
    """Take the points and give what the rate of now makes of them; the API's answer.

    Needs what giving and getting points need: the capabilities transfer out and transfer in.
    """
    return retrying(lambda: _convert(call, actor=actor))


def _convert(call: ConversionCall, *, actor: Actor) -> dict[str, Any]:
    find = partial(find_target, actor, membership_id=call.membership_id, member=call.member, at=clock.now())
    target = find()
    require_right(actor, "points:transfer", target.membership.program_id)
    with in_program(target.membership.program_id):
        target = locked_target(target, find)
        membership = target.membership
        design = design_of(membership.program_id)
        from_type, to_type = design.point_type(call.from_type), design.point_type(call.to_type)
        for capability in ("transfer_out", "transfer_in"):
            require_able(membership, capability, design, member=target.member)
        kind = type_of(membership.type)
        sets = [kind.account_set_for(membership, one) for one in (from_type, to_type)]
        now = clock.program_now(design.program)
        posted = convert(
            from_type,
            to_type=to_type,
            points=call.points,
            from_set_id=sets[0],
            to_set_id=sets[1],
            own_set_id=membership.own_set_id,
            person_id=target.person_id,
            design=design,
            cause=Cause("membership", membership.pk),
            occurred_at=now,
            actor=actor,
            expires_at=lot_dates(to_type, design, at=now, enrolled_at=membership.enrolled_at)[1],
            reason_code=call.reason_code,
        )
        types = {from_type.pk, to_type.pk}
        after_posting(membership.pk, types, occurred_at=now, design=design, actor=actor)
        balances = [
            balance
            for point_type, set_id in zip((from_type, to_type), sets, strict=True)
            for balance in touched_balances(set_id, [point_type], design)
        ]
        return {
            "posting": posting_shape(posted, design),
            "membership": membership.pk,
            "redirected_from": target.redirected_from,
            "balances": balances,
        }
