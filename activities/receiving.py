"""Receive what a member did, or somebody with a temporary card (domain 1.10, 1.11; interfaces 3.1, activities)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from activities.earning import credits_of
from activities.errors import PointsNeeded, PointsNotTaken
from activities.general import Situation, keep_pool_alive, post_activity, posting_shape, record_activity
from activities.models import ActivityStatus, ActivityType, PointFlow
from activities.redeeming import debits_of
from activities.targeting import locked_target, require_right
from activities.timing import AHEAD, event_time
from activities.types import activity_type
from activities.unused_cards import refuse_silent, use_if_unused
from common import clock
from common.actor import Actor
from common.db import in_program, next_ids, retrying
from common.errors import NotFound
from gateway.events import record_event
from memberships.able import require_able
from memberships.targets import NOWHERE, Target, card_behind_lock, find_target, visible_card
from points.balances import iso
from points.expiry import keep_alive
from points.moves import Move
from programs.design import Design, design_of
from programs.models import Program

RIGHT = "activities:write"
MOVES: Mapping[str, Callable[[Situation, int], Sequence[Move]]] = {
    PointFlow.EARN: credits_of,
    PointFlow.REDEEM: debits_of,
}


@dataclass(frozen=True, slots=True)
class ActivityCall:
    """`type` is the code of an activity type; exactly one of the three names the membership, and `program`, a code,
    says where a member number is meant. `points` are positive; `member` is a customer's id."""

    type: str
    membership: int | None = None
    member_number: str | None = None
    card_number: str | None = None
    program: str | None = None
    points: int | None = None
    point_type: str | None = None
    member: int | None = None
    occurred_at: datetime | None = None
    reference: str = ""
    location: str = ""
    note: str = ""


def receive(call: ActivityCall, *, actor: Actor) -> dict[str, Any]:
    """Record the activity and post what its type makes of it; the API's <activity>.

    An unused temporary card makes an anonymous membership. Raises NotFound, CardNotUsable, AmbiguousNumber,
    UnknownActivityType, PointsNeeded, PointsNotTaken and what earning and redeeming raise.
    """
    return retrying(lambda: _receive(call, actor=actor))


def _receive(call: ActivityCall, *, actor: Actor) -> dict[str, Any]:
    card = None if call.card_number is None else visible_card(actor, call.card_number)
    program_id: int = card.program_id if card is not None else _find(call, actor).membership.program_id
    with in_program(program_id):
        design = design_of(program_id)
        if card is not None:
            silently = call.occurred_at or clock.program_now(design.program)
            refuse_silent(card, lambda: _find(call, actor, at=silently), actor, at=silently)
        type_ = _type_of(call, design, actor)
        at = event_time(call.occurred_at, design)
        if card is not None:
            use_if_unused(card, at=at, actor=actor)
        find = partial(_find, call, actor, at=at, purpose=type_.flow)
        target = locked_target(find(), find)
        card_behind_lock(target, actor, at=at)
        if target.card_id is not None:
            require_able(target.membership, "use_card", design, member=target.member)
        if type_.flow == PointFlow.NONE:
            return _noted(type_, call, target, design=design, at=at, actor=actor)
        return _posted(type_, call, target, design=design, at=at, actor=actor)


def _type_of(call: ActivityCall, design: Design, actor: Actor) -> ActivityType:
    """The type asked for, which the actor may send, with the figures it needs."""
    type_, program_id = activity_type(design, call.type), design.program.pk
    require_right(actor, RIGHT, program_id)
    if type_.flow != PointFlow.NONE:
        require_right(actor, f"points:{type_.flow}", program_id)
        if call.points is None:
            raise PointsNeeded(f"An activity of type “{type_.code}” says how many points.", facts={"type": type_.code})
    elif call.points is not None or call.point_type is not None:
        raise PointsNotTaken(
            f"An activity of type “{type_.code}” posts no points by itself: leave points and point_type out.",
            facts={"type": type_.code},
        )
    return type_


def _find(call: ActivityCall, actor: Actor, *, at: datetime | None = None, purpose: str | None = None) -> Target:
    """`at` and `purpose` are asked of a card only."""
    program_id = None
    if call.program is not None:
        program_id = Program.objects.visible_to(actor).filter(code=call.program).values_list("pk", flat=True).first()
        if program_id is None:
            raise NotFound(NOWHERE)
    return find_target(
        actor,
        at=at or clock.now(),
        membership_id=call.membership,
        member_number=call.member_number,
        card_number=call.card_number,
        program_id=program_id,
        member=call.member,
        purpose=purpose,
    )


def _posted(
    type_: ActivityType, call: ActivityCall, target: Target, *, design: Design, at: datetime, actor: Actor
) -> dict[str, Any]:
    moves, points = MOVES[type_.flow], call.points or 0
    done = post_activity(
        type_,
        call,
        target,
        design=design,
        at=at,
        actor=actor,
        moves=lambda situation: moves(situation, points),
    )
    shape = _shape(done.activity_id, type_, target, design=design, at=at)
    return shape | {"posting": posting_shape(done.posted, design), "balances": done.balances()}


def _noted(
    type_: ActivityType, call: ActivityCall, target: Target, *, design: Design, at: datetime, actor: Actor
) -> dict[str, Any]:
    """Nothing is posted; whoever may not earn does nothing that rules could reward."""
    membership = target.membership
    require_able(membership, "earn", design, member=target.member)
    if type_.counts_as_activity:
        keep_alive(membership.own_set_id, design=design, actor=actor, at=at)
        keep_pool_alive(membership, None, design=design, actor=actor, at=at)
    (activity_id,) = next_ids("activities_memberactivity_id_seq")
    now = clock.program_now(design.program)
    record_activity(activity_id, type_, call, target, at=at, actor=actor, recorded_at=now)
    record_event(
        "activity.recorded",
        program_id=membership.program_id,
        subject_id=activity_id,
        facts={"type": type_.code, "membership": membership.pk},
    )
    return _shape(activity_id, type_, target, design=design, at=at)


def _shape(activity_id: int, type_: ActivityType, target: Target, *, design: Design, at: datetime) -> dict[str, Any]:
    """`late`: the event had its own time, which the present state may no longer show."""
    return {
        "id": activity_id,
        "type": type_.code,
        "status": str(ActivityStatus.PROCESSED),
        "membership": target.membership.pk,
        "redirected_from": target.redirected_from,
        "member": target.person_id,
        "occurred_at": iso(at),
        "late": clock.program_now(design.program) - at > AHEAD,
        "posting": None,
        "effects": [],
        "balances": [],
    }
