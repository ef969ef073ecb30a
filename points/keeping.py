"""Keep the figures of days that are over, so that a report reads a few rows instead of the ledger.

A day is kept once nothing can be recorded in it any more: an hour after its end, and after the end of every
transaction that began before that. Reports add what was recorded since from the ledger itself, so they are exact
whether the run came or not. A sandbox, whose clock jumps, keeps nothing.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction

from common import clock
from common.db import in_program
from gateway.numbering import safe_horizon
from points import liability_sql as sql
from points.models import DayFigure, KeptDays
from programs.design import Design, design_of
from programs.expiry import add_months, end_of_day, start_of_day
from programs.models import Program

# Two runs at once would write the same days: one lock per program, apart from the numbers other runs lock.
LOCK = 8_000_000_000_000
# Expiry is recorded by the clock of the host that runs it; hosts differ by less.
SETTLED_AFTER = timedelta(hours=1)


def kept_days(design: Design) -> KeptDays | None:
    """How far the days are kept, in the zone the program has today."""
    return KeptDays.objects.filter(program_id=design.program.pk, time_zone=design.zone.key).first()


def keep_days(program: Program, *, again: bool = False, progress: Callable[[date], object] = lambda day: None) -> int:
    """Keep all days that are over; how many. Month by month, so that an interrupted run goes on where it stopped.

    `again` drops what was kept and reads the whole ledger anew, in one transaction. Twice changes nothing.
    """
    design = design_of(program.pk, fresh=True)
    horizon = safe_horizon()
    if design.program.is_sandbox or horizon is None:
        return 0
    settled = min(horizon, clock.now()) - SETTLED_AFTER
    # The day that moment lies in is not over.
    end = settled.astimezone(design.zone).date()
    if again:
        with transaction.atomic():
            _forget(design)
            return _keep_all(design, end=end, progress=progress)
    if kept_days(design) is None:
        _forget(design)
    return _keep_all(design, end=end, progress=progress)


def _keep_all(design: Design, *, end: date, progress: Callable[[date], object]) -> int:
    first = _first_day(design)
    kept = 0
    for start, stop in _months(first, end):
        kept += _keep(design, start=start, stop=stop)
        progress(stop - timedelta(days=1))
    return kept


def _first_day(design: Design) -> date | None:
    """The first day that is not kept yet; None where nothing was ever posted."""
    known = kept_days(design)
    if known is not None:
        return known.through + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(sql.FIRST_POSTING, [design.program.pk])
        (first,) = cursor.fetchone()
    return first.astimezone(design.zone).date() if first else None


def _months(first: date | None, end: date) -> Iterator[tuple[date, date]]:
    """Parts of [first, end) that lie in one month each."""
    start = first
    while start is not None and start < end:
        stop = min(add_months(start.replace(day=1), 1), end)
        yield start, stop
        start = stop


def _keep(design: Design, *, start: date, stop: date) -> int:
    """One transaction. Where another run was faster, nothing is left to do."""
    program_id, zone = design.program.pk, design.zone
    with in_program(program_id):
        _lock(program_id)
        known = KeptDays.objects.filter(program_id=program_id).first()
        if known is not None and known.through != start - timedelta(days=1):
            return 0
        last = stop - timedelta(days=1)
        given: dict[str, Any] = {
            "through": last,
            "until": end_of_day(last, zone),
            "time_zone": zone.key,
            "kept_at": clock.now(),
        }
        KeptDays.objects.update_or_create(program_id=program_id, defaults=given)
        period = {"since": start_of_day(start, zone), "until": given["until"]}
        with connection.cursor() as cursor:
            cursor.execute(sql.KEEP, period | {"program": program_id, "zone": zone.key})
    return (stop - start).days


def _forget(design: Design) -> None:
    with in_program(design.program.pk):
        _lock(design.program.pk)
        DayFigure.objects.filter(program_id=design.program.pk).delete()
        KeptDays.objects.filter(program_id=design.program.pk).delete()


def _lock(program_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK + program_id])
