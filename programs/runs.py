"""The history of runs: what ran over a program, when, what it did and why it stopped (programs.models.Run)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db.models import Max, Min

from common.actor import Actor
from common.clock import program_now
from programs.models import Program, Run

LONGEST_PROBLEM = 300


@contextmanager
def recorded(program: Program, kind: str, *, actor: Actor, dry_run: bool = False) -> Iterator[Counter[str]]:
    """A row of the history around a run; what it counts into is kept with the row, also where an error ends it.

    Times are the program's. Call it outside of transactions: the row is to stay when the run stops half way.
    """
    counts: Counter[str] = Counter()
    run = Run.objects.create(
        program=program, kind=kind, dry_run=dry_run, started_at=program_now(program), user_id=actor.user_id
    )
    try:
        yield counts
    except BaseException as error:
        run.problem = f"{type(error).__name__}: {error}"[:LONGEST_PROBLEM]
        raise
    finally:
        run.counts = dict(counts)
        run.ended_at = max(run.started_at, program_now(program))
        run.save(update_fields=["counts", "problem", "ended_at"])


def last_finished(program: Program, kind: str) -> Run | None:
    """The latest one that went through and was no dry run."""
    done = Run.objects.filter(program=program, kind=kind, dry_run=False, problem="", ended_at__isnull=False)
    return done.order_by("-id").first()


def ran_since(program: Program, kind: str, since: datetime) -> bool:
    """Whether such a run was carried through that began at or after that time."""
    last = last_finished(program, kind)
    return last is not None and last.started_at >= since


def stopped_since(program: Program, kind: str, since: datetime) -> tuple[datetime, datetime] | None:
    """When the first and the latest run that began since then stopped because of a problem; None where none did."""
    runs = Run.objects.filter(program=program, kind=kind, dry_run=False, started_at__gte=since, ended_at__isnull=False)
    times = runs.exclude(problem="").aggregate(first=Min("ended_at"), latest=Max("ended_at"))
    return None if times["first"] is None else (times["first"], times["latest"])
