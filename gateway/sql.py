"""The stored answer as part of an online statement: looked for first, written last, in the posting's own statement."""

# The answer that stands under this key already, at most one row; without a key none. A concurrent first call is
# caught by the unique key itself.
EARLIER = """
SELECT r.request_digest, r.status, r.form, r.body, r.erased, r.created_at FROM gateway_idempotencyrecord r
WHERE r.channel_id = %(channel)s AND r.key_digest = %(key)s AND r.ordinal = 0
"""
UNANSWERED = "NOT EXISTS (SELECT 1 FROM earlier)"

# `answer` gives the text of the facts. Without a key nothing is stored.
STORE = """
INSERT INTO gateway_idempotencyrecord (id, channel_id, program_id, key_digest, ordinal, request_digest, status, form,
    body, created_at, erased)
SELECT %(record)s, %(channel)s, %(program)s, %(key)s, 0, %(request)s, 201, %(form)s,
    convert_to(answer.facts, 'UTF8'), clock_timestamp(), false
FROM answer WHERE %(key)s IS NOT NULL
"""

# One row at most: the facts of what was just done, or the earlier answer; nothing where neither is there.
RETURNED = """
SELECT convert_to(answer.facts, 'UTF8'), NULL::bytea, NULL::bigint, NULL::text, NULL::bytea, NULL::boolean,
    NULL::bigint FROM answer
UNION ALL SELECT NULL, earlier.request_digest, earlier.status::bigint, earlier.form, earlier.body, earlier.erased,
    (extract(epoch FROM earlier.created_at) * 1000000)::bigint FROM earlier
"""

# Events of several kinds, as gateway.events leaves them one kind at a time.
EVENTS = """
INSERT INTO gateway_event (program_id, kind, subject_id, facts, recorded_at)
SELECT %(program)s, kind, subject, facts, clock_timestamp()
FROM ROWS FROM (unnest(%(n_kind)s::text[], %(n_subject)s::bigint[]), jsonb_array_elements(%(n_facts)s::jsonb))
    AS n(kind, subject, facts)
"""
