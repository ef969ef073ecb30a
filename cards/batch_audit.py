"""The invariant of batches of cards."""

from common.audit import Invariant, Source

SOURCES = (Source("batch", "cards_cardbatch", program="program_id = %(program)s"),)
INVARIANTS = (
    Invariant(
        "K10",
        "cards",
        "a batch has as many cards as it says, all of them once it is ready, and none unused once they are cancelled",
        "Set `made` to the number of its cards and run the worker: it makes or cancels what is missing.",
        """
        SELECT b.id, b.name || ' is ' || b.status || ': ' || b.count || ' asked for, ' || b.made || ' made, '
            || c.cards || ' cards, ' || c.unused || ' unused'
        FROM batch b CROSS JOIN LATERAL (
            SELECT count(*) AS cards, count(*) FILTER (WHERE status = 'created') AS unused
            FROM cards_card WHERE batch_id = b.id
        ) c
        WHERE c.cards <> b.made OR (b.status = 'ready' AND b.made <> b.count)
            OR (b.cancelled_at IS NOT NULL AND c.unused > 0)
        """,
    ),
)
