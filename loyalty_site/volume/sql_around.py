"""The rows around the ledger: events, activities, kept answers, holds, adjustments, reversals."""

from loyalty_site.volume.sql import BY_CHANNEL, OF_PROGRAM, RANKED, WITH_MEMBER

EVENT = {
    "id": "%(event)s + k.r",
    "program_id": "g.id",
    "kind": "'points.posted'",
    "subject_id": "%(posting)s + k.r",
    "facts": """jsonb_build_object('kind', v.kind, 'set', %(set)s + v.member, 'entries',
        CASE WHEN other.n IS NULL THEN jsonb_build_array(jsonb_build_array(v.type, e.amount, e.after))
        ELSE jsonb_build_array(jsonb_build_array(v.type, e.amount, e.after),
            jsonb_build_array(v.type, other.amount, other.after)) END)""",
    "recorded_at": "to_timestamp(v.recorded)",
}
# The second entry of a transfer has the number after its posting's.
EVENTS = f"""
{RANKED} JOIN volume_entry e ON e.n = v.n {WITH_MEMBER}
LEFT JOIN volume_entry other ON v.kind = 'transfer' AND other.n = v.n + 1 ORDER BY k.r
"""
NUMBER_EVENTS = """
INSERT INTO gateway_eventnumber (number, event_id)
SELECT (SELECT COALESCE(max(number), 0) FROM gateway_eventnumber) + row_number() OVER (ORDER BY e.recorded_at, e.id),
    e.id
FROM gateway_event e WHERE NOT EXISTS (SELECT 1 FROM gateway_eventnumber n WHERE n.event_id = e.id)
"""
# Nobody else can write an event before this transaction ends: its table is locked.
HORIZON = """
INSERT INTO gateway_eventhorizon (id, at) VALUES (1, clock_timestamp())
ON CONFLICT (id) DO UPDATE SET at = GREATEST(gateway_eventhorizon.at, EXCLUDED.at)
"""
ACTIVITY = {
    "id": "%(activity)s + k.r",
    "program_id": "g.id",
    "type_id": "CASE v.kind WHEN 'earn' THEN g.earn ELSE g.redeem END",
    "membership_id": "%(membership)s + v.member",
    "customer_id": "%(customer)s + v.person",
    "channel_id": "%(till)s",
    "status": "CASE WHEN w.n IS NULL THEN 'processed' ELSE 'reversed' END",
    "points": "v.points",
    "reference": "CASE WHEN v.n %% 3 = 0 THEN 'T-' || lpad(v.n::text, 9, '0') ELSE '' END",
    "occurred_at": "to_timestamp(v.occurred)",
    "recorded_at": "to_timestamp(v.recorded)",
    "posting_id": "%(posting)s + k.r",
}
ACTIVITIES = f"""
{RANKED} {WITH_MEMBER} LEFT JOIN volume_reversal w ON w.reverses = v.n WHERE v.kind IN ('earn', 'redeem') ORDER BY k.r
"""
FAILED = {
    "program_id": "g.id",
    "type_id": "g.redeem",
    "membership_id": "%(membership)s + b.n",
    "customer_id": "%(customer)s + b.person",
    "channel_id": "%(till)s",
    "status": "'failed'",
    "points": "100",
    "occurred_at": "to_timestamp(%(now)s - 3600)",
    "recorded_at": "to_timestamp(%(now)s - 3600)",
    "problem": """'{"code": "insufficient_points"}'::jsonb""",
}
FAILURES = f"FROM volume_member b {OF_PROGRAM} WHERE b.status = 'active' AND b.n %% 499 = 1 ORDER BY b.n"
ANSWER = {
    "channel_id": "%(till)s",
    "program_id": "g.id",
    "key_digest": "substring(sha256(int8send(v.n)) FOR %(digest)s)",
    "request_digest": "substring(sha256(int8send(v.n)) FOR %(request)s)",
    "status": "201",
    "body": """convert_to('{"posting": {"id": ' || %(posting)s + k.r || '}}', 'UTF8')""",
    "customers": "ARRAY[%(customer)s + v.person]",
    "created_at": "to_timestamp(v.recorded)",
}
# Answers are kept for a week.
ANSWERS = f"{RANKED} {WITH_MEMBER} WHERE {BY_CHANNEL} AND v.recorded > %(now)s - 7 * 86400 ORDER BY k.r"
HOLD = {
    "id": "%(hold)s + v.n",
    "program_id": "g.id",
    "for_set_id": "%(set)s + v.member",
    "account_id": "%(account)s + v.account",
    "person_id": "%(customer)s + v.person",
    "channel_id": "%(till)s",
    "reference": "'B-' || lpad(v.n::text, 9, '0')",
    "points": "v.points",
    "captured": "v.captured",
    "status": "v.status",
    "occurred_at": "to_timestamp(v.placed)",
    "expires_at": "to_timestamp(v.until)",
    "ended_at": "to_timestamp(v.ended)",
    "posting_id": "%(posting)s + k.r",
}
HOLDS = f"FROM volume_hold v {WITH_MEMBER} LEFT JOIN volume_rank k ON k.n = v.posting ORDER BY v.n"
HELD = {"hold_id": "%(hold)s + v.hold", "lot_id": "%(lot)s + i.r", "points": "v.points"}
HELD_LOTS = "FROM volume_held v JOIN volume_lotrank i ON i.n = v.lot ORDER BY v.hold, i.r"
ADJUSTMENT = {
    "id": "%(adjustment)s + v.n",
    "program_id": "g.id",
    "for_set_id": "%(set)s + v.member",
    "account_id": "%(account)s + v.account",
    "person_id": "%(customer)s + v.person",
    "points": "v.points",
    "reason_code": "'goodwill'",
    "status": "'posted'",
    "occurred_at": "to_timestamp(v.at)",
    "requested_at": "to_timestamp(v.at)",
    "requested_channel_id": "%(desk)s",
    "posting_id": "%(posting)s + k.r",
}
ADJUSTMENTS = f"FROM volume_adjustment v {WITH_MEMBER} JOIN volume_rank k ON k.n = v.posting ORDER BY v.n"
# Above the limit, for a second person to decide.
WAITING = {
    "program_id": "g.id",
    "for_set_id": "%(set)s + b.n",
    "account_id": "%(account)s + a.n",
    "person_id": "%(customer)s + b.person",
    "points": "5000",
    "reason_code": "'complaint'",
    "status": "'waiting'",
    "occurred_at": "to_timestamp(%(now)s - 3600)",
    "requested_at": "to_timestamp(%(now)s - 3600)",
    "requested_channel_id": "%(desk)s",
    "needs_approval": "true",
}
WAITINGS = f"""
FROM volume_member b {OF_PROGRAM} JOIN volume_account a ON a.member = b.n AND a.type = g.redeemable
WHERE b.status = 'active' AND b.n %% 997 = 2 ORDER BY b.n
"""
REVERSAL = {
    "id": "%(reversal)s + v.n",
    "program_id": "p.program_id",
    "reverses_id": "%(posting)s + o.r",
    "part": "1",
    "posting_id": "p.id",
    "policy": "'negative'",
    "reason_code": "p.reason_code",
    "channel_id": "%(desk)s",
    "recorded_at": "p.recorded_at",
}
REVERSALS = """
FROM volume_reversal v JOIN volume_rank k ON k.n = v.posting JOIN volume_rank o ON o.n = v.reverses
JOIN points_posting p ON p.id = %(posting)s + k.r ORDER BY v.n
"""
LINE = {
    "reversal_id": "%(reversal)s + v.n",
    "point_type_id": "v.type",
    "asked": "v.points",
    "posted": "v.points",
    "debt": "v.debt",
}
LINES = "FROM volume_reversal v ORDER BY v.n"
