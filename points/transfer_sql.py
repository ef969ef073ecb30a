"""Parts of the online statement that transfers points: the rows `post` writes for a Carry, in the plain case.

Neither account has a debt, is closed or exempt, the giver's is not frozen, and at most as many lots are drawn as ids
were given; otherwise there is no row, and the caller takes the general form. `giver` and `taker` are the memberships'
parts.
"""

# Both accounts in order of their ids, after the memberships in theirs.
LOCK = """
SELECT 1 FROM points_pointaccount a
WHERE a.point_type_id = %(type)s AND a.account_set_id IN (SELECT in_set FROM able)
ORDER BY a.id FOR NO KEY UPDATE OF a
"""
SOURCE = """
SELECT a.id FROM points_pointaccount a JOIN giver ON a.account_set_id = giver.in_set
JOIN points_pointaccountset s ON s.id = a.account_set_id
WHERE a.point_type_id = %(type)s AND {is_locked} AND NOT a.closed AND a.debt = 0 AND a.frozen_until IS NULL
    AND s.exempt_until IS NULL AND {unanswered}
"""
TARGET = """
SELECT a.id FROM points_pointaccount a JOIN taker ON a.account_set_id = taker.in_set
WHERE a.point_type_id = %(type)s AND {is_locked} AND NOT a.closed AND a.debt = 0
    AND a.id NOT IN (SELECT id FROM locked)
"""
READY = """
SELECT locked.id AS source, target.id AS target FROM locked, target
WHERE (SELECT sum(points) FROM takes) = %(points)s AND (SELECT count(*) FROM takes) <= cardinality(%(lots)s::bigint[])
"""
GIVEN = """
UPDATE points_pointaccount a SET balance = a.balance - %(points)s, entry_count = a.entry_count + 1
FROM ready WHERE a.id = ready.source
RETURNING a.id, a.balance, a.entry_count, a.debt, a.lifetime_earned, a.lifetime_redeemed,
    clock_timestamp() + %(offset)s AS at
"""
GOT = """
UPDATE points_pointaccount a SET balance = a.balance + %(points)s, entry_count = a.entry_count + 1
FROM ready WHERE a.id = ready.target RETURNING a.id, a.balance, a.entry_count
"""
POSTING = """
INSERT INTO points_posting (id, program_id, kind, for_set_id, person_id, cause_kind, cause_id, occurred_at,
    recorded_at, channel_id, user_id, reason_code, key_digest, ordinal)
SELECT %(posting)s, %(program)s, 'transfer', giver.own_set_id, giver.person, 'membership', giver.id, %(at)s, given.at,
    %(channel)s, %(user)s, '', %(key)s, 0
FROM given, giver
"""
ENTRIES = """
INSERT INTO points_entry (id, posting_id, account_id, program_id, number, amount, balance_after)
SELECT %(out)s, %(posting)s, id, %(program)s, entry_count, -%(points)s::bigint, balance FROM given
UNION ALL SELECT %(in)s, %(posting)s, id, %(program)s, entry_count, %(points)s, balance FROM got
"""
DRAWS = """
INSERT INTO points_draw (entry_id, lot_id, posting_id, amount)
SELECT %(out)s, takes.id, %(posting)s, takes.points FROM takes, given
"""
TAKE_LOTS = """
UPDATE points_lot l SET remaining = l.remaining - takes.points FROM takes, given WHERE l.id = takes.id RETURNING l.id
"""
CHILDREN = """
INSERT INTO points_lot (id, account_id, entry_id, earner_id, contributor_id, amount, remaining, earned_at,
    available_at, expires_at, parent_id, origin_id)
SELECT (%(lots)s::bigint[])[row_number() OVER (ORDER BY l.expires_at, l.earned_at, l.id)], got.id, %(in)s,
    l.earner_id, taker.person, takes.points, takes.points, l.earned_at, l.available_at, l.expires_at, l.id,
    COALESCE(l.origin_id, l.id)
FROM takes JOIN points_lot l ON l.id = takes.id, got, taker
"""
EVENT = """
INSERT INTO gateway_event (id, program_id, kind, subject_id, facts, recorded_at)
SELECT %(event)s, %(program)s, 'points.posted', %(posting)s, jsonb_build_object('kind', 'transfer',
    'set', giver.own_set_id, 'entries', jsonb_build_array(
        jsonb_build_array(%(type)s::bigint, -%(points)s::bigint, given.balance),
        jsonb_build_array(%(type)s::bigint, %(points)s::bigint, got.balance))), clock_timestamp()
FROM given, got, giver
"""
