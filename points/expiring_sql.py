"""Expiry as one statement for many accounts: what `points.ledger.post` writes, a posting with one entry per account.

The accounts are locked by a statement before, so that this one reads behind the locks. {due} gives the lots:
(account_id, lot, points, ended), with `ended` the time the points stopped being usable.
"""

# A run takes accounts in order, so that two runs and any posting wait for each other the same way round.
LOCK = "SELECT id FROM points_pointaccount WHERE id = ANY(%(accounts)s) ORDER BY id FOR NO KEY UPDATE"

# Aggregated once for the batch: asking lot by lot costs more than the rest of the reading.
HELD = """LEFT JOIN (
    SELECT hl.lot_id, sum(hl.points)::bigint AS points FROM points_hold h JOIN points_holdlot hl ON hl.hold_id = h.id
    WHERE h.account_id = ANY(%(accounts)s) AND h.status = 'open' AND h.expires_at > %(now)s GROUP BY hl.lot_id
) held ON held.lot_id = l.id"""

# Accounts of a program, from one on, with a lot whose time was over at %(until)s. A set that is exempt counts later.
# The lots are told where to begin, too: else each batch reads past the lots that all batches before it used up.
DATED_ACCOUNTS = """
SELECT a.id FROM points_pointaccount a JOIN points_pointaccountset s ON s.id = a.account_set_id
WHERE a.program_id = %(program)s AND a.id > %(after)s AND (s.exempt_until IS NULL OR s.exempt_until <= %(until)s)
  AND EXISTS (SELECT 1 FROM points_lot l WHERE l.account_id = a.id AND l.account_id > %(after)s AND l.is_open
    AND l.expires_at <= %(until)s)
ORDER BY a.id LIMIT %(limit)s
"""
DATED_LOTS = f"""
SELECT l.account_id, l.id AS lot, l.remaining - COALESCE(held.points, 0) AS points,
    GREATEST(l.expires_at, s.exempt_until) AS ended
FROM points_lot l JOIN points_pointaccount a ON a.id = l.account_id
JOIN points_pointaccountset s ON s.id = a.account_set_id
{HELD}
WHERE l.account_id = ANY(%(accounts)s) AND l.is_open AND l.expires_at <= %(until)s
  AND (s.exempt_until IS NULL OR s.exempt_until <= %(until)s)
"""  # noqa: S608 - our own text only

# Accounts of one point type that may be without activity since %(since)s; asked again behind their lock.
RESTED_ACCOUNTS = """
SELECT a.id FROM points_pointaccount a JOIN points_pointaccountset s ON s.id = a.account_set_id
WHERE a.program_id = %(program)s AND a.point_type_id = %(type)s AND a.id > %(after)s
  AND (a.last_activity_at IS NULL OR a.last_activity_at < %(since)s)
  AND (s.exempt_until IS NULL OR s.exempt_until <= %(until)s)
  AND EXISTS (SELECT 1 FROM points_lot l WHERE l.account_id = a.id AND l.account_id > %(after)s AND l.is_open
    AND l.expires_at IS NULL)
ORDER BY a.id LIMIT %(limit)s
"""
# Whole accounts whose points ended at a time worked out before.
ENDED_LOTS = f"""
SELECT l.account_id, l.id AS lot, l.remaining - COALESCE(held.points, 0) AS points, t.ended
FROM unnest(%(accounts)s::bigint[], %(ended)s::timestamptz[]) AS t(account, ended)
JOIN points_lot l ON l.account_id = t.account AND l.is_open
{HELD}
"""  # noqa: S608 - our own text only
# Of an inactivity type the dated lots keep their dates.
RESTED_LOTS = f"{ENDED_LOTS} WHERE l.expires_at IS NULL"

# That the accounts are those of the batch is said wherever they are read: else the planner, who expects more rows of
# the steps before than there are, reads the whole table.
EXPIRE = """
WITH due AS MATERIALIZED (SELECT * FROM ({due}) d WHERE d.points > 0),
sums AS MATERIALIZED (
    SELECT account_id, sum(points)::bigint AS points, max(ended) AS ended, count(*) AS lots,
        row_number() OVER (ORDER BY account_id) AS n
    FROM due GROUP BY account_id
),
acc AS MATERIALIZED (
    SELECT s.account_id, s.points, s.lots, s.ended, i.posting, i.entry, i.event, a.account_set_id, a.point_type_id,
        a.balance - s.points AS balance, a.entry_count + 1 AS number
    FROM sums s JOIN points_pointaccount a ON a.id = s.account_id AND a.id = ANY(%(accounts)s)
    JOIN unnest(%(postings)s::bigint[], %(entries)s::bigint[], %(events)s::bigint[])
        WITH ORDINALITY AS i(posting, entry, event, n) ON i.n = s.n
),
p AS (
    INSERT INTO points_posting (id, program_id, kind, for_set_id, person_id, cause_kind, cause_id, occurred_at,
        recorded_at, channel_id, user_id, reason_code, ordinal)
    SELECT posting, %(program)s, 'expire', account_set_id, NULL, %(cause_kind)s,
        COALESCE(%(cause)s, point_type_id), ended, %(now)s, %(channel)s, %(user)s, %(reason)s, 0
    FROM acc
), e AS (
    INSERT INTO points_entry (id, posting_id, account_id, program_id, number, amount, balance_after)
    SELECT entry, posting, account_id, %(program)s, number, -points, balance FROM acc
), d AS (
    INSERT INTO points_draw (entry_id, lot_id, posting_id, amount)
    SELECT acc.entry, due.lot, acc.posting, due.points FROM due JOIN acc USING (account_id)
), ul AS (
    UPDATE points_lot l SET remaining = l.remaining - due.points FROM due WHERE l.id = due.lot
), ua AS (
    UPDATE points_pointaccount a SET balance = acc.balance, entry_count = acc.number FROM acc
    WHERE a.id = acc.account_id AND a.id = ANY(%(accounts)s)
), ev AS (
    INSERT INTO gateway_event (id, program_id, kind, subject_id, facts, recorded_at)
    SELECT event, %(program)s, 'points.posted', posting, jsonb_build_object('kind', 'expire', 'set', account_set_id,
        'entries', jsonb_build_array(jsonb_build_array(point_type_id, -points, balance))), clock_timestamp()
    FROM acc
)
SELECT account_id, posting, points, lots FROM acc ORDER BY account_id
"""
