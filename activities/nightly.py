"""What ends by itself every night in every program: points and vouchers past their time (domain 1.6, 1.12)."""

from collections.abc import Callable

from activities import expiring, expiring_vouchers
from common.actor import Actor
from programs.models import Program
from programs.nightly import run_nightly


def end_what_is_over(*, actor: Actor, progress: Callable[[], object] = lambda: None) -> int:
    """For a worker that asks often; how many runs it made. Nothing hangs on the hour: what is past its time is
    unusable before the run."""

    def points(program: Program) -> None:
        expiring.expire_due_points(program, actor=actor, progress=lambda expired: progress())

    def vouchers(program: Program) -> None:
        expiring_vouchers.expire_due_vouchers(program, actor=actor, progress=lambda count: progress())

    return run_nightly(expiring.KIND, points) + run_nightly(expiring_vouchers.KIND, vouchers)
