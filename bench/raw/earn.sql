-- Every row of an earn with its Idempotency-Key in one statement and one round trip.
\set n random(:first_n, :last_n)
\set account :first_account + :n
\set own_set :first_set + :n
\set person :first_customer + :n
\set membership :first_membership + :n
WITH ids AS (
    SELECT nextval('points_posting_id_seq') AS posting, nextval('points_entry_id_seq') AS entry,
        nextval('activities_memberactivity_id_seq') AS activity, now() + interval '3 years' AS expires_at
), acc AS (
    UPDATE points_pointaccount SET balance = balance + 100, entry_count = entry_count + 1,
        lifetime_earned = lifetime_earned + 100, last_activity_at = now()
    WHERE id = :account RETURNING id, balance, entry_count
), p AS (
    INSERT INTO points_posting (id, program_id, kind, for_set_id, person_id, cause_kind, cause_id, occurred_at,
        recorded_at, channel_id, reason_code, key_digest, ordinal)
    SELECT posting, :program, 'earn', :own_set, :person, 'activity', activity, now(), now(), :channel, '',
        substr(sha256(posting::text::bytea), 1, 16), 0 FROM ids
), e AS (
    INSERT INTO points_entry (id, posting_id, account_id, program_id, number, amount, balance_after)
    SELECT entry, posting, acc.id, :program, acc.entry_count, 100, acc.balance FROM ids, acc
), l AS (
    INSERT INTO points_lot (account_id, entry_id, earner_id, contributor_id, amount, remaining, earned_at, expires_at)
    SELECT acc.id, entry, :person, :person, 100, 100, now(), expires_at FROM ids, acc
), ev AS (
    INSERT INTO gateway_event (program_id, kind, subject_id, facts, recorded_at)
    SELECT :program, 'points.posted', posting, jsonb_build_object('kind', 'earn', 'set', :own_set::bigint, 'entries',
        jsonb_build_array(jsonb_build_array(:point_type::bigint, 100, acc.balance))), now() FROM ids, acc
), i AS (
    INSERT INTO gateway_idempotencyrecord (channel_id, program_id, key_digest, ordinal, request_digest, status, form,
        body, created_at, erased)
    SELECT :channel, :program, substr(sha256(posting::text::bytea), 1, 16), 0, substr(sha256(posting::text::bytea), 1, 16), 201, 'earn/1',
        convert_to('[[' || activity || ',' || posting || ',"earn",' || :membership || ',"2026-11-22T01:00:00.000000Z",100,'
        || '"miles","redeemable"],' || (extract(epoch FROM now()) * 1000000)::bigint || ',' || acc.balance || ',false,'
        || acc.balance || ',' || acc.balance || ',0,0,0,' || acc.balance || ',0,100,'
        || (extract(epoch FROM expires_at) * 1000000)::bigint || ']', 'UTF8'), now(), false FROM ids, acc
)
INSERT INTO activities_memberactivity (id, program_id, type_id, membership_id, customer_id, channel_id, status, points,
    reference, location, note, occurred_at, recorded_at, posting_id)
SELECT activity, :program, :earn_type, :membership, :person, :channel, 'processed', 100, 'bench', '', '', now(), now(),
    posting FROM ids;
