"""The figures tiers are decided by: qualifying points of a period by the time of their events, or an attribute's value.

What expired still counts where it was earned within the period; what was taken back, given away or carried to another
membership does not, and what is pending not yet (domain 1.7).
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from common.arrays import columns
from memberships.ladders import Ladder
from memberships.models import AttributeValue
from programs.attributes import default_of
from programs.models import AttributeDefinition, ExpiryPolicy, PointType
from programs.tiers import Period

# Lots that are used up count by what of them expired, which only a debit can show.
POINTS = """
SELECT t.membership, COALESCE(o.points, 0) + COALESCE(x.points, 0) AS points
FROM unnest(%(t_membership)s::bigint[], %(t_start)s::timestamptz[], %(t_stop)s::timestamptz[])
    AS t(membership, start, stop)
JOIN memberships_membership m ON m.id = t.membership
JOIN points_pointaccount a ON a.account_set_id = m.own_set_id AND a.point_type_id = %(type)s
CROSS JOIN LATERAL (
    SELECT sum(l.remaining)::bigint AS points FROM points_lot l
    WHERE l.account_id = a.id AND l.is_open AND (t.start IS NULL OR l.earned_at >= t.start)
        AND (t.stop IS NULL OR l.earned_at < t.stop) AND (l.available_at IS NULL OR l.available_at <= %(at)s)
) o
{expired}
"""
EXPIRED = """CROSS JOIN LATERAL (
    SELECT sum(d.amount)::bigint AS points
    FROM points_entry e
    JOIN points_posting p ON p.id = e.posting_id AND p.kind = 'expire'
    JOIN points_draw d ON d.entry_id = e.id
    JOIN points_lot l ON l.id = d.lot_id
    WHERE e.account_id = a.id AND e.amount < 0 AND (t.start IS NULL OR l.earned_at >= t.start)
        AND (t.stop IS NULL OR l.earned_at < t.stop)
) x"""
NOTHING_EXPIRED = "CROSS JOIN (SELECT 0::bigint AS points) x"


def figures_of(periods: Mapping[int, Period], ladder: Ladder, *, at: datetime) -> dict[int, Decimal]:
    """By membership the figure of its period as it is known at `at`; 0 where nothing feeds it."""
    found = dict.fromkeys(periods, Decimal(0))
    if ladder.point_type is not None:
        found |= _points(periods, ladder, at=at)
    elif ladder.attribute is not None:
        found |= _values(list(periods), ladder.attribute)
    return found


def points_question(
    periods: Mapping[int, Period], ladder: Ladder, point_type: PointType, *, at: datetime
) -> tuple[str, dict[str, Any]]:
    """What POINTS is completed with, and its parameters, for a ladder that the type feeds."""
    given: dict[str, Any] = {
        "type": point_type.pk,
        "at": at,
    } | columns("t", ("membership", "start", "stop"), ((pk, one.start, one.end) for pk, one in periods.items()))
    return _expired(ladder, point_type, periods, at), given


def _points(periods: Mapping[int, Period], ladder: Ladder, *, at: datetime) -> dict[int, Decimal]:
    if ladder.point_type is None:
        return {}
    expired, given = points_question(periods, ladder, ladder.point_type, at=at)
    with connection.cursor() as cursor:
        cursor.execute(POINTS.format(expired=expired), given)
        return {membership: Decimal(points) for membership, points in cursor.fetchall()}


def _expired(ladder: Ladder, point_type: PointType, periods: Mapping[int, Period], at: datetime) -> str:
    """Points that can't have expired within a period that lasts need not be looked for among thousands of entries, on
    every credit."""
    with_period = point_type.expiry_policy == ExpiryPolicy.TIER_PERIOD and ladder.dates_points
    lasting = with_period or point_type.expiry_policy == ExpiryPolicy.NEVER
    present = all(period.end is None or period.end > at for period in periods.values())
    return NOTHING_EXPIRED if lasting and present else EXPIRED


def _values(memberships: Collection[int], definition: AttributeDefinition) -> dict[int, Decimal]:
    """The present values: an attribute has no history by event time."""
    default = default_of(definition)
    found = dict.fromkeys(memberships, default if isinstance(default, Decimal) else Decimal(0))
    rows = AttributeValue.objects.filter(definition=definition, membership__in=list(memberships))
    return found | {row.membership_id: row.number for row in rows if row.number is not None}
