"""Parts of the online statements that write the ledger; activities.statements puts them together.

They write the rows `points.ledger.post` writes, for the plain case of one entry on one account without debt. What is
not plain makes no row, and the caller takes the general form. Ids are parameters; times under a lock come from
clock_timestamp() plus the program's clock offset.
"""

# The account of `able.in_set`, changed under its lock. A closed account and one with debt give no row, nor does one
# without activity so long that other points of its set may have ended by that.
CREDIT_ACCOUNT = """
UPDATE points_pointaccount a SET balance = a.balance + %(points)s, entry_count = a.entry_count + 1,
    lifetime_earned = a.lifetime_earned + %(points)s,
    last_activity_at = CASE WHEN %(active)s THEN GREATEST(a.last_activity_at, %(at)s) ELSE a.last_activity_at END
FROM able
WHERE a.account_set_id = able.in_set AND a.point_type_id = %(type)s AND NOT a.closed AND a.debt = 0
    AND (%(active_since)s::timestamptz IS NULL OR a.last_activity_at >= %(active_since)s)
    AND {unanswered}
RETURNING a.id, a.balance, a.entry_count, a.debt, a.lifetime_earned, a.lifetime_redeemed,
    clock_timestamp() + %(offset)s AS at
"""
LOT = """
INSERT INTO points_lot (id, account_id, entry_id, earner_id, contributor_id, amount, remaining, earned_at,
    available_at, expires_at)
SELECT %(lot)s, acc.id, %(entry)s, able.person, able.person, %(points)s, %(points)s, %(at)s, %(available_at)s,
    %(expires_at)s
FROM acc, able RETURNING id
"""

# Whether the first statement of this transaction locked the account `a`. A pool that arose while it waited for the
# membership was not there for it to see; its lots must not be drawn without the lock.
IS_LOCKED = "a.xmax = pg_current_xact_id()::xid"

# Lots in spending order as far as the first fifty go; `takes` cover the points or the account gives no row. The
# account's id comes by a subquery and the expiry is no condition for the index: otherwise the planner, who knows of
# ten lots an account, reads and sorts all of them before the limit, however many there are.
CANDIDATES = """
SELECT l.id, l.expires_at, l.earned_at, l.remaining - COALESCE((
    SELECT sum(hl.points) FROM points_holdlot hl JOIN points_hold h ON h.id = hl.hold_id
    WHERE hl.lot_id = l.id AND h.status = 'open' AND h.expires_at > clock_timestamp() + %(offset)s), 0) AS free
FROM points_lot l
WHERE l.account_id = (SELECT id FROM locked) AND l.is_open AND (l.available_at IS NULL OR l.available_at <= %(at)s)
    AND COALESCE(l.expires_at, 'infinity') > %(at)s
ORDER BY l.expires_at, l.earned_at, l.id LIMIT 50
"""
TAKES = """
SELECT id, LEAST(free, %(points)s - (upto - free))::bigint AS points
FROM (SELECT id, free, sum(free) OVER (ORDER BY expires_at, earned_at, id) AS upto FROM candidates WHERE free > 0) r
WHERE upto - free < %(points)s
"""
DEBIT_ACCOUNT = """
UPDATE points_pointaccount a SET balance = a.balance - %(points)s, entry_count = a.entry_count + 1,
    lifetime_redeemed = a.lifetime_redeemed + %(points)s,
    last_activity_at = CASE WHEN %(active)s THEN GREATEST(a.last_activity_at, %(at)s) ELSE a.last_activity_at END
FROM able, locked
WHERE a.id = locked.id AND (SELECT sum(points) FROM takes) = %(points)s
RETURNING a.id, a.balance, a.entry_count, a.debt, a.lifetime_earned, a.lifetime_redeemed,
    clock_timestamp() + %(offset)s AS at
"""
DRAW = """
INSERT INTO points_draw (entry_id, lot_id, posting_id, amount)
SELECT %(entry)s, takes.id, %(posting)s, takes.points FROM takes, acc
"""
TAKE_LOTS = """
UPDATE points_lot l SET remaining = l.remaining - takes.points FROM takes, acc WHERE l.id = takes.id RETURNING l.id
"""

POSTING = """
INSERT INTO points_posting (id, program_id, kind, for_set_id, person_id, cause_kind, cause_id, occurred_at,
    recorded_at, channel_id, user_id, reason_code, key_digest, ordinal)
SELECT %(posting)s, %(program)s, %(kind)s, able.own_set_id, able.person, 'activity', %(activity)s, %(at)s, acc.at,
    %(channel)s, %(user)s, '', %(key)s, 0
FROM acc, able
"""
ENTRY = """
INSERT INTO points_entry (id, posting_id, account_id, program_id, number, amount, balance_after)
SELECT %(entry)s, %(posting)s, acc.id, %(program)s, acc.entry_count, %(amount)s, acc.balance FROM acc
"""
EVENT = """
INSERT INTO gateway_event (id, program_id, kind, subject_id, facts, recorded_at)
SELECT %(event)s, %(program)s, 'points.posted', %(posting)s, jsonb_build_object('kind', %(kind)s::text,
    'set', able.own_set_id, 'entries', jsonb_build_array(jsonb_build_array(%(type)s::bigint, %(amount)s::bigint,
    acc.balance))), clock_timestamp()
FROM acc, able
"""

# The figures of a balance as numbers separated by commas, in the order of points.balances.FIGURES and after when it was
# recorded, the balance and whether it is pooled; times are microseconds since 1970. {account} is the row that the
# update of the account returned, {changed} counts the lots written: the function is called behind both.
FACTS = """
SELECT '[' || %(context)s || ',' || (extract(epoch FROM a.at) * 1000000)::bigint || ',' || a.balance || ','
    || CASE WHEN {pooled} THEN 'true,' ELSE 'false,' END || a.balance || ','
    || GREATEST(0, a.balance - f.held - f.unusable)::bigint || ',' || f.pending || ',' || f.held || ',' || a.debt || ','
    || a.lifetime_earned || ',' || a.lifetime_redeemed || ',' || COALESCE(f.next_points::text, 'null') || ','
    || COALESCE((extract(epoch FROM f.next_at) * 1000000)::bigint::text, 'null') || ']' AS facts
FROM {account} a CROSS JOIN LATERAL points_figures(
    CASE WHEN (SELECT count(*) FROM {changed}) >= 0 THEN a.id END, a.at, a.at) f
"""
