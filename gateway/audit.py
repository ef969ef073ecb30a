"""Invariants of channels, kept answers, the event feed and its webhooks."""

from common.audit import Invariant, Source
from gateway.delivering import GONE, NOT_ITS_OWN, TRIES
from gateway.webhooks import SWITCHED_OFF

SOURCES = (
    Source("idem", "gateway_idempotencyrecord", program="program_id = %(program)s", recent="created_at >= %(since)s"),
    Source(
        "event",
        "gateway_event",
        program="program_id = %(program)s",
        # A posting's event is recorded within its transaction, which began a little earlier.
        recent="recorded_at >= %(since)s::timestamptz - interval '1 hour'",
    ),
    Source("delivery", "gateway_webhookdelivery", program="program_id = %(program)s"),
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
    Invariant(
        "I10",
        "webhooks",
        "what is delivered was tried and answered well; what was given up had its last try, or a reason before it",
        "Try it again from the webhook's page: the receiver knows a repetition by its webhook-id.",
        f"""
        SELECT d.id, d.status || ' after ' || d.tries || ' tries, answered ' || coalesce(d.answered::text, 'never')
            || CASE WHEN d.problem = '' THEN '' ELSE ', ' || d.problem END
        FROM delivery d WHERE CASE d.status
            WHEN 'done' THEN d.tries = 0 OR d.done_at IS NULL OR d.next_try_at IS NOT NULL
                OR d.answered IS NULL OR d.answered NOT BETWEEN 200 AND 299
            WHEN 'waiting' THEN d.next_try_at IS NULL OR d.done_at IS NOT NULL
            WHEN 'dead' THEN d.next_try_at IS NOT NULL OR d.done_at IS NOT NULL OR NOT (d.tries >= {TRIES}
                OR d.answered IS NOT DISTINCT FROM {GONE} OR d.problem IN ('{NOT_ITS_OWN}', '{SWITCHED_OFF}'))
            ELSE true END
        """,  # noqa: S608 - texts and figures of our own
    ),
    Invariant(
        "I11",
        "webhooks",
        "an event goes to a webhook once, under its number in the feed, and not before it was looked at",
        "Delete the later of two deliveries that were not sent.",
        """
        SELECT max(d.id), 'event ' || d.event_id || ' ' || count(*) || ' times to webhook ' || d.endpoint_id
        FROM delivery d GROUP BY d.endpoint_id, d.event_id HAVING count(*) > 1
        UNION ALL
        SELECT d.id, 'number ' || d.number || ' of event ' || d.event_id || ', which has ' ||
            coalesce(n.number::text, 'none') || '; webhook ' || d.endpoint_id || ' is at ' || w.after
        FROM delivery d JOIN gateway_webhookendpoint w ON w.id = d.endpoint_id
        JOIN gateway_event e ON e.id = d.event_id LEFT JOIN gateway_eventnumber n ON n.event_id = d.event_id
        WHERE n.number IS DISTINCT FROM d.number OR d.number > w.after OR d.program_id IS DISTINCT FROM e.program_id
        """,
    ),
)
