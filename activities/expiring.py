"""The daily runs over points: what is past its time, and what rested after the end of its membership (1.5, 1.6)."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q

from activities.lot_dates import period_end
from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from memberships.ending import finish_resting, memberships_done_resting, resting_sets
from memberships.locking import locked_memberships
from memberships.models import Membership
from points.expiry import Expired, expire_ended, expire_points
from points.models import Lot, PointAccount
from points.moves import Cause
from programs.design import design_of
from programs.models import Program, ProgramStatus
from programs.runs import recorded

KIND = "expire_points"
Progress = Callable[[Expired], object]


@dataclass(frozen=True, slots=True)
class Touched:
    """What the run took from an account: `numbers` of the memberships whose points those are, several in a pool."""

    numbers: tuple[str, ...]
    point_type: str
    points: int
    lots: int


def expire_due_points(
    program: Program,
    *,
    actor: Actor,
    at: datetime | None = None,
    dry_run: bool = False,
    progress: Progress = lambda expired: None,
) -> Counter[str]:
    """The whole run over a program, kept in its history: how many `points` expired, in how many `postings`. Nothing
    where the program is not released."""
    if design_of(program.pk, fresh=True).program.status != ProgramStatus.RELEASED:
        return Counter()
    with recorded(program, KIND, actor=actor, dry_run=dry_run) as counts:

        def count(expired: Expired) -> None:
            counts["points"] += expired.points
            counts["postings"] += 1
            progress(expired)

        expire_points(program, actor=actor, at=at, dry_run=dry_run, progress=count)
        expire_rested_memberships(program, actor=actor, at=at, dry_run=dry_run, progress=count)
        return counts


def touched_by(done: Sequence[Expired]) -> list[Touched]:
    """Whose points those were, told for some postings at once."""
    accounts = PointAccount.objects.select_related("point_type").in_bulk([one.account_id for one in done])
    sets = {one.account_set_id for one in accounts.values()}
    owners: dict[int, list[str]] = {}
    sharing = Membership.objects.filter(Q(own_set__in=sets) | Q(pool__in=sets)).order_by("pk")
    for number, own, pool in sharing.values_list("number", "own_set_id", "pool_id"):
        for one in {own, pool} & sets:
            owners.setdefault(one, []).append(number)
    return [
        Touched(tuple(owners.get(account.account_set_id, ())), account.point_type.name, one.points, one.lots)
        for one in done
        for account in (accounts[one.account_id],)
    ]


def expire_rested_memberships(
    program: Program,
    *,
    actor: Actor,
    at: datetime | None = None,
    dry_run: bool = False,
    progress: Progress = lambda expired: None,
) -> int:
    """Expire the points of ended memberships whose rest is over at `at`; the number of postings.

    Each membership is its own transaction, so an interrupted run goes on where it stopped; a dry run undoes each. A
    program that is not released waits.
    """
    if design_of(program.pk, fresh=True).program.status != ProgramStatus.RELEASED:
        return 0
    now = at or clock.program_now(program)
    count = 0
    for membership in memberships_done_resting(program, at=now):
        step = partial(_expire, membership.pk, program=program, actor=actor, now=now, dry_run=dry_run)
        for expired in retrying(step):
            progress(expired)
            count += 1
    return count


def _expire(membership_id: int, *, program: Program, actor: Actor, now: datetime, dry_run: bool) -> list[Expired]:
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
        if dry_run:
            transaction.set_rollback(True)
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
