-- Both locks in the order of ids, then every row of a transfer: one implicit transaction in one round trip.
\set n random(:first_n, :last_n)
\set m random(:first_earner_n, :last_earner_n)
\set source :first_account + :n
\set target :first_account + :m
\set own_set :first_set + :n
\set person :first_customer + :n
\set membership :first_membership + :n
\set to :first_membership + :m
\set receiver :first_customer + :m
\startpipeline
SELECT 1 FROM points_pointaccount WHERE id IN (:source, :target) ORDER BY id FOR NO KEY UPDATE;
WITH ids AS (
    SELECT nextval('points_posting_id_seq') AS posting, nextval('points_entry_id_seq') AS sent,
        nextval('points_entry_id_seq') AS got
), candidates AS (
    SELECT id, remaining, expires_at, earned_at, earner_id, origin_id FROM points_lot
    WHERE account_id = :source AND is_open AND (available_at IS NULL OR available_at <= now()) AND expires_at > now()
    ORDER BY expires_at, earned_at, id LIMIT 50
), takes AS (
    SELECT *, LEAST(remaining, 100 - (upto - remaining))::bigint AS points
    FROM (SELECT *, sum(remaining) OVER (ORDER BY expires_at, earned_at, id) AS upto FROM candidates) r
    WHERE upto - remaining < 100
), acc AS (
    UPDATE points_pointaccount SET balance = balance - 100, entry_count = entry_count + 1
    WHERE id = :source AND (SELECT sum(points) FROM takes) = 100 RETURNING id, balance, entry_count
), other AS (
    UPDATE points_pointaccount SET balance = balance + 100, entry_count = entry_count + 1
    WHERE id = :target AND EXISTS (SELECT 1 FROM acc) RETURNING id, balance, entry_count
), p AS (
    INSERT INTO points_posting (id, program_id, kind, for_set_id, person_id, cause_kind, cause_id, occurred_at,
        recorded_at, channel_id, reason_code, key_digest, ordinal)
    SELECT posting, :program, 'transfer', :own_set, :person, 'membership', :membership, now(), now(),
        :channel, '', substr(sha256(posting::text::bytea), 1, 16), 0 FROM ids, acc
), e AS (
    INSERT INTO points_entry (id, posting_id, account_id, program_id, number, amount, balance_after)
    SELECT sent, posting, acc.id, :program::bigint, acc.entry_count, -100, acc.balance FROM ids, acc
    UNION ALL SELECT got, posting, other.id, :program::bigint, other.entry_count, 100, other.balance FROM ids, other
), d AS (
    INSERT INTO points_draw (entry_id, lot_id, posting_id, amount)
    SELECT sent, takes.id, posting, takes.points FROM ids, takes, acc
), ul AS (
    UPDATE points_lot l SET remaining = l.remaining - takes.points FROM takes, acc WHERE l.id = takes.id
), l AS (
    INSERT INTO points_lot (account_id, entry_id, earner_id, contributor_id, amount, remaining, earned_at, expires_at,
        parent_id, origin_id)
    SELECT other.id, got, takes.earner_id, :receiver, takes.points, takes.points, takes.earned_at, takes.expires_at,
        takes.id, COALESCE(takes.origin_id, takes.id) FROM ids, takes, other
), i AS (
    INSERT INTO gateway_idempotencyrecord (channel_id, program_id, key_digest, ordinal, request_digest, status, form,
        body, created_at, erased)
    SELECT :channel, :program, substr(sha256(posting::text::bytea), 1, 16), 0, substr(sha256(posting::text::bytea), 1, 16), 201, 'transfer/1',
        convert_to('[[' || posting || ',' || :membership || ',' || :to || ',"2026-11-22T01:00:00.000000Z",100,'
        || '"miles","redeemable"],' || (extract(epoch FROM now()) * 1000000)::bigint || ',' || acc.balance || ',false,'
        || acc.balance || ',' || acc.balance || ',0,0,0,' || acc.balance || ',0,100,'
        || (extract(epoch FROM now()) * 1000000)::bigint || ']', 'UTF8'), now(), false FROM ids, acc
)
INSERT INTO gateway_event (program_id, kind, subject_id, facts, recorded_at)
SELECT :program, 'points.posted', posting, jsonb_build_object('kind', 'transfer', 'set', :own_set::bigint, 'entries',
    jsonb_build_array(jsonb_build_array(:point_type::bigint, -100, acc.balance),
    jsonb_build_array(:point_type::bigint, 100, other.balance))), now() FROM ids, acc, other;
\endpipeline
