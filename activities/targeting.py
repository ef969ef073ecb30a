"""Who a call acts for, under the locks that keep it so until the transaction ends."""

from dataclasses import replace
from datetime import datetime

from common.actor import Actor
from common.errors import NotAllowed
from memberships.locking import shared_membership
from memberships.models import Member, Membership
from memberships.targets import Target, find_target


def locked_target(target: Target, actor: Actor, *, named: int, member: int | None, at: datetime) -> Target:
    """The target FOR SHARE; one that was merged, or whose person left, while this waited is found anew from the
    `named` membership."""
    while True:
        found = behind_lock(target, shared_membership(target.membership.pk))
        if found is not None:
            return found
        target = find_target(actor, membership_id=named, member=member, at=at)


def behind_lock(target: Target, locked: Membership) -> Target | None:
    """The target with membership and member as they are now; None where they are no longer whom the call means."""
    before, member = target.membership, target.member
    if locked.current != before.current or locked.main_member_id != before.main_member_id:
        return None
    if member is not None:
        member = Member.objects.filter(pk=member.pk, ended_at__isnull=True).first()
        if member is None:
            return None
    return replace(target, membership=locked, member=member)


def require_right(actor: Actor, action: str, program_id: int) -> None:
    """The view asked whether the caller may do it in some program; this asks for the one it is about."""
    if not actor.may(action, program_id):
        raise NotAllowed("You may not do this in this program.", facts={"action": action})
