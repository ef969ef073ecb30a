"""Statements of the expiry forecast: what is left of open lots, summed by the day it ends.

One pass over the open lots of the program; the answer has a row per type and day. A lot ends at its date, or when the
exemption of its set does, whichever is later; the last day is the one before that moment, in the program's zone.
"""

# Lots hardly ever are held: read from the few open holds once.
HELD = """
SELECT hl.lot_id, sum(hl.points)::bigint AS points FROM points_hold h JOIN points_holdlot hl ON hl.hold_id = h.id
WHERE h.program_id = %(program)s AND h.status = 'open' AND h.expires_at > %(now)s GROUP BY hl.lot_id
"""
SUMS = """
    sum(l.remaining - COALESCE(held.points, 0))::bigint AS points,
    COALESCE(sum(held.points), 0)::bigint AS held,
    COALESCE(sum(l.remaining - COALESCE(held.points, 0)) FILTER (WHERE l.available_at > %(now)s), 0)::bigint AS pending
"""
# Lots share their dates: summed by them first, so that zones are worked out for a few rows.
DATED = f"""
SELECT point_type_id, ((ends - interval '1 microsecond') AT TIME ZONE %(zone)s::text)::date AS day,
    ends <= %(now)s AS over, sum(points)::bigint, sum(held)::bigint, sum(pending)::bigint
FROM (
    SELECT a.point_type_id, GREATEST(l.expires_at, s.exempt_until) AS ends, {SUMS}
    FROM points_lot l JOIN points_pointaccount a ON a.id = l.account_id
    JOIN points_pointaccountset s ON s.id = a.account_set_id
    LEFT JOIN ({HELD}) held ON held.lot_id = l.id
    WHERE a.program_id = %(program)s AND l.is_open AND l.expires_at IS NOT NULL
    GROUP BY 1, 2
) d GROUP BY 1, 2, 3
"""  # noqa: S608 - our own text only
# Lots without a date: of an inactivity type by the day of the activity they live from, else for ever. The clock of a
# set is that of points.inactivity.
UNDATED = f"""
SELECT a.point_type_id, CASE WHEN a.point_type_id = ANY(%(inactive)s::bigint[])
        THEN (idle.since AT TIME ZONE %(zone)s::text)::date END AS since,
    CASE WHEN a.point_type_id = ANY(%(inactive)s::bigint[]) THEN s.exempt_until END AS exempt_until, {SUMS}
FROM points_lot l JOIN points_pointaccount a ON a.id = l.account_id
JOIN points_pointaccountset s ON s.id = a.account_set_id
LEFT JOIN ({HELD}) held ON held.lot_id = l.id
LEFT JOIN LATERAL (
    SELECT COALESCE(
        GREATEST(s.activity_at, (SELECT max(x.last_activity_at) FROM points_pointaccount x
                                 WHERE x.account_set_id = a.account_set_id)),
        (SELECT p.occurred_at FROM points_entry e JOIN points_posting p ON p.id = e.posting_id
         WHERE e.account_id = a.id AND e.number = 1)) AS since
) idle ON a.point_type_id = ANY(%(inactive)s::bigint[])
WHERE a.program_id = %(program)s AND l.is_open AND l.expires_at IS NULL
GROUP BY 1, 2, 3
"""  # noqa: S608 - our own text only
OWED = """
SELECT point_type_id, sum(balance)::bigint, sum(debt)::bigint FROM points_pointaccount WHERE program_id = %(program)s
GROUP BY 1
"""
