"""Who a call acts for, under the locks that keep it so until the transaction ends."""

from collections.abc import Callable
from dataclasses import replace

from common.actor import Actor
from common.errors import NotAllowed
from memberships.locking import locked_memberships, shared_membership
from memberships.models import Member, Membership
from memberships.targets import Target


def locked_target(target: Target, find: Callable[[], Target], *, exclusively: bool = False) -> Target:
    """The target FOR SHARE; one that was merged, or whose person left, while this waited is found anew.

    `exclusively` where the verb reads and changes more of the membership than accounts, which their own locks guard:
    two that began with the weaker lock would wait for each other.
    """
    while True:
        membership_id = target.membership.pk
        locked = locked_memberships([membership_id])[0] if exclusively else shared_membership(membership_id)
        found = behind_lock(target, locked)
        if found is not None:
            return found
        target = find()


def behind_lock(target: Target, locked: Membership) -> Target | None:
    """The target with membership and member as they are now; None where they are no longer whom the call means."""
    before, member = target.membership, target.member
    # An anonymous membership that was registered meanwhile has a member now.
    if any(getattr(locked, name) != getattr(before, name) for name in ("current", "type", "main_member_id")):
        return None
    if member is not None:
        member = Member.objects.filter(pk=member.pk, ended_at__isnull=True).first()
        if member is None:
            return None
    return replace(target, membership=locked, member=member)


def require_right(actor: Actor, action: str, program_id: int | None) -> None:
    """The view asked whether the caller may do it in some program; this asks for the one it is about (None: outside of
    programs)."""
    if not actor.may(action, program_id):
        raise NotAllowed("You may not do this in this program.", facts={"action": action})
