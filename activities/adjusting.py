"""Adjust a membership's points, and decide about adjustments that wait for a second person."""

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet

from activities.general import posting_shape
from activities.lot_dates import lot_dates
from activities.reversing import survivor_of
from activities.targeting import require_right
from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from common.errors import NotFound
from memberships.able import require_able
from memberships.locking import locked_memberships
from memberships.models import Member, Membership
from memberships.targets import Target, find_target
from memberships.tiering import after_posting
from memberships.types import type_of
from points.accounts import account_for
from points.adjusting import Adjusted, Correction, adjust, approve, locked_adjustment, queue_requester, refuse
from points.balances import balances_of, iso
from points.drafts import Posted
from points.models import Adjustment, PointAccount, PointAccountSet
from programs.design import Design, design_of
from programs.models import PointType

ADJUST = "points:adjust"


@dataclass(frozen=True, slots=True)
class AdjustmentCall:
    """`points` is signed; `member` a customer's id. Without `point_type` the program's default is meant."""

    membership_id: int
    points: int
    reason_code: str
    note: str = ""
    point_type: str | None = None
    member: int | None = None


def visible_adjustments(actor: Actor) -> QuerySet[Adjustment]:
    """Those of the actor's programs."""
    found = Adjustment.objects.all()
    return found if actor.programs is None else found.filter(program_id__in=actor.programs)


def adjust_points(call: AdjustmentCall, *, actor: Actor) -> tuple[bool, dict[str, Any]]:
    """Whether it was posted (else it waits for approval), and the API's answer.

    Raises NotFound, NotAllowed, NotAMember, MembershipEnded, MembershipNotAble, NoPointType, ReasonNotACode,
    OwnPoints, InsufficientPoints.
    """
    return retrying(lambda: _adjust(call, actor=actor))


def _adjust(call: AdjustmentCall, *, actor: Actor) -> tuple[bool, dict[str, Any]]:
    target = find_target(actor, membership_id=call.membership_id, member=call.member, at=clock.now())
    program_id = target.membership.program_id
    require_right(actor, ADJUST, program_id)
    with in_program(program_id):
        queue_requester(actor, program_id=program_id)
        locked_memberships([target.membership.pk])
        # Read again: it may have been merged or ended while this waited.
        target = find_target(actor, membership_id=call.membership_id, member=call.member, at=clock.now())
        (membership,) = locked_memberships([target.membership.pk])
        design = design_of(program_id)
        require_able(membership, "adjust", design)
        point_type = design.point_type(call.point_type)
        correction = Correction(
            account=_account(membership, point_type),
            for_set_id=membership.own_set_id,
            person_id=target.person_id,
            members=frozenset(),
            points=call.points,
            reason_code=call.reason_code,
            note=call.note,
        )
        correction = _completed(correction, membership, point_type, design)
        done = adjust(correction, actor=actor)
        _let_climb(done.posted, correction, membership, design, actor)
        return done.posted is not None, _answer(done, target, membership, design)


def approve_adjustment(adjustment_id: int, *, actor: Actor, note: str = "") -> dict[str, Any]:
    """Post a waiting adjustment, as a second person; also in a locked program. The API's answer.

    Raises NotFound, NotAllowed, OwnPoints, AdjustmentDecided, MembershipNotAble, InsufficientPoints.
    """
    seen = _visible(adjustment_id, actor)
    return retrying(lambda: _approve(seen, actor=actor, note=note))


def _approve(seen: Adjustment, *, actor: Actor, note: str) -> dict[str, Any]:
    with in_program(seen.program_id):
        adjustment = locked_adjustment(seen.pk)
        membership = survivor_of(adjustment.for_set_id)
        design = design_of(seen.program_id)
        require_able(membership, "adjust", design, correction=True)
        point_type = design.point_types[adjustment.account.point_type_id]
        if adjustment.account.closed:
            adjustment.account = _account(membership, point_type)
        correction = Correction(
            account=adjustment.account,
            for_set_id=adjustment.for_set_id,
            person_id=adjustment.person_id,
            members=frozenset(),
            points=adjustment.points,
            reason_code=adjustment.reason_code,
        )
        correction = _completed(correction, membership, point_type, design)
        posted = approve(adjustment, correction, actor=actor, note=note)
        _let_climb(posted, correction, membership, design, actor)
        return _answer(Adjusted(adjustment, posted), None, membership, design)


def refuse_adjustment(adjustment_id: int, *, actor: Actor, note: str = "") -> dict[str, Any]:
    """Turn a waiting adjustment down; the API's <adjustment>. Raises NotFound, NotAllowed, OwnPoints,
    AdjustmentDecided."""
    seen = _visible(adjustment_id, actor)
    with in_program(seen.program_id):
        adjustment = locked_adjustment(seen.pk)
        members = members_sharing(adjustment.account)
        return adjustment_shape(refuse(adjustment, members, actor=actor, note=note), design_of(seen.program_id))


def correction_for(
    membership: Membership,
    person_id: int | None,
    point_type: PointType,
    *,
    points: int,
    reason_code: str,
    design: Design,
) -> Correction:
    """What is given to a locked membership, to the account its points of the type stand on."""
    correction = Correction(
        account=_account(membership, point_type),
        for_set_id=membership.own_set_id,
        person_id=person_id,
        members=frozenset(),
        points=points,
        reason_code=reason_code,
    )
    return _completed(correction, membership, point_type, design)


def members_sharing(account: PointAccount) -> frozenset[int]:
    """The customers whose points these are: all members of every membership that uses the account's set."""
    using = Q(membership__own_set=account.account_set_id) | Q(membership__pool=account.account_set_id)
    found = Member.objects.filter(using, ended_at__isnull=True)
    return frozenset(found.values_list("customer_id", flat=True))


def adjustment_shape(adjustment: Adjustment, design: Design) -> dict[str, Any]:
    """The API's <adjustment>."""
    return {
        "id": adjustment.pk,
        "membership": Membership.objects.values_list("pk", flat=True).get(own_set_id=adjustment.for_set_id),
        "member": adjustment.person_id,
        "point_type": design.point_types[adjustment.account.point_type_id].code,
        "points": adjustment.points,
        "reason_code": adjustment.reason_code,
        "status": adjustment.status,
        "needs_approval": adjustment.needs_approval,
        "requested_at": iso(adjustment.requested_at),
        "requested_by": adjustment.requested_by_id,
        "requested_channel": adjustment.requested_channel_id,
        "decided_at": iso(adjustment.decided_at) if adjustment.decided_at else None,
        "decided_by": adjustment.decided_by_id,
    }


def _visible(adjustment_id: int, actor: Actor) -> Adjustment:
    found = visible_adjustments(actor).filter(pk=adjustment_id).first()
    if found is None:
        raise NotFound("There is no such adjustment that you can see.")
    return found


def _account(membership: Membership, point_type: PointType) -> PointAccount:
    set_id = type_of(membership.type).account_set_for(membership, point_type)
    return account_for(PointAccountSet.objects.get(pk=set_id), point_type)


def _completed(correction: Correction, membership: Membership, point_type: PointType, design: Design) -> Correction:
    """With all who share the account, and the dates of points given now: usable at once, expiring by the rule."""
    _, expires_at = lot_dates(
        point_type, design, at=clock.program_now(design.program), enrolled_at=membership.enrolled_at
    )
    return replace(correction, members=members_sharing(correction.account), dates=(None, expires_at))


def _let_climb(
    posted: Posted | None, correction: Correction, membership: Membership, design: Design, actor: Actor
) -> None:
    """Points given count from now on; with points taken goes what was earned by them."""
    if posted is None:
        return
    after_posting(
        membership.pk,
        {correction.account.point_type_id},
        occurred_at=posted.occurred_at,
        design=design,
        actor=actor,
        taken_back=correction.points < 0,
    )


def _answer(done: Adjusted, target: Target | None, membership: Membership, design: Design) -> dict[str, Any]:
    set_id = done.adjustment.account.account_set_id
    balances = balances_of([set_id], design=design)
    return {
        "adjustment": adjustment_shape(done.adjustment, design),
        "posting": _posting(done.posted, design),
        "membership": membership.pk,
        "redirected_from": target.redirected_from if target else None,
        "balances": balances[set_id],
    }


def _posting(posted: Posted | None, design: Design) -> dict[str, Any] | None:
    return posting_shape(posted, design) if posted else None
