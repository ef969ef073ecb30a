"""Earn points by figures: a channel says how many (interfaces 3.1, earn-points)."""

from collections.abc import Sequence
from typing import Any

from activities import statements
from activities.calls import EARN_FORM, AnswerKey, PointsCall, render
from activities.general import Situation, post_in_general
from activities.lot_dates import lot_dates
from activities.online import Flow, Sent, post_online
from common.actor import Actor
from memberships.programs import program_for
from points.moves import Credit, Lifetime, Move, NewLot
from programs.design import design_of

EARN = Flow(kind="earn", sign=1, form=EARN_FORM, statements=(statements.EARN,))


def earn(call: PointsCall, *, actor: Actor) -> dict[str, Any]:
    """Credit the points as one new lot, to the membership or to the one its person now takes part in.

    Returns the API's answer. Raises NotFound, NotAMember, MembershipEnded, MembershipNotAble, NoPointType,
    EventTimeOutOfRange.
    """
    facts = earn_online(call, actor=actor)
    return render(facts) if isinstance(facts, list) else earn_in_general(call, actor=actor)


def earn_online(call: PointsCall, *, actor: Actor, key: AnswerKey | None = None) -> Sent | None:
    """The facts of the answer, or the earlier answer of the key; None where it is not the plain case."""
    program_id = program_for(actor, call.membership_id)
    if program_id is None or not actor.may("points:earn", program_id):
        return None
    return post_online(EARN, call, design=design_of(program_id), actor=actor, key=key)


def earn_in_general(call: PointsCall, *, actor: Actor) -> dict[str, Any]:
    return post_in_general(EARN.kind, call, actor=actor, moves=lambda situation: credits_of(situation, call.points))


def credits_of(situation: Situation, points: int) -> Sequence[Move]:
    """The points as one new lot of the person who acts, dated by the time of the event."""
    available_at, expires_at = lot_dates(
        situation.point_type, situation.design, at=situation.at, enrolled_at=situation.membership.enrolled_at
    )
    lot = NewLot(
        points=points,
        earned_at=situation.at,
        available_at=available_at,
        expires_at=expires_at,
        earner_id=situation.person_id,
        contributor_id=situation.person_id,
    )
    return [Credit(situation.account.pk, [lot], lifetime=Lifetime.EARNED)]
