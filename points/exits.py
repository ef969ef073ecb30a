"""What points put in the way of closing a program (domain 1.2)."""

from common import clock
from common.obstacles import Obstacle
from points.models import Hold, PointAccount
from programs.models import Program


def program_obstacles(program: Program) -> list[Obstacle]:
    """Open holds, then accounts that are not empty."""
    found = []
    holds = Hold.objects.filter(program=program).in_force(clock.program_now(program)).count()
    if holds:
        found.append(Obstacle("open_holds", f"Holds are open: {holds}. Capture or release them.", {"count": holds}))
    accounts = PointAccount.objects.filter(program=program).exclude(balance=0).count()
    if accounts:
        found.append(
            Obstacle(
                "open_balances",
                f"Accounts with a balance: {accounts}. Let their points expire or be spent, or adjust them.",
                {"count": accounts},
            )
        )
    return found
