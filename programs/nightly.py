"""Runs that a worker makes once a day in every program, by the program's own clock and zone (domain 1.5, 1.7)."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta

from common.clock import program_now
from common.db import apart
from common.errors import LoyaltyError
from programs.models import Program, ProgramStatus
from programs.runs import ran_since, stopped_since

logger = logging.getLogger(__name__)
SOONEST = timedelta(minutes=1)


def run_nightly(kind: str, run: Callable[[Program], object]) -> int:
    """Call `run`, which records itself under `kind`, for each released program it was not carried through for since
    the program's last midnight; for how many. Where somebody else is at it, it is left to them.

    One that stopped rests as long as it has been stopping tonight: a dozen tries until the next midnight, of which the
    history has a row each. Who has cured the reason need not wait: the command runs at once.
    """
    done = 0
    for program in Program.objects.filter(status=ProgramStatus.RELEASED).order_by("pk"):
        if _is_due(program, kind):
            with _alone(f"{kind}:{program.pk}") as alone:
                # Whoever was at it a moment ago is through.
                if alone and _is_due(program, kind):
                    done += _ran(run, program)
    return done


def _ran(run: Callable[[Program], object], program: Program) -> int:
    """What a rule refuses stands in the history of runs and is tried again; the other programs do not wait for it."""
    try:
        run(program)
    except LoyaltyError as error:
        logger.warning("A nightly run over %s stopped: %s", program.code, error.message)
        return 0
    return 1


def _is_due(program: Program, kind: str) -> bool:
    now = program_now(program)
    midnight = datetime.combine(now.astimezone(program.zone).date(), time.min, tzinfo=program.zone)
    return not ran_since(program, kind, midnight) and not _rests(program, kind, midnight, now)


def _rests(program: Program, kind: str, midnight: datetime, now: datetime) -> bool:
    stopped = stopped_since(program, kind, midnight)
    if stopped is None:
        return False
    first, latest = stopped
    return now < latest + max(SOONEST, latest - first)


@contextmanager
def _alone(name: str) -> Iterator[bool]:
    """Whether nobody else has this name: until the end, or until the process dies.

    A transaction of its own keeps it, so that it holds behind a connection pooler and the run commits as it goes on.
    """
    with apart() as beside:
        beside.set_autocommit(False)
        with beside.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
            (free,) = cursor.fetchone()
        try:
            yield bool(free)
        finally:
            beside.rollback()
