"""Invariants of holds."""

from common.audit import Invariant

INVARIANTS = (
    Invariant(
        "P12",
        "holds",
        "the lots of an open hold add up to its points, and all its lots are of its account",
        "Release the hold; place it again.",
        """
        SELECT h.id, h.points || ' held, lots ' || coalesce(sum(b.points), 0) FROM hold h
        LEFT JOIN points_holdlot b ON b.hold_id = h.id LEFT JOIN points_lot l ON l.id = b.lot_id
        GROUP BY h.id, h.points, h.captured, h.status, h.account_id
        HAVING (h.status = 'open' AND coalesce(sum(b.points), 0) <> h.points - h.captured)
            OR coalesce(sum(b.points), 0) > h.points OR bool_or(l.account_id <> h.account_id)
        """,
    ),
    Invariant(
        "P13",
        "holds",
        "holds in force keep no more of a lot than is left of it",
        "Release the youngest of these holds.",
        """
        SELECT l.id, l.remaining || ' left, ' || x.points || ' held' FROM (
            SELECT b.lot_id, sum(b.points) AS points FROM hold h JOIN points_holdlot b ON b.hold_id = h.id
            JOIN programs_program g ON g.id = h.program_id
            WHERE h.status = 'open' AND h.expires_at > %(now)s::timestamptz + g.clock_offset GROUP BY 1
        ) x JOIN points_lot l ON l.id = x.lot_id WHERE x.points > l.remaining
        """,
    ),
    Invariant(
        "P14",
        "holds",
        "what a hold says it captured is what its postings took",
        "The capture's posting is the truth: set the captured points to it.",
        """
        SELECT h.id, h.status || ', ' || h.captured || ' of ' || h.points || ', postings took ' || coalesce(x.taken, 0)
        FROM hold h LEFT JOIN (
            SELECT p.cause_id, -sum(e.amount) AS taken FROM points_posting p JOIN points_entry e ON e.posting_id = p.id
            WHERE p.kind = 'capture' AND p.cause_kind = 'hold' GROUP BY 1
        ) x ON x.cause_id = h.id
        WHERE h.captured <> coalesce(x.taken, 0) OR (h.status = 'captured') <> (h.captured > 0)
            OR h.captured > h.points
        """,
    ),
    Invariant(
        "P16",
        "holds",
        "no hold stays open a day past its limit",
        "Run release_holds.",
        """
        SELECT h.id, 'free since ' || h.expires_at FROM hold h JOIN programs_program g ON g.id = h.program_id
        WHERE h.status = 'open' AND g.status <> 'locked'
            AND h.expires_at < %(now)s::timestamptz + g.clock_offset - interval '1 day'
        """,
    ),
)
