"""The daily runs over points: what is past its time, and what rested after the end of its membership (1.5, 1.6)."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from activities.lot_dates import period_end
from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from memberships.ending import finish_resting, memberships_done_resting, resting_sets
from memberships.locking import locked_memberships
from memberships.models import Membership
from points.expiry import Expired, expire_ended
from points.models import Lot, PointAccount
from points.moves import Cause
from programs.design import design_of
from programs.models import Program, ProgramStatus

Progress = Callable[[Expired], object]


def expire_rested_memberships(
    program: Program, *, actor: Actor, at: datetime | None = None, progress: Progress = lambda expired: None
) -> int:
    """Expire the points of ended memberships whose rest is over at `at`; the number of postings.

    Each membership is its own transaction, so an interrupted run goes on where it stopped. A program that is not
    released waits.
    """
    if design_of(program.pk, fresh=True).program.status != ProgramStatus.RELEASED:
        return 0
    now = at or clock.program_now(program)
    count = 0
    for membership in memberships_done_resting(program, at=now):
        for expired in retrying(partial(_expire, membership.pk, program=program, actor=actor, now=now)):
            progress(expired)
            count += 1
    return count


def _expire(membership_id: int, *, program: Program, actor: Actor, now: datetime) -> list[Expired]:
    with in_program(program):
        (membership,) = locked_memberships([membership_id])
        if membership.current or membership.rests_until is None or membership.rests_until > now:
            return []
        accounts = PointAccount.objects.filter(account_set__in=resting_sets(membership)).order_by("pk")
        done = expire_ended(
            list(accounts.values_list("pk", flat=True)),
            ended=membership.rests_until,
            cause=Cause("membership", membership.pk),
            design=design_of(program.pk),
            actor=actor,
            now=now,
        )
        if not holds_points(membership):
            finish_resting(membership, actor=actor, at=now)
        return done


def holds_points(membership: Membership) -> bool:
    """A hold lives to its own limit: its points are left for a later run."""
    return Lot.objects.filter(account__account_set__in=resting_sets(membership), is_open=True).exists()


def period_end_of(account_id: int, earned_at: datetime) -> datetime | None:
    """The end of the tier period in which points of the account were earned."""
    account = PointAccount.objects.select_related("point_type").get(pk=account_id)
    membership = Membership.objects.filter(own_set=account.account_set_id).first()
    if membership is None:
        return None
    design = design_of(account.program_id)
    return period_end(account.point_type, design, at=earned_at, enrolled_at=membership.enrolled_at)
