"""What ran over a program, kept as a row: what it did, or why it stopped (programs.models.Run)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from common import clock
from common.actor import Actor
from programs.models import Program, Run

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
