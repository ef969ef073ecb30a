"""Invariants of files of activities."""

from common.audit import Invariant, Source

SOURCES = (Source("activity_batch", "activities_activitybatch", program="program_id = %(program)s"),)
INVARIANTS = (
    Invariant(
        "Q01",
        "activities",
        "a batch counts the activities that were made of its lines, and the lines that were refused",
        "Compare the file with both; reverse what was processed twice.",
        """
        SELECT b.id, b.received || ' received, made ' || v.n || '; ' || b.refused || ' refused, kept ' || r.n
        FROM activity_batch b
        CROSS JOIN LATERAL (SELECT count(*) AS n, max(x.line) AS last FROM activities_memberactivity x
            WHERE x.batch_id = b.id) v
        CROSS JOIN LATERAL (SELECT count(*) AS n, max(x.line) AS last FROM activities_refusedline x
            WHERE x.batch_id = b.id) r
        WHERE b.source = 'file' AND (b.received <> v.n OR b.refused <> r.n OR GREATEST(v.last, r.last) > b.lines)
        """,
    ),
    Invariant(
        "Q02",
        "activities",
        "a line of a file made an activity or was refused, not both; the partner is that of the file",
        "Compare the line with both; reverse what should not have been processed.",
        """
        SELECT v.id, 'line ' || v.line || ' of batch ' || v.batch_id FROM activities_memberactivity v
        JOIN activity_batch b ON b.id = v.batch_id
        WHERE v.partner_id IS DISTINCT FROM b.partner_id OR v.program_id <> b.program_id OR v.line IS NULL
            OR EXISTS (SELECT 1 FROM activities_refusedline r WHERE r.batch_id = v.batch_id AND r.line = v.line)
        """,
    ),
)
