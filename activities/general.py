"""Earning and redeeming in their general form: it redirects, repays, expires first, and explains refusals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activities.answers import touched_balances
from activities.calls import PointsCall
from activities.models import ActivityStatus, MemberActivity
from activities.targeting import locked_target, require_right
from activities.timing import event_time
from activities.types import activity_type
from common import clock
from common.actor import Actor
from common.db import in_program, next_ids, retrying
from memberships.able import require_able
from memberships.models import Member, Membership
from memberships.targets import Target, find_target
from memberships.types import type_of
from points.accounts import account_for
from points.balances import iso
from points.expiry import ensure_not_rested, keep_alive
from points.ledger import post
from points.models import PointAccount, PointAccountSet
from points.moves import Cause, Move
from programs.design import Design, design_of
from programs.models import PointType


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


def post_in_general(
    kind: str, call: PointsCall, *, actor: Actor, moves: Callable[[Situation], Sequence[Move]]
) -> dict[str, Any]:
    """One activity with its posting, in one transaction; the API's answer."""
    return retrying(lambda: _post(kind, call, actor=actor, moves=moves))


def _post(kind: str, call: PointsCall, *, actor: Actor, moves: Callable[[Situation], Sequence[Move]]) -> dict[str, Any]:
    target = find_target(
        actor, membership_id=call.membership_id, member=call.member, at=call.occurred_at or clock.now()
    )
    with in_program(target.membership.program_id):
        require_right(actor, f"points:{kind}", target.membership.program_id)
        target = locked_target(
            target, actor, named=call.membership_id, member=call.member, at=call.occurred_at or clock.now()
        )
        membership = target.membership
        design = design_of(membership.program_id)
        point_type = design.point_type(call.point_type)
        at = event_time(call.occurred_at, design)
        member = target.member
        require_able(membership, kind, design, member=member)
        account_set = PointAccountSet.objects.get(pk=type_of(membership.type).account_set_for(membership, point_type))
        account = account_for(account_set, point_type)
        ensure_not_rested(account.pk, design=design, actor=actor, at=at)
        situation = Situation(design, membership, member, account, point_type, at)
        return _record(kind, call, situation, actor=actor, moves=moves(situation), target=target)


def _record(
    kind: str, call: PointsCall, situation: Situation, *, actor: Actor, moves: Sequence[Move], target: Target
) -> dict[str, Any]:
    membership, design, at = situation.membership, situation.design, situation.at
    type_ = activity_type(design, kind)
    if type_.counts_as_activity and membership.pool_id not in (None, situation.account.account_set_id):
        # Any member's activity refreshes the pool.
        keep_alive(membership.pool_id, design=design, actor=actor, at=at)
    (activity_id,) = next_ids("activities_memberactivity_id_seq")
    posted = post(
        kind,
        program_id=membership.program_id,
        for_set_id=membership.own_set_id,
        person_id=situation.person_id,
        cause=Cause("activity", activity_id),
        occurred_at=at,
        actor=actor,
        moves=moves,
        counts_as_activity=type_.counts_as_activity,
    )
    MemberActivity.objects.create(
        pk=activity_id,
        program_id=membership.program_id,
        type=type_,
        membership=membership,
        customer_id=situation.person_id,
        card_id=target.card_id,
        channel_id=actor.channel_id,
        user_id=actor.user_id,
        status=ActivityStatus.PROCESSED,
        points=call.points,
        reference=call.reference,
        location=call.location,
        note=call.note,
        occurred_at=at,
        recorded_at=posted.recorded_at,
        posting_id=posted.id,
        redirected_from=target.redirected_from,
    )
    return {
        "activity": activity_id,
        "posting": posting_shape(posted, design),
        "membership": membership.pk,
        "redirected_from": target.redirected_from,
        "balances": touched_balances(situation.account.account_set_id, [situation.point_type], design),
    }


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
