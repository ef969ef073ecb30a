"""Invariants of channels, kept answers and the event feed."""

from common.audit import Invariant, Source

SOURCES = (
    Source("idem", "gateway_idempotencyrecord", program="program_id = %(program)s", recent="created_at >= %(since)s"),
    Source(
        "event",
        "gateway_event",
        program="program_id = %(program)s",
        # A posting's event is recorded within its transaction, which began a little earlier.
        recent="recorded_at >= %(since)s::timestamptz - interval '1 hour'",
    ),
)
INVARIANTS = (
    Invariant(
        "I01",
        "idempotency",
        "one kept answer per channel, key and ordinal",
        "Keep the earliest record; find out how the unique constraint was lost.",
        """
        SELECT min(i.id), 'kept ' || count(*) || ' times' FROM gateway_idempotencyrecord i
        GROUP BY i.channel_id, i.key_digest, i.ordinal HAVING count(*) > 1
        """,
    ),
    Invariant(
        "I03",
        "idempotency",
        "a status goes with a kept answer, unless erasure blanked it",
        "An answer without its status was cut off: delete the record so that the caller may repeat.",
        """
        SELECT i.id, 'status ' || coalesce(i.status::text, 'none') || CASE WHEN i.body IS NULL THEN ' without' ELSE
            ' with' END || ' an answer' FROM idem i
        WHERE (i.status IS NULL) <> (i.body IS NULL) AND NOT (i.erased AND i.status IS NOT NULL)
        """,
    ),
    Invariant(
        "I05",
        "idempotency",
        "no call stays unanswered for more than 5 minutes",
        "The worker died: delete the record so that the caller may repeat with the same key.",
        """
        SELECT i.id, 'begun at ' || i.created_at FROM idem i
        WHERE i.status IS NULL AND i.created_at < %(now)s::timestamptz - interval '5 minutes'
        """,
    ),
    Invariant(
        "I08",
        "events",
        "the feed is numbered without a gap and up to its horizon",
        "Stop the numbering, set the horizon back before the first event without a number, start it again.",
        """
        SELECT e.id, 'recorded at ' || e.recorded_at || ', before the horizon, without a number' FROM gateway_event e
        JOIN gateway_eventhorizon h ON e.recorded_at < h.at
        WHERE NOT EXISTS (SELECT 1 FROM gateway_eventnumber n WHERE n.event_id = e.id)
        UNION ALL
        SELECT max(n.number), 'the feed has ' || count(*) || ' events up to this number' FROM gateway_eventnumber n
        HAVING max(n.number) - min(n.number) + 1 <> count(*)
        """,
    ),
)
