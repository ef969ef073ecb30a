"""How rows of the tables come of the staged ones: per model its columns and where they are selected from.

%(customer)s and the like are the ids before the first of ours. Postings get their ids in the order of time, as a
program grows, so that an account's entries lie scattered over the table.
"""

# Postings, entries and events share one order; gaps where a posting has two entries harm nothing.
RANKS = """
CREATE TEMPORARY TABLE volume_rank ON COMMIT DROP AS
SELECT n, row_number() OVER (ORDER BY recorded, n)::int AS r FROM volume_entry
"""
LOT_RANKS = """
CREATE TEMPORARY TABLE volume_lotrank ON COMMIT DROP AS
SELECT l.n, row_number() OVER (ORDER BY k.r, l.n)::int AS r FROM volume_lot l JOIN volume_rank k ON k.n = l.entry
"""
OF_PROGRAM = "JOIN volume_program g ON g.n = b.program"
MEMBERS = f"FROM volume_member b {OF_PROGRAM} ORDER BY b.n"
ENROLLED = "to_timestamp(b.enrolled)"

CUSTOMER = {
    "id": "%(customer)s + v.n",
    "number": "v.number",
    "kind": "v.kind",
    "first_name": "v.first_name",
    "last_name": "v.last_name",
    "name": "v.name",
    "birth_date": "v.born",
    "email": "v.email",
    "phone": "v.phone",
    "customer_since": "v.since",
    "email_key": "lower(v.email)",
    "phone_key": "v.phone",
    "name_key": "v.name_key",
    "contact_changed_at": "v.since::timestamptz",
    "created_at": "v.since::timestamptz",
}
CUSTOMERS = "FROM volume_person v ORDER BY v.n"
CUSTOMER_NUMBER = {"number": "v.number", "customer_id": "%(customer)s + v.n"}
ACCOUNT_SET = {"id": "%(set)s + b.n", "program_id": "g.id"}
ACCOUNT = {
    "id": "%(account)s + v.n",
    "account_set_id": "%(set)s + v.member",
    "point_type_id": "v.type",
    "program_id": "g.id",
    "balance": "v.balance",
    "entry_count": "v.entries",
    "debt": "v.debt",
    "lifetime_earned": "v.earned",
    "lifetime_redeemed": "v.redeemed",
    "last_activity_at": "to_timestamp(v.last_activity)",
}
ACCOUNTS = f"FROM volume_account v JOIN volume_member b ON b.n = v.member {OF_PROGRAM} ORDER BY v.n"
MEMBERSHIP = {
    "id": "%(membership)s + b.n",
    "program_id": "g.id",
    "number": "b.number",
    "status": "b.status",
    "end_reason": "CASE WHEN b.ended IS NULL THEN '' ELSE 'terminated' END",
    "own_set_id": "%(set)s + b.n",
    "enrolled_at": ENROLLED,
    "activated_at": f"CASE WHEN b.status <> 'inactive' THEN {ENROLLED} END",
    "ended_at": "to_timestamp(b.ended)",
}
MEMBER = {
    "membership_id": "%(membership)s + b.n",
    "program_id": "g.id",
    "current": "b.ended IS NULL",
    "customer_id": "%(customer)s + b.person",
    "joined_at": ENROLLED,
}
NUMBER = {"number": "b.card", "program_id": "g.id"}
CARD = {
    "id": "%(card)s + b.n",
    "program_id": "g.id",
    "number": "b.card",
    "status": "CASE b.status WHEN 'inactive' THEN 'created' WHEN 'expired' THEN 'cancelled' ELSE 'active' END",
    "created_at": ENROLLED,
    "activated_at": f"CASE WHEN b.status <> 'inactive' THEN {ENROLLED} END",
    "barred_from": "to_timestamp(b.ended) + interval '30 days'",
}
HOLDING = {
    "card_id": "%(card)s + b.n",
    "program_id": "g.id",
    "membership_id": "%(membership)s + b.n",
    "customer_id": "%(customer)s + b.person",
    "held_from": ENROLLED,
}
ACCEPTANCE = {
    "membership_id": "%(membership)s + b.n",
    "program_id": "g.id",
    "customer_id": "%(customer)s + b.person",
    "terms_id": "g.terms",
    "accepted_at": ENROLLED,
    "channel_id": "%(desk)s",
}
# The lowest rung until half of the time, then the one whose threshold was reached.
HALF = "to_timestamp((b.enrolled::bigint + COALESCE(b.ended, %(now)s)) / 2)"
STANDINGS = f"""
FROM volume_member b {OF_PROGRAM} JOIN volume_account q ON q.member = b.n AND q.type = g.qualifying
CROSS JOIN LATERAL (
    SELECT t.id, t.rank FROM programs_tier t WHERE t.group_id = g.ladder AND t.threshold <= q.earned
    ORDER BY t.rank DESC LIMIT 1
) reached
"""
STANDING = {
    "membership_id": "%(membership)s + b.n",
    "program_id": "g.id",
    "group_id": "g.ladder",
    "tier_id": "g.lowest",
    "since": ENROLLED,
    "ended_at": f"CASE WHEN reached.rank > 0 THEN {HALF} END",
    "source": "'initial'",
}
FIRST_STANDINGS = f"{STANDINGS} ORDER BY b.n"
RAISED = STANDING | {"tier_id": "reached.id", "since": HALF, "ended_at": "NULL::timestamptz", "source": "'earned'"}
RAISED_STANDINGS = f"{STANDINGS} WHERE reached.rank > 0 ORDER BY b.n"

BY_CHANNEL = "v.kind IN ('earn', 'redeem', 'capture', 'transfer')"
CHANNEL = f"""CASE WHEN {BY_CHANNEL} THEN %(till)s WHEN v.kind = 'expire' THEN %(system)s ELSE %(desk)s END"""
POSTING = {
    "id": "%(posting)s + k.r",
    "program_id": "g.id",
    "kind": "v.kind",
    "for_set_id": "%(set)s + v.member",
    "person_id": "CASE WHEN v.kind <> 'expire' THEN %(customer)s + v.person END",
    "cause_kind": """CASE v.kind WHEN 'capture' THEN 'hold' WHEN 'adjust' THEN 'adjustment'
        WHEN 'reverse' THEN 'reversal' WHEN 'transfer' THEN 'membership' WHEN 'expire' THEN
        CASE WHEN v.cause IS NULL THEN 'point_type' ELSE 'membership' END ELSE 'activity' END""",
    "cause_id": """CASE v.kind WHEN 'capture' THEN %(hold)s + v.cause WHEN 'adjust' THEN %(adjustment)s + v.cause
        WHEN 'reverse' THEN %(reversal)s + v.cause WHEN 'transfer' THEN %(membership)s + v.member
        WHEN 'expire' THEN COALESCE(%(membership)s + v.cause, v.type) ELSE %(activity)s + k.r END""",
    "occurred_at": "to_timestamp(v.occurred)",
    "recorded_at": "to_timestamp(v.recorded)",
    "channel_id": CHANNEL,
    "reason_code": """CASE v.kind WHEN 'adjust' THEN 'goodwill' WHEN 'reverse' THEN 'booked-wrongly' WHEN 'expire' THEN
        CASE WHEN v.cause IS NULL THEN 'date' ELSE 'membership_ended' END ELSE '' END""",
    "reverses_id": "%(posting)s + o.r",
    "part": "CASE WHEN v.kind = 'reverse' THEN 1 END",
    "key_digest": f"CASE WHEN {BY_CHANNEL} THEN substring(sha256(int8send(v.n)) FOR %(digest)s) END",
}
WITH_MEMBER = f"JOIN volume_member b ON b.n = v.member {OF_PROGRAM}"
RANKED = "FROM volume_posting v JOIN volume_rank k ON k.n = v.n"
REVERSED = "LEFT JOIN volume_reversal w ON w.posting = v.n LEFT JOIN volume_rank o ON o.n = w.reverses"
POSTINGS = f"{RANKED} {WITH_MEMBER} {REVERSED} ORDER BY k.r"
ENTRY = {
    "id": "%(entry)s + k.r",
    "posting_id": "%(posting)s + p.r",
    "account_id": "%(account)s + v.account",
    "program_id": "g.id",
    "number": "v.number",
    "amount": "v.amount",
    "balance_after": "v.after",
}
ENTRIES = f"""
FROM volume_entry v JOIN volume_rank k ON k.n = v.n JOIN volume_rank p ON p.n = v.posting
JOIN volume_account a ON a.n = v.account JOIN volume_member b ON b.n = a.member {OF_PROGRAM} ORDER BY k.r
"""
LOT = {
    "id": "%(lot)s + i.r",
    "account_id": "%(account)s + v.account",
    "entry_id": "%(entry)s + k.r",
    "earner_id": "%(customer)s + v.earner",
    "contributor_id": "%(customer)s + v.contributor",
    "amount": "v.amount",
    "remaining": "v.remaining",
    "earned_at": "to_timestamp(v.earned)",
    "available_at": "to_timestamp(v.available)",
    "expires_at": "to_timestamp(v.expires)",
    "parent_id": "%(lot)s + p.r",
    "origin_id": "%(lot)s + o.r",
}
LOTS = """
FROM volume_lot v JOIN volume_lotrank i ON i.n = v.n JOIN volume_rank k ON k.n = v.entry
LEFT JOIN volume_lotrank p ON p.n = v.parent LEFT JOIN volume_lotrank o ON o.n = v.origin ORDER BY i.r
"""
DRAW = {
    "entry_id": "%(entry)s + k.r",
    "lot_id": "%(lot)s + i.r",
    "posting_id": "%(posting)s + p.r",
    "amount": "v.amount",
}
DRAWS = """
FROM volume_draw v JOIN volume_rank k ON k.n = v.entry JOIN volume_rank p ON p.n = v.posting
JOIN volume_lotrank i ON i.n = v.lot ORDER BY p.r, i.r
"""
DEBT = {
    "entry_id": "%(entry)s + k.r",
    "account_id": "%(account)s + v.account",
    "person_id": "%(customer)s + v.person",
    "amount": "v.amount",
    "remaining": "v.remaining",
}
DEBTS = "FROM volume_debt v JOIN volume_rank k ON k.n = v.entry ORDER BY k.r"
