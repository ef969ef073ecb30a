"""Transfer or donate points from one membership to another (interfaces 3.1, transfer-points)."""

from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from activities.answers import touched_balances
from activities.calls import AnswerKey
from activities.errors import NotBeneficiary
from activities.general import posting_shape
from activities.online import Sent
from activities.targeting import behind_lock, require_right
from activities.transfer_online import render_transfer, transfer_online
from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from common.errors import NotFound
from memberships.able import require_able
from memberships.acting import acting_member
from memberships.locking import locked_memberships, shared_memberships
from memberships.models import Member, Membership
from memberships.programs import program_for
from memberships.targets import NOWHERE, Target, find_target
from memberships.types import type_of
from points.adjusting import refuse_own
from points.errors import DifferentProgram
from points.moves import Cause
from points.transfers import Party, check_transferable, transfer
from programs.design import Design, design_of
from programs.models import ExpiryPolicy, PointKind, PointType


@dataclass(frozen=True, slots=True)
class TransferCall:
    """`member` is the customer who acts for the sender. Without `point_type` the program's default is meant.

    `reason_code` is what staff give; channels need none.
    """

    membership_id: int
    to_membership: int
    points: int
    point_type: str | None = None
    donate: bool = False
    member: int | None = None
    reason_code: str = ""


def transfer_points(call: TransferCall, *, actor: Actor) -> dict[str, Any]:
    """Move the points; the API's answer, which shows the sender's side only.

    Raises NotFound, MembershipNotAble, NotTransferable, DifferentProgram, SameAccount, NotBeneficiary,
    TransferOutOfLimits, AccountRested, InsufficientPoints, OwnPoints.
    """
    facts = transfer_points_online(call, actor=actor)
    return render_transfer(facts) if isinstance(facts, list) else transfer_points_in_general(call, actor=actor)


def transfer_points_in_general(call: TransferCall, *, actor: Actor) -> dict[str, Any]:
    return retrying(lambda: _transfer(call, actor=actor))


def transfer_points_online(call: TransferCall, *, actor: Actor, key: AnswerKey | None = None) -> Sent | None:
    """The facts of the answer, or the earlier answer of the key, in the plain case at top level; what needs a word of
    explanation is not plain."""
    program_id = program_for(actor, call.membership_id)
    if connection.in_atomic_block or program_id is None or not actor.may("points:transfer", program_id):
        return None
    design = design_of(program_id)
    program, point_type = design.program, design.point_type(call.point_type)
    most = program.transfer_maximum
    if (
        call.donate
        or actor.is_staff
        or point_type.kind != PointKind.REDEEMABLE
        or point_type.expiry_policy == ExpiryPolicy.INACTIVITY
        or program.transfer_year_limit is not None
        or not program.transfer_minimum <= call.points <= (call.points if most is None else most)
    ):
        return None
    return transfer_online(
        call.membership_id,
        to=call.to_membership,
        points=call.points,
        member=call.member,
        point_type=point_type,
        design=design,
        actor=actor,
        key=key,
    )


def _transfer(call: TransferCall, *, actor: Actor) -> dict[str, Any]:
    target = find_target(actor, membership_id=call.membership_id, member=call.member, at=clock.now())
    program_id = target.membership.program_id
    require_right(actor, "points:transfer", program_id)
    _check_receiver(call.to_membership, actor=actor, program_id=program_id)
    with in_program(program_id):
        design = design_of(program_id)
        target, receiver = _locked_pair(target, call, actor=actor, design=design)
        sender = target.membership
        point_type = design.point_type(call.point_type)
        heir = acting_member(receiver)
        refuse_own(actor, {one.customer_id for one in (target.member, heir) if one is not None})
        giving, taking = _party(sender, point_type, target.member), _party(receiver, point_type, heir)
        # What the program never allows is told before what the memberships may not do now.
        check_transferable(point_type, sender=giving, receiver=taking)
        require_able(sender, "transfer_out", design, member=target.member)
        require_able(receiver, "transfer_in", design, member=heir)
        if call.donate and not receiver.is_beneficiary:
            raise NotBeneficiary(
                "Donations go to memberships that are marked as beneficiaries. Send it as a transfer instead.",
                facts={"membership": receiver.pk},
            )
        posted = transfer(
            point_type,
            points=call.points,
            sender=giving,
            receiver=taking,
            design=design,
            cause=Cause("membership", sender.pk),
            occurred_at=clock.program_now(design.program),
            actor=actor,
            donate=call.donate,
            reason_code=call.reason_code,
        )
        own = tuple(entry for entry in posted.entries if entry.amount < 0)
        return {
            "posting": posting_shape(replace(posted, entries=own), design),
            "membership": sender.pk,
            "to_membership": receiver.pk,
            "redirected_from": target.redirected_from,
            "balances": touched_balances(giving.set_id, [point_type], design),
        }


def _check_receiver(membership_id: int, *, actor: Actor, program_id: int) -> None:
    """One the actor may not see does not exist; one of another program of the actor's is told as that."""
    found = Membership.objects.visible_to(actor).filter(pk=membership_id).values_list("program_id", flat=True).first()
    if found is None:
        raise NotFound(NOWHERE, facts={"to_membership": membership_id})
    if found != program_id:
        raise DifferentProgram(
            "Points never cross programs: both memberships must be of the same one.",
            facts={"to_membership": membership_id},
        )


def _locked_pair(target: Target, call: TransferCall, *, actor: Actor, design: Design) -> tuple[Target, Membership]:
    """Both in order of their ids; alone where the year's transfers are added up, so that none is missed.

    A sender that was merged while this waited is found anew.
    """
    lock = shared_memberships if design.program.transfer_year_limit is None else locked_memberships
    while True:
        rows = {row.pk: row for row in lock([target.membership.pk, call.to_membership])}
        found = behind_lock(target, rows[target.membership.pk])
        if found is not None:
            return found, rows[call.to_membership]
        target = find_target(actor, membership_id=call.membership_id, member=call.member, at=clock.now())


def _party(membership: Membership, point_type: PointType, member: Member | None) -> Party:
    return Party(
        program_id=membership.program_id,
        own_set_id=membership.own_set_id,
        set_id=type_of(membership.type).account_set_for(membership, point_type),
        person_id=member.customer_id if member else None,
    )
