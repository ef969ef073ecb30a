"""The review of tiers at the end of a year: three of five keep silver, one keeps gold by ten lots, one loses it.

A million memberships: `python -m bench tiers --members 1000000 --spenders 200000`.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import connection

from bench.report import Figure
from bench.world import LOT_POINTS, LOTS, Sizes, World, make_world, settle
from common import clock
from gateway.channels import system_actor
from memberships.reviewing import review_tiers
from programs.design import forget_designs
from programs.models import PointType, Program, Tier, TierGroup

GOAL_PER_MILLION = 120
# As many as there are cores.
JOBS = 2
STAND = """
INSERT INTO memberships_tierstanding (membership_id, program_id, group_id, tier_id, since, source, reason)
SELECT m.id, m.program_id, %s, CASE WHEN m.id < %s THEN %s::bigint ELSE %s END, %s, 'earned', ''
FROM memberships_membership m WHERE m.program_id = %s
"""


def tiers(sizes: Sizes) -> Iterator[Figure]:
    """A world of its own, for everybody is reviewed afterwards. Whoever spends has lots of this year."""
    spenders = min(sizes.spenders, sizes.members // 5)
    world = make_world(Sizes(members=sizes.members, spenders=spenders, hot_lots=0))
    program = Program.objects.get(pk=world.program)
    _stand(world, program, high=spenders * 2)
    settle()
    at = _after_the_year()
    began = time.perf_counter()
    counts = review_tiers(program, actor=system_actor(), at=at, jobs=JOBS)
    seconds = time.perf_counter() - began
    if counts["lowered"] != spenders or sum(counts.values()) != sizes.members:
        raise RuntimeError(f"The review of {sizes.members} memberships did {dict(counts)}.")
    name, goal = (
        f"tier review of {sizes.members:,} memberships, {JOBS} jobs",
        GOAL_PER_MILLION * sizes.members / 1_000_000,
    )
    yield Figure(name, seconds, "s", goal, at_most=True)
    yield Figure("tier review", sizes.members / seconds, "memberships/s")
    began = time.perf_counter()
    if review_tiers(program, actor=system_actor(), at=at):
        raise RuntimeError("A second review changed something.")
    yield Figure("the same run again, with nothing due", time.perf_counter() - began, "s")


def _stand(world: World, program: Program, *, high: int) -> None:
    """The first `high` on gold, the others on silver, which asks for nothing, since this moment."""
    ladder = TierGroup.objects.create(
        program=program, code="ladder", name="Ladder", point_type=PointType.objects.get(pk=world.point_type)
    )
    Tier.objects.create(group=ladder, code="blue", name="Blue", rank=0)
    silver = Tier.objects.create(group=ladder, code="silver", name="Silver", rank=1)
    gold = Tier.objects.create(group=ladder, code="gold", name="Gold", rank=2, threshold=LOTS * LOT_POINTS // 2)
    with connection.cursor() as cursor:
        first_low = world.first_membership + high
        cursor.execute(STAND, [ladder.pk, first_low, gold.pk, silver.pk, clock.now(), program.pk])
    forget_designs()


def _after_the_year() -> datetime:
    """The program keeps UTC."""
    return datetime(clock.now().year + 1, 1, 1, 3, tzinfo=UTC)
