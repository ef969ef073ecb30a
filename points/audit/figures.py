"""Invariants of what reports keep: it is a copy, and must say what the ledger says."""

from common.audit import Invariant

INVARIANTS = (
    Invariant(
        "L15",
        "ledger",
        "the kept figures of a day are the sums of the entries recorded on it",
        "The ledger is the truth: run keep_figures --again for the program.",
        """
        SELECT k.program_id, x.day || ' ' || x.kind || ' of type ' || x.point_type_id || ': kept '
            || coalesce(max(x.shown) FILTER (WHERE x.is_kept), 'nothing') || ', recorded '
            || coalesce(max(x.shown) FILTER (WHERE NOT x.is_kept), 'nothing')
        FROM kept_days k JOIN (
            SELECT program_id, point_type_id, day, kind, reverses, true AS is_kept,
                credited || '/' || debited || '/' || entries AS shown FROM points_dayfigure
            UNION ALL
            SELECT p.program_id, a.point_type_id, (p.recorded_at AT TIME ZONE z.time_zone)::date, p.kind,
                coalesce(o.kind, ''), false, coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0) || '/'
                    || coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0) || '/' || count(*)
            FROM points_keptdays z
            JOIN points_posting p ON p.program_id = z.program_id AND p.recorded_at < z.until
            JOIN points_entry e ON e.posting_id = p.id JOIN points_pointaccount a ON a.id = e.account_id
            LEFT JOIN points_posting o ON o.id = p.reverses_id
            GROUP BY 1, 2, 3, 4, 5
        ) x ON x.program_id = k.program_id
        GROUP BY k.program_id, x.point_type_id, x.day, x.kind, x.reverses
        HAVING count(*) <> 2 OR min(x.shown) <> max(x.shown)
        """,
    ),
    Invariant(
        "L16",
        "ledger",
        "what was ever earned, redeemed, expired and adjusted makes up today's balances of every point type",
        "If L01 is kept, the kept figures are wrong: run keep_figures --again for the program.",
        """
        SELECT t.id, 'balances sum to ' || coalesce(b.total, 0) || ', kept days and what came since to '
            || coalesce(f.total, 0) + coalesce(m.total, 0)
        FROM kept_days k JOIN programs_pointtype t ON t.program_id = k.program_id
        LEFT JOIN (
            SELECT point_type_id, sum(balance) AS total FROM points_pointaccount GROUP BY 1
        ) b ON b.point_type_id = t.id
        LEFT JOIN (
            SELECT point_type_id, sum(credited - debited) AS total FROM points_dayfigure GROUP BY 1
        ) f ON f.point_type_id = t.id
        LEFT JOIN (
            SELECT a.point_type_id, sum(e.amount) AS total FROM points_keptdays z
            JOIN points_posting p ON p.program_id = z.program_id AND p.recorded_at >= z.until
            JOIN points_entry e ON e.posting_id = p.id JOIN points_pointaccount a ON a.id = e.account_id GROUP BY 1
        ) m ON m.point_type_id = t.id
        WHERE coalesce(b.total, 0) <> coalesce(f.total, 0) + coalesce(m.total, 0)
        """,
    ),
)
