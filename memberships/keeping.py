"""Who keeps the rung in a review: the server holds the figures of thousands against the bands of their rungs and writes
those reviews down; only the others come back to be judged one by one (domain 1.7).

What a rung takes is said by `Ladder.band` alone, and when a review is due by review_kinds.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from common.arrays import columns
from memberships.figures import figures_question
from memberships.ladders import Ladder
from memberships.reviewing_sql import Due
from programs.models import Program

HELD = """
WITH figures AS ({figures}), held AS MATERIALIZED (
    SELECT d.membership, d.tier, d.ended, f.figure, EXISTS (
        SELECT FROM unnest(%(b_tier)s::bigint[], %(b_low)s::numeric[], %(b_below)s::numeric[]) AS b(tier, low, below)
        WHERE b.tier = d.tier AND (b.low IS NULL OR f.figure >= b.low) AND (b.below IS NULL OR f.figure < b.below)
    ) AS keeps
    FROM unnest(%(d_membership)s::bigint[], %(d_tier)s::bigint[], %(d_ended)s::timestamptz[])
        AS d(membership, tier, ended)
    LEFT JOIN figures found USING (membership)
    CROSS JOIN LATERAL (SELECT COALESCE(found.points::numeric, %(otherwise)s::numeric) AS figure) f
){kept}
SELECT membership, figure FROM held WHERE NOT keeps
"""
# What is due was never reviewed for that period.
KEPT = """, kept AS (
    INSERT INTO memberships_tierreview (membership_id, program_id, group_id, period_end, again, figure, before_id,
        after_id, reviewed_at)
    SELECT membership, %(program)s, %(ladder)s, ended, 0, figure, tier, tier, %(reviewed_at)s FROM held WHERE keeps
    ORDER BY membership
)"""
NOTHING = "SELECT NULL::bigint AS membership, NULL::bigint AS points WHERE false"


def figures_of_others(
    due: Sequence[Due], ladder: Ladder, *, at: datetime, recorded_in: Program | None = None
) -> Mapping[int, Decimal]:
    """By membership the figures of those that do not keep their rung by their figure alone.

    With `recorded_in` the reviews of those that do are written down; their memberships are locked by the caller.
    """
    asked = figures_question({one.membership_id: one.period for one in due}, ladder, at=at)
    bands = [(tier.pk, *band) for tier in ladder.tiers if (band := ladder.band(tier)) is not None]
    given: dict[str, Any] = {"otherwise": Decimal(0) if asked is None else asked.otherwise}
    given |= {} if asked is None else asked.given
    given |= columns("b", ("tier", "low", "below"), bands)
    given |= columns(
        "d", ("membership", "tier", "ended"), ((one.membership_id, one.stood.pk, one.ended) for one in due)
    )
    if recorded_in is not None:
        given |= {"program": recorded_in.pk, "ladder": ladder.group.pk, "reviewed_at": at}
    query = HELD.format(figures=NOTHING if asked is None else asked.query, kept=KEPT if recorded_in else "")
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return dict(cursor.fetchall())
