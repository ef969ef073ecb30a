"""The stored answer as part of an online statement."""

# No answer stands under this key yet. A concurrent first call is caught by the unique key itself.
UNLESS_ANSWERED = """NOT EXISTS (SELECT 1 FROM gateway_idempotencyrecord r
    WHERE r.channel_id = %(channel)s AND r.key_digest = %(key)s AND r.ordinal = 0)"""

# {answer} selects one JSON column `facts`; it is stored and returned.
STORE_ANSWER = """
INSERT INTO gateway_idempotencyrecord (id, channel_id, program_id, key_digest, ordinal, request_digest, status, form,
    body, created_at, erased)
SELECT %(record)s, %(channel)s, %(program)s, %(key)s, 0, %(request)s, 201, %(form)s,
    convert_to(answer.facts::text, 'UTF8'), clock_timestamp(), false
FROM ({answer}) answer
RETURNING body
"""
