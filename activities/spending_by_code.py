"""Spending what a member allowed by the code that was sent to them, in a sale or alone (domain 1.11)."""

from dataclasses import dataclass
from datetime import datetime

from activities.targeting import require_right
from common.actor import Actor
from memberships.errors import CodeNotValid
from memberships.models import SpendingCode
from memberships.spending_codes import proven, refuse_beyond
from memberships.targets import Target, find_target
from programs.design import design_of


@dataclass(frozen=True, slots=True)
class Wish:
    """The points that are to be spent; `member` names the person the caller takes for the one who allowed it."""

    membership_id: int
    points: int
    point_type: str | None = None
    member: int | None = None


def allowed_by(wish: Wish, given: str, *, actor: Actor, at: datetime) -> SpendingCode:
    """The code that was sent to a member of the membership that is to pay, in turn until the transaction ends: asked
    before any other lock is taken.

    Raises NotFound, MembershipEnded, NotAllowed, CodeNotValid, CodeNotEnough.
    """
    membership = find_target(actor, at=at, membership_id=wish.membership_id).membership
    require_right(actor, "points:redeem", membership.program_id)
    code = proven(membership, given, actor=actor)
    if wish.member not in (None, code.customer_id):
        raise CodeNotValid(
            "The code was sent to somebody else than the member named: whoever allows it is who spends.",
            facts={"membership": membership.pk, "member": wish.member},
        )
    refuse_beyond(code, points=wish.points, point_type=design_of(membership.program_id).point_type(wish.point_type))
    return code


def person_asked(code: SpendingCode, *, actor: Actor, at: datetime) -> Target:
    """The person the code went to, in the membership it was sent for: one that went into another takes a new one."""
    target = find_target(actor, at=at, membership_id=code.membership_id, member=code.customer_id)
    if target.membership.pk != code.membership_id:
        raise CodeNotValid(
            "The membership went into another one since the code was sent: have a new one sent.",
            facts={"membership": code.membership_id},
        )
    return target
