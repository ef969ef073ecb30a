"""Earn points by figures: a channel says how many (interfaces 3.1, earn-points)."""

from typing import Any

from activities import statements
from activities.calls import EARN_FORM, AnswerKey, PointsCall, render
from activities.general import Plan, post_in_general
from activities.online import Flow, post_online
from common.actor import Actor
from memberships.programs import program_of
from points.inactivity import lot_dates
from points.moves import Credit, Lifetime, NewLot
from programs.design import design_of

EARN = Flow(kind="earn", sign=1, form=EARN_FORM, statements=(statements.EARN,))


def earn_online(call: PointsCall, *, actor: Actor, key: AnswerKey | None = None) -> list[Any] | None:
    """Earn in one round trip; None where it is not the plain case and nothing was written."""
    program_id = program_of(call.membership_id)
    if program_id is None or not actor.may("points:earn", program_id):
        return None
    return post_online(EARN, call, design=design_of(program_id), actor=actor, key=key)


def earn(call: PointsCall, *, actor: Actor) -> dict[str, Any]:
    """Credit `points` to the membership, or to the one its person now takes part in, as one new lot.

    Returns the API's answer. Raises MembershipNotAble, NotAMember, NoPointType, EventTimeOutOfRange, NotFound.
    """
    facts = earn_online(call, actor=actor)
    return earn_in_general(call, actor=actor) if facts is None else render(facts)
