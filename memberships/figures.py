"""The figures tiers are decided by: qualifying points of a period by the time of their events, or an attribute's value.

What expired still counts where it was earned within the period; what was taken back, given away or carried to another
membership does not, and what is pending not yet (domain 1.7).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from common.arrays import array, columns
from memberships.ladders import Ladder
from programs.attributes import default_of
from programs.models import AttributeDefinition, ExpiryPolicy, PointType
from programs.tiers import Period

# Lots that are used up count by what of them expired, which only a debit can show.
COUNTED = """JOIN memberships_membership m ON m.id = t.membership
JOIN points_pointaccount a ON a.account_set_id = m.own_set_id AND a.point_type_id = {type}
CROSS JOIN LATERAL (
    SELECT sum(l.remaining)::bigint AS points FROM points_lot l
    WHERE l.account_id = a.id AND l.is_open AND (t.start IS NULL OR l.earned_at >= t.start)
        AND (t.stop IS NULL OR l.earned_at < t.stop) AND (l.available_at IS NULL OR l.available_at <= {at})
) o
"""
POINTS = (
    """
SELECT t.membership, COALESCE(o.points, 0) + COALESCE(x.points, 0) AS points
FROM unnest(%(t_membership)s::bigint[], %(t_start)s::timestamptz[], %(t_stop)s::timestamptz[])
    AS t(membership, start, stop)
"""
    + COUNTED.format(type="%(type)s", at="%(at)s")
    + "{expired}\n"
)
EXPIRED = """CROSS JOIN LATERAL (
    SELECT sum(d.amount)::bigint AS points
    FROM points_entry e
    JOIN points_posting p ON p.id = e.posting_id AND p.kind = 'expire'
    JOIN points_draw d ON d.entry_id = e.id
    JOIN points_lot l ON l.id = d.lot_id
    WHERE e.account_id = a.id AND e.amount < 0 AND (t.start IS NULL OR l.earned_at >= t.start)
        AND (t.stop IS NULL OR l.earned_at < t.stop)
) x"""
# Of memberships of several programs, each by its own type and clock.
OF_MANY = (
    """
SELECT t.number, COALESCE(o.points, 0) + COALESCE(x.points, 0)
FROM unnest(%(t_number)s::bigint[], %(t_membership)s::bigint[], %(t_type)s::bigint[], %(t_start)s::timestamptz[],
    %(t_stop)s::timestamptz[], %(t_at)s::timestamptz[]) AS t(number, membership, type, start, stop, at)
"""
    + COUNTED.format(type="t.type", at="t.at")
    + EXPIRED
)
NOTHING_EXPIRED = "CROSS JOIN (SELECT 0::bigint AS points) x"
# The present values: an attribute has no history by event time.
VALUES = """
SELECT v.membership_id AS membership, v.number AS points FROM memberships_attributevalue v
WHERE v.definition_id = %(definition)s AND v.membership_id = ANY(%(memberships)s::bigint[]) AND v.number IS NOT NULL
"""


class Question(NamedTuple):
    """A query for (membership, points), its parameters, and the figure of those it does not find."""

    query: str
    given: dict[str, Any]
    otherwise: Decimal


def figures_of(periods: Mapping[int, Period], ladder: Ladder, *, at: datetime) -> dict[int, Decimal]:
    """By membership the figure of its period as it is known at `at`."""
    asked = figures_question(periods, ladder, at=at)
    found = dict.fromkeys(periods, asked.otherwise if asked else Decimal(0))
    if asked is not None:
        with connection.cursor() as cursor:
            cursor.execute(asked.query, asked.given)
            found |= {membership: Decimal(points) for membership, points in cursor.fetchall()}
    return found


def figures_question(periods: Mapping[int, Period], ladder: Ladder, *, at: datetime) -> Question | None:
    """None where nothing feeds the ladder: every figure is 0."""
    if ladder.point_type is not None:
        expired, given = points_question(periods, ladder, ladder.point_type, at=at)
        return Question(POINTS.format(expired=expired), given, Decimal(0))
    if ladder.attribute is not None:
        return Question(
            VALUES, {"definition": ladder.attribute.pk, "memberships": array(periods)}, _default(ladder.attribute)
        )
    return None


def figures_of_many(asked: Sequence[tuple[int, int, Period, datetime]]) -> list[Decimal]:
    """Of each (membership, id of the point type that feeds the ladder, period, present) its figure, in that order."""
    rows = [(n, pk, type_id, one.start, one.end, at) for n, (pk, type_id, one, at) in enumerate(asked)]
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(OF_MANY, columns("t", ("number", "membership", "type", "start", "stop", "at"), rows))
        found = dict(cursor.fetchall())
    return [Decimal(found.get(n, 0)) for n in range(len(rows))]


def points_question(
    periods: Mapping[int, Period], ladder: Ladder, point_type: PointType, *, at: datetime
) -> tuple[str, dict[str, Any]]:
    """What POINTS is completed with, and its parameters, for a ladder that the type feeds."""
    given: dict[str, Any] = {
        "type": point_type.pk,
        "at": at,
    } | columns("t", ("membership", "start", "stop"), ((pk, one.start, one.end) for pk, one in periods.items()))
    return _expired(ladder, point_type, periods, at), given


def _expired(ladder: Ladder, point_type: PointType, periods: Mapping[int, Period], at: datetime) -> str:
    """Points that can't have expired within a period that lasts need not be looked for among thousands of entries, on
    every credit."""
    with_period = point_type.expiry_policy == ExpiryPolicy.TIER_PERIOD and ladder.dates_points
    lasting = with_period or point_type.expiry_policy == ExpiryPolicy.NEVER
    present = all(period.end is None or period.end > at for period in periods.values())
    return NOTHING_EXPIRED if lasting and present else EXPIRED


def _default(definition: AttributeDefinition) -> Decimal:
    default = default_of(definition)
    return default if isinstance(default, Decimal) else Decimal(0)
