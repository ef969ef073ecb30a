"""Who a call acts for, under the locks that keep it so until the transaction ends."""

from dataclasses import replace
from datetime import datetime

from common.actor import Actor
from common.errors import NotAllowed
from memberships.locking import shared_membership
from memberships.models import MembershipStatus
from memberships.targets import Target, find_target


def locked_target(target: Target, actor: Actor, *, named: int, member: int | None, at: datetime) -> Target:
    """The target FOR SHARE; one that was merged while this waited is found once more from the `named` membership."""
    membership = shared_membership(target.membership.pk)
    if membership.status == MembershipStatus.EXPIRED and target.membership.status != MembershipStatus.EXPIRED:
        target = find_target(actor, membership_id=named, member=member, at=at)
        membership = shared_membership(target.membership.pk)
    return replace(target, membership=membership)


def require_right(actor: Actor, action: str, program_id: int) -> None:
    """The view asked whether the caller may do it in some program; this asks for the one it is about."""
    if not actor.may(action, program_id):
        raise NotAllowed("You may not do this in this program.", facts={"action": action})
