"""What happens to memberships by themselves every night: terms renew, lapse and end, tiers are reviewed."""

from collections.abc import Callable

from common.actor import Actor
from memberships import renewing, reviewing
from programs.models import Program
from programs.nightly import run_nightly


def do_nightly_runs(*, actor: Actor, progress: Callable[[], object] = lambda: None) -> int:
    """For a worker that asks often; how many runs it made. Who ends tonight is reviewed no more."""

    def renew(program: Program) -> None:
        renewing.renew_memberships(program, actor=actor, heard=lambda touched: progress())

    def review(program: Program) -> None:
        reviewing.review_tiers(program, actor=actor, progress=lambda reviewed: progress())

    return run_nightly(renewing.KIND, renew) + run_nightly(reviewing.KIND, review)
