"""Earning and redeeming in their general form: it redirects, repays, expires first, and explains refusals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from activities.answers import touched_balances
from activities.calls import PointsCall
from activities.models import ActivityStatus, ActivityType, MemberActivity
from activities.processing import process
from activities.rules.compiled import rules_for
from activities.rules.wave import Processed
from activities.targeting import locked_target, require_right
from activities.timing import event_time
from activities.types import activity_type
from common import clock
from common.actor import Actor
from common.db import in_program, next_ids, retrying
from memberships.able import require_able
from memberships.models import Member, Membership
from memberships.targets import Target, find_target
from memberships.tiering import after_posting
from memberships.types import type_of
from points.accounts import account_for
from points.balances import iso
from points.drafts import Posted
from points.expiry import ensure_not_rested, keep_alive
from points.ledger import post
from points.models import PointAccount, PointAccountSet
from points.moves import Cause, Move
from programs.design import Design, design_of
from programs.models import PointType


class Told(Protocol):
    """What a call says of the deed itself, however it names the membership."""

    @property
    def points(self) -> int | None: ...
    @property
    def point_type(self) -> str | None: ...
    @property
    def reference(self) -> str: ...
    @property
    def location(self) -> str: ...
    @property
    def note(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Situation:
    """What the moves of a posting are made from, under the membership's lock."""

    design: Design
    membership: Membership
    member: Member | None
    account: PointAccount
    point_type: PointType
    at: datetime

    @property
    def person_id(self) -> int | None:
        return None if self.member is None else self.member.customer_id


Moves = Callable[[Situation], Sequence[Move]]


@dataclass(frozen=True, slots=True)
class Done:
    """An activity with its posting, and what rules made of it besides, where any ask for its type."""

    activity_id: int
    posted: Posted
    situation: Situation
    ruled: Processed | None = None

    def balances(self) -> list[dict[str, Any]]:
        """The API's <balance> of the type that was posted."""
        situation = self.situation
        return touched_balances(situation.account.account_set_id, [situation.point_type], situation.design)


def post_in_general(
    kind: str, call: PointsCall, *, actor: Actor, moves: Moves, find: Callable[[], Target] | None = None
) -> dict[str, Any]:
    """One activity with its posting, in one transaction; the API's answer. `find` where something else than the call
    says for whom."""
    named = partial(
        find_target,
        actor,
        membership_id=call.membership_id,
        member=call.member,
        at=call.occurred_at or clock.now(),
    )
    return retrying(lambda: _post(kind, call, find or named, actor=actor, moves=moves))


def _post(kind: str, call: PointsCall, find: Callable[[], Target], *, actor: Actor, moves: Moves) -> dict[str, Any]:
    target = find()
    with in_program(target.membership.program_id):
        require_right(actor, f"points:{kind}", target.membership.program_id)
        design = design_of(target.membership.program_id)
        at = event_time(call.occurred_at, design)
        target = locked_target(target, find, exclusively=bool(rules_for(design, at, kind)))
        done = post_activity(activity_type(design, kind), call, target, design=design, at=at, actor=actor, moves=moves)
        return {
            "activity": done.activity_id,
            "posting": posting_shape(done.posted, design),
            "membership": target.membership.pk,
            "redirected_from": target.redirected_from,
            "balances": done.balances(),
        }


def post_activity(
    type_: ActivityType,
    call: Told,
    target: Target,
    *,
    design: Design,
    at: datetime,
    actor: Actor,
    moves: Moves,
    more: Mapping[str, Any] | None = None,
) -> Done:
    """One activity of a type that earns or redeems, and its posting, for the target under lock; exclusively, where
    rules ask for the type, for they follow it. `more` are other columns of the activity."""
    situation = _situation(type_.flow, call, target, design=design, at=at, actor=actor)
    if type_.counts_as_activity:
        keep_pool_alive(situation.membership, situation.account.account_set_id, design=design, actor=actor, at=at)
    (activity_id,) = next_ids("activities_memberactivity_id_seq")
    posted = post(
        type_.flow,
        program_id=target.membership.program_id,
        for_set_id=target.membership.own_set_id,
        person_id=target.person_id,
        cause=Cause("activity", activity_id),
        occurred_at=at,
        actor=actor,
        moves=moves(situation),
        counts_as_activity=type_.counts_as_activity,
    )
    activity = new_activity(
        type_,
        call,
        target,
        at=at,
        actor=actor,
        recorded_at=posted.recorded_at,
        more={"pk": activity_id, "posting_id": posted.id, **(more or {})},
    )
    after_posting(target.membership.pk, {situation.point_type.pk}, occurred_at=at, design=design, actor=actor)
    return Done(activity_id, posted, situation, _ruled(activity, target, type_, design=design, actor=actor))


def _ruled(
    activity: MemberActivity, target: Target, type_: ActivityType, *, design: Design, actor: Actor
) -> Processed | None:
    """Have the rules follow what was posted; without any the activity is only written."""
    if not rules_for(design, activity.occurred_at, type_.code):
        activity.status = ActivityStatus.PROCESSED
        activity.save(force_insert=True)
        return None
    memberships = {target.membership.pk: target.membership}
    return process([activity], actor=actor, design=design, memberships=memberships)[activity.pk]


def _situation(capability: str, call: Told, target: Target, *, design: Design, at: datetime, actor: Actor) -> Situation:
    membership = target.membership
    point_type = design.point_type(call.point_type)
    require_able(membership, capability, design, member=target.member)
    account_set = PointAccountSet.objects.get(pk=type_of(membership.type).account_set_for(membership, point_type))
    account = account_for(account_set, point_type)
    ensure_not_rested(account.pk, design=design, actor=actor, at=at)
    return Situation(design, membership, target.member, account, point_type, at)


def keep_pool_alive(
    membership: Membership, posted_to: int | None, *, design: Design, actor: Actor, at: datetime
) -> None:
    """Any member's activity refreshes the pool, on whichever set it posted."""
    if membership.pool_id not in (None, posted_to):
        keep_alive(membership.pool_id, design=design, actor=actor, at=at)


def new_activity(
    type_: ActivityType,
    call: Told,
    target: Target,
    *,
    at: datetime,
    actor: Actor,
    recorded_at: datetime,
    more: Mapping[str, Any],
) -> MemberActivity:
    """Not stored yet, and not processed. `more` are other columns."""
    columns = {"pk": None, **more}
    columns["pk"] = columns["pk"] or next_ids("activities_memberactivity_id_seq")[0]
    return MemberActivity(
        **columns,
        program_id=target.membership.program_id,
        type=type_,
        membership=target.membership,
        customer_id=target.person_id,
        card_id=target.card_id,
        channel_id=actor.channel_id,
        user_id=actor.user_id,
        status=ActivityStatus.RECEIVED,
        points=call.points,
        reference=call.reference,
        location=call.location,
        note=call.note,
        occurred_at=at,
        recorded_at=recorded_at,
        redirected_from=target.redirected_from,
    )


def posting_shape(posted: Any, design: Design) -> dict[str, Any]:
    """The API's <posting> of what `post` wrote."""
    return {
        "id": posted.id,
        "kind": str(posted.kind),
        "occurred_at": iso(posted.occurred_at),
        "recorded_at": iso(posted.recorded_at),
        "reason": posted.reason_code,
        "reverses": posted.reverses,
        "entries": [
            {
                "point_type": design.point_types[entry.point_type_id].code,
                "amount": entry.amount,
                "balance_after": entry.balance_after,
            }
            for entry in posted.entries
        ],
    }
