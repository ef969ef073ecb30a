"""Receive what a member did, or somebody with a temporary card (domain 1.10, 1.11; interfaces 3.1, activities)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from activities.earning import credits_of
from activities.errors import NotQueued, PointsNeeded, PointsNotTaken
from activities.general import Situation, new_activity, post_activity, posting_shape
from activities.models import ActivityStatus, ActivityType, MemberActivity, PointFlow
from activities.partners import active_partner
from activities.processing import process
from activities.reading import balances
from activities.redeeming import debits_of
from activities.rules.compiled import rules_for
from activities.rules.wave import Processed
from activities.targeting import locked_target, require_right
from activities.timing import AHEAD, event_time
from activities.types import activity_type
from activities.unused_cards import refuse_silent, use_if_unused
from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from common.errors import NotFound
from gateway.events import record_event
from memberships.able import require_able
from memberships.targets import NOWHERE, Target, card_behind_lock, find_target, visible_card
from points.balances import iso
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
    amount: Decimal | None = None
    currency: str | None = None
    partner: str | None = None
    attributes: Mapping[str, Any] | None = None
    reference: str = ""
    location: str = ""
    note: str = ""


def receive(call: ActivityCall, *, actor: Actor, queued: bool = False) -> dict[str, Any]:
    """Record the activity, post what its type makes of it, and let the rules follow; the API's <activity>.

    `queued` only records it, for a worker to process. An unused temporary card makes an anonymous membership. Raises
    NotFound, CardNotUsable, AmbiguousNumber, UnknownActivityType, PointsNeeded, PointsNotTaken, NotQueued and what
    earning and redeeming raise.
    """
    return retrying(lambda: _receive(call, actor=actor, queued=queued))


def _receive(call: ActivityCall, *, actor: Actor, queued: bool) -> dict[str, Any]:
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
        ruled = type_.flow == PointFlow.NONE or bool(rules_for(design, at, type_.code))
        target = locked_target(find(), find, exclusively=ruled and not queued)
        card_behind_lock(target, actor, at=at)
        if target.card_id is not None:
            require_able(target.membership, "use_card", design, member=target.member)
        deed = Deed(type_, call, target, design, at, actor)
        if queued:
            return _queued(deed)
        return _noted(deed) if type_.flow == PointFlow.NONE else _posted(deed)


@dataclass(frozen=True, slots=True)
class Deed:
    """A call with what was found for it, under the lock of its membership."""

    type: ActivityType
    call: ActivityCall
    target: Target
    design: Design
    at: datetime
    actor: Actor


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


def _posted(deed: Deed) -> dict[str, Any]:
    type_, design = deed.type, deed.design
    moves, points = MOVES[type_.flow], deed.call.points or 0
    done = post_activity(
        type_,
        deed.call,
        deed.target,
        design=design,
        at=deed.at,
        actor=deed.actor,
        moves=lambda situation: moves(situation, points),
        more=_more(deed),
    )
    shape = _shape(deed, done.activity_id, ActivityStatus.PROCESSED)
    shape |= {"posting": posting_shape(done.posted, design), "balances": done.balances()}
    return shape if done.ruled is None else shape | _told(done.ruled, deed, {done.situation.point_type.code})


def _noted(deed: Deed) -> dict[str, Any]:
    """Rules alone say what follows; whoever may not earn does nothing that they could reward."""
    membership = deed.target.membership
    require_able(membership, "earn", deed.design, member=deed.target.member)
    activity = _activity(deed)
    memberships = {membership.pk: membership}
    done = process([activity], actor=deed.actor, design=deed.design, memberships=memberships)[activity.pk]
    shape = _shape(deed, activity.pk, done.activity.status)
    posted = done.postings.first
    return shape | {"posting": posted and posting_shape(posted, deed.design)} | _told(done, deed, set())


def _queued(deed: Deed) -> dict[str, Any]:
    """A worker posts it in its turn, so nothing can be refused for what the points are now."""
    if deed.type.flow == PointFlow.REDEEM:
        raise NotQueued("Points are redeemed while the member waits: send it with mode “online”.")
    if deed.call.point_type not in (None, deed.design.default and deed.design.default.code):
        raise NotQueued("What is queued credits the program's default points: leave point_type out, or send it online.")
    activity = _activity(deed)
    activity.save(force_insert=True)
    record_event(
        "activity.received",
        program_id=activity.program_id,
        subject_id=activity.pk,
        facts={"type": deed.type.code, "membership": activity.membership_id},
    )
    return _shape(deed, activity.pk, ActivityStatus.RECEIVED)


def _activity(deed: Deed) -> MemberActivity:
    now = clock.program_now(deed.design.program)
    return new_activity(
        deed.type, deed.call, deed.target, at=deed.at, actor=deed.actor, recorded_at=now, more=_more(deed)
    )


def _more(deed: Deed) -> dict[str, Any]:
    """What only rules read."""
    call, design = deed.call, deed.design
    currency = call.currency or design.program.currency
    return {
        "amount": call.amount,
        "currency": currency if call.amount is not None else None,
        "attributes": dict(call.attributes) if call.attributes else None,
        "partner_id": None if call.partner is None else active_partner(design, call.partner).pk,
    }


def _shape(deed: Deed, activity_id: int, status: str) -> dict[str, Any]:
    """`late`: the event had its own time, which the present state may no longer show."""
    target = deed.target
    return {
        "id": activity_id,
        "type": deed.type.code,
        "status": str(status),
        "membership": target.membership.pk,
        "redirected_from": target.redirected_from,
        "member": target.person_id,
        "occurred_at": iso(deed.at),
        "late": clock.program_now(deed.design.program) - deed.at > AHEAD,
        "posting": None,
        "effects": [],
        "balances": [],
        "problem": None,
    }


def _told(done: Processed, deed: Deed, codes: set[str]) -> dict[str, Any]:
    """What the rules did, and the balances of all points it touched, those of `codes` too."""
    codes = codes | {one.point_type for one in done.decided if one.point_type and one.points}
    found = balances(deed.target.membership) if codes else []
    return {
        "status": str(done.activity.status),
        "effects": done.effects,
        "balances": [one for one in found if one["point_type"] in codes],
        "problem": done.activity.problem,
    }
