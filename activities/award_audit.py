"""Invariants of bulk awards."""

from common.audit import Invariant, Source

SOURCES = (
    Source("award", "activities_bulkaward", program="program_id = %(program)s"),
    Source("award_row", "activities_awardrow", program="program_id = %(program)s"),
)
INVARIANTS = (
    Invariant(
        "B01",
        "awards",
        "a line of a bulk award was posted as it says, and only where the award was approved",
        "Reverse the posting, or correct it by an adjustment.",
        """
        SELECT r.id, 'gives ' || r.points || ', posting ' || p.id || ' adjusts by ' || coalesce(e.sum, 0) || ', award '
            || a.status
        FROM award_row r JOIN activities_bulkaward a ON a.id = r.award_id JOIN points_posting p ON p.id = r.posting_id
        LEFT JOIN LATERAL (SELECT sum(amount) FROM points_entry WHERE posting_id = p.id) e ON true
        WHERE p.kind <> 'adjust' OR coalesce(e.sum, 0) <> r.points OR p.program_id <> r.program_id
            OR a.status NOT IN ('approved', 'posted')
        """,
    ),
    Invariant(
        "B02",
        "awards",
        "every line of a posted award has a posting or a problem",
        "Let the award be posted again: lines that were posted are left alone.",
        """
        SELECT a.id, count(*) || ' lines without an outcome' FROM award a
        JOIN activities_awardrow r ON r.award_id = a.id
        WHERE a.status = 'posted' AND r.posting_id IS NULL AND r.problem = '' GROUP BY a.id
        """,
    ),
)
