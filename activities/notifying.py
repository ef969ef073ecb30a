"""What a program tells its members as time goes by: points that end soon, memberships that end, the month's statement.

Every notice has a key, so a run that is repeated, cut off or made twice at once tells nobody twice (domain 1.13).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from customers.notices import Raised
from memberships.models import Membership, MembershipStatus, MembershipTerm
from memberships.notifying import notify_each
from points.ending import ending_points
from points.monthly import months_of
from programs.design import Design, design_of
from programs.expiry import start_of_day
from programs.models import Program, ProgramStatus
from programs.nightly import run_nightly
from programs.notice_texts import MEMBERSHIP_EXPIRES, POINTS_EXPIRE, STATEMENT, InMonth, Value
from programs.notices import days_ahead, is_designed
from programs.runs import recorded

KIND = "send_notices"
AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """One notice to several memberships: what it says to each, and the key under which each gets it once."""

    code: str
    facts: dict[int, Mapping[str, Value]] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """A dry run's line: who would be told what."""

    code: str
    membership_id: int
    facts: Mapping[str, Value]


Touched = Callable[[Told], object]


def send_notices(
    program: Program,
    *,
    actor: Actor,
    at: datetime | None = None,
    dry_run: bool = False,
    touched: Touched = lambda told: None,
    progress: Callable[[int], object] = lambda memberships: None,
) -> Counter[str]:
    """Raise what is due; messages `waiting` to be sent and `suppressed`, in all and by notice. Nothing where the
    program is not released.

    `dry_run` does the same and undoes it; `touched` hears of each membership that is told. Each thousand memberships is
    a transaction of its own, so an interrupted run goes on where it stopped.
    """
    design = design_of(program.pk, fresh=True)
    if design.program.status != ProgramStatus.RELEASED:
        return Counter()
    now = at or program_now(design.program)
    with recorded(program, KIND, actor=actor, dry_run=dry_run) as counts:
        for batch in _due(design, now=now):
            raised = _raised(design.program, batch, dry_run=dry_run)
            counts.update(str(one.status) for one in raised)
            counts.update(f"{batch.code} {one.status}" for one in raised)
            for membership_id in dict.fromkeys(one.membership_id for one in raised):
                touched(Told(batch.code, membership_id, batch.facts[membership_id]))
            progress(len(batch.facts))
        return counts


def send_due_notices(*, actor: Actor, progress: Callable[[], object] = lambda: None) -> int:
    """For every released program once a day by its own clock, for a worker that asks often; how many messages."""
    raised = 0

    def send(program: Program) -> None:
        nonlocal raised
        counts = send_notices(program, actor=actor, progress=lambda _: progress())
        raised += counts["waiting"] + counts["suppressed"]

    run_nightly(KIND, send)
    return raised


def _raised(program: Program, batch: Batch, *, dry_run: bool) -> list[Raised]:
    with in_program(program):
        raised = notify_each(program, batch.code, batch.facts, once=batch.keys)
        if dry_run:
            transaction.set_rollback(True)
    return raised


def _due(design: Design, *, now: datetime) -> Iterator[Batch]:
    yield from _points_that_end(design, now=now)
    yield from _memberships_that_end(design, now=now)
    if is_designed(design, STATEMENT):
        yield from _statements(design, now=now)


def _points_that_end(design: Design, *, now: datetime) -> Iterator[Batch]:
    days = days_ahead(design, POINTS_EXPIRE)
    today = now.astimezone(design.zone).date()
    for found in ending_points(design, now=now, until=now + timedelta(days=days)):
        batches: dict[str, Batch] = {}
        memberships = memberships_of_sets({one.set_id for one in found})
        for one in found:
            batch = batches.setdefault(one.key, Batch(POINTS_EXPIRE))
            for membership in memberships.get(one.set_id, ()):
                batch.keys[membership] = one.key
                batch.facts[membership] = {
                    "points": one.points,
                    "point_type": one.point_type.name,
                    "date": one.day,
                    "days": (one.day - today).days,
                }
        yield from (batch for batch in batches.values() if batch.facts)


def _memberships_that_end(design: Design, *, now: datetime) -> Iterator[Batch]:
    """Those that end by themselves: of a term that does not renew, or with the season."""
    program = design.program
    today = now.astimezone(design.zone).date()
    last = today + timedelta(days=days_ahead(design, MEMBERSHIP_EXPIRES))
    due = Membership.objects.filter(program=program, expires_on__gte=today, expires_on__lte=last)
    due = due.exclude(status=MembershipStatus.EXPIRED)
    if program.auto_renew:
        season = program.valid_until
        due = due.filter(expires_on__gte=season) if season is not None else due.none()
    ends = dict(due.order_by("pk").values_list("pk", "expires_on"))
    for ids in pages(ends):
        terms = MembershipTerm.objects.filter(membership__in=ids).order_by("membership", "last_day")
        fees = {one.membership_id: (one.fee, one.currency) for one in terms}
        batch = Batch(MEMBERSHIP_EXPIRES, keys={pk: f"{ends[pk]}" for pk in ids})
        for pk in ids:
            fee, currency = fees.get(pk, (None, None))
            days = (ends[pk] - today).days
            batch.facts[pk] = {"date": ends[pk], "days": days, "fee": fee, "currency": currency}
        yield batch


def _statements(design: Design, *, now: datetime) -> Iterator[Batch]:
    """Of the month before, for the program's default type: who had any posting in it."""
    if design.default is None:
        return
    end = now.astimezone(design.zone).date().replace(day=1)
    first = (end - timedelta(days=1)).replace(day=1)
    since, until = (start_of_day(day, design.zone) for day in (first, end))
    for found in months_of(design.default.pk, since=since, until=until):
        batch = Batch(STATEMENT)
        memberships = memberships_of_sets({one.set_id for one in found})
        for one in found:
            figures = {name: getattr(one, name) for name in ("opening", "earned", "redeemed", "expired", "other")}
            for membership in memberships.get(one.set_id, ()):
                batch.keys[membership] = f"{design.default.pk}:{first:%Y-%m}"
                batch.facts[membership] = {
                    "month": InMonth(first),
                    "point_type": design.default.name,
                    "closing": one.closing,
                    **figures,
                }
        if batch.facts:
            yield batch


def memberships_of_sets(sets: Iterable[int]) -> dict[int, list[int]]:
    """The current memberships whose points lie in each set: its own, or all that share it."""
    wanted = set(sets)
    found: dict[int, list[int]] = {}
    sharing = Membership.objects.filter(Q(own_set__in=wanted) | Q(pool__in=wanted), current=True).order_by("pk")
    for pk, own, pool in sharing.values_list("pk", "own_set_id", "pool_id"):
        for one in {own, pool} & wanted:
            found.setdefault(one, []).append(pk)
    return found


def pages(ids: Iterable[int]) -> Iterator[list[int]]:
    left = list(ids)
    for start in range(0, len(left), AT_ONCE):
        yield left[start : start + AT_ONCE]
