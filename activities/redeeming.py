"""Redeem points by figures (interfaces 3.1, redeem-points)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from activities import statements
from activities.calls import REDEEM_FORM, AnswerKey, PointsCall, render
from activities.errors import LimitExceeded
from activities.general import Situation, post_in_general
from activities.online import Flow, Sent, post_online
from activities.spending_by_code import Wish, allowed_by, person_asked
from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from memberships.programs import program_for
from memberships.spending_codes import use_up
from points.errors import NotRedeemable
from points.moves import Debit, Lifetime, Move
from programs.design import Design, design_of
from programs.models import PointKind, PointType

REDEEM = Flow(kind="redeem", sign=-1, form=REDEEM_FORM, statements=(statements.LOCK, statements.REDEEM))


def redeem(call: PointsCall, *, actor: Actor) -> dict[str, Any]:
    """Spend the points: nearest expiry first, then oldest.

    With a code the person it went to is who spends, though the caller names nobody or may not spend alone. Returns the
    API's answer. Raises InsufficientPoints, NotRedeemable, LimitExceeded, CodeNotValid, CodeNotEnough and what `earn`
    raises.
    """
    facts = redeem_online(call, actor=actor)
    return render(facts) if isinstance(facts, list) else redeem_in_general(call, actor=actor)


def redeem_online(call: PointsCall, *, actor: Actor, key: AnswerKey | None = None) -> Sent | None:
    """The facts of the answer, or the earlier answer of the key; None where it is not the plain case."""
    program_id = None if call.code is not None else program_for(actor, call.membership_id)
    if program_id is None or not actor.may("points:redeem", program_id):
        return None
    design = design_of(program_id)
    point_type = design.point_type(call.point_type)
    if refusal_of(point_type, call.points, design) is not None:
        return None
    return post_online(REDEEM, call, design=design, actor=actor, key=key)


def redeem_in_general(call: PointsCall, *, actor: Actor) -> dict[str, Any]:
    if call.code is not None:
        code = call.code
        return retrying(lambda: _by_code(call, code, actor=actor))
    return post_in_general(REDEEM.kind, call, actor=actor, moves=lambda situation: debits_of(situation, call.points))


def _by_code(call: PointsCall, given: str, *, actor: Actor) -> dict[str, Any]:
    at = call.occurred_at or clock.now()
    with in_program(program_for(actor, call.membership_id)):
        wish = Wish(call.membership_id, call.points, call.point_type, call.member)
        code = allowed_by(wish, given, actor=actor, at=at)
        answer = post_in_general(
            REDEEM.kind,
            call,
            actor=actor,
            moves=lambda situation: debits_of(situation, call.points),
            find=partial(person_asked, code, actor=actor, at=at),
        )
        use_up(code, activity_id=answer["activity"])
        return answer


def refusal_of(point_type: PointType, points: int, design: Design) -> NotRedeemable | LimitExceeded | None:
    """Why so many points of the type can't be spent at once in this program, whatever the balance."""
    if point_type.kind != PointKind.REDEEMABLE:
        return NotRedeemable(
            f"{point_type.name} are qualifying points: they count towards a tier and cannot be spent.",
            facts={"point_type": point_type.code},
        )
    limit = design.program.redemption_limit
    if limit is not None and points > limit:
        return LimitExceeded(
            f"{design.program.name} redeems at most {limit} points at once, {points} were asked for.",
            facts={"limit": limit, "asked": points},
        )
    return None


def debits_of(situation: Situation, points: int) -> Sequence[Move]:
    """The points spent. Raises NotRedeemable, LimitExceeded."""
    refusal = refusal_of(situation.point_type, points, situation.design)
    if refusal is not None:
        raise refusal
    return [Debit(situation.account.pk, points, lifetime=Lifetime.REDEEMED)]
