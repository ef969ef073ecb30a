"""The history of runs: what ran over a program, when, what it did and why it stopped."""

"""What ran over a program, kept as a row: what it did, or why it stopped (programs.models.Run)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from common.clock import program_now
from programs.models import Program, Run


@contextmanager
def recorded(
    program: Program, kind: str, *, dry_run: bool = False, user_id: int | None = None
) -> Iterator[Counter[str]]:
    """A row of the history around a run; what it counts into is kept with the row, also where an error ends it.

    Times are the program's. Call it outside of transactions: the row is to stay when the run stops half way.
    """
    counts: Counter[str] = Counter()
    run = Run.objects.create(
        program=program, kind=kind, dry_run=dry_run, started_at=program_now(program), user_id=user_id
    )
    try:
        yield counts
    except BaseException as error:
        run.problem = f"{type(error).__name__}: {error}"[:300]
        raise
    finally:
        run.counts = dict(counts)
        run.ended_at = max(run.started_at, program_now(program))
        run.save(update_fields=["counts", "problem", "ended_at"])


def last_finished(program: Program, kind: str) -> Run | None:
    """The latest one that went through and was no dry run."""
    done = Run.objects.filter(program=program, kind=kind, dry_run=False, problem="", ended_at__isnull=False)
    return done.order_by("-id").first()


from datetime import datetime

from common import clock
from common.actor import Actor

LONGEST_PROBLEM = 300


@contextmanager
def recorded(program: Program, kind: str, *, actor: Actor, dry_run: bool = False) -> Iterator[Counter[str]]:
    """The figures to be filled in; written when the run ends, however it ends. Call it outside of any transaction."""
    counts: Counter[str] = Counter()
    run = Run.objects.create(program=program, kind=kind, dry_run=dry_run, started_at=clock.now(), user_id=actor.user_id)
    try:
        yield counts
    except BaseException as error:
        run.problem = " ".join([type(error).__name__, str(error)])[:LONGEST_PROBLEM]
        raise
    finally:
        run.counts, run.ended_at = dict(counts), clock.now()
        run.save(update_fields=["counts", "ended_at", "problem"])


def ran_since(program: Program, kind: str, since: datetime) -> bool:
    """Whether such a run was carried through at or after that time."""
    runs = Run.objects.filter(program=program, kind=kind, dry_run=False, problem="", started_at__gte=since)
    return runs.filter(ended_at__isnull=False).exists()
