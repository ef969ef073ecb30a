-- Some thousand rows of every large table, set-based and without checks: for looking at plans, not at figures.
-- %(program)s has a hundred times the rows of %(small)s.
SET LOCAL session_replication_role = replica;

INSERT INTO customers_customer (id, number, kind, name, name_key, email_key, phone_key, language, customer_since, status,
    outstanding_balance, currency, contact_changed_at, version, created_at)
SELECT 1000000 + n, 'V' || n, CASE WHEN n %% 500 = 0 THEN 'organization' ELSE 'person' END, 'V',
    translate(substr(md5(n::text), 1, 9) || ' ' || substr(md5(n::text), 10, 9), '0123456789', 'ghijklmnop'), md5(n::text) || '@example.com', '+43664' || n, 'en', '2024-01-01',
    CASE WHEN n %% 400 = 0 THEN 'inactive' ELSE 'active' END, 0, 'EUR', now(), 1, now()
FROM generate_series(1, %(rows)s) n;
INSERT INTO customers_customernumber (number, customer_id)
SELECT 'V' || n, 1000000 + n FROM generate_series(1, %(rows)s) n;
INSERT INTO points_pointaccountset (id, program_id, is_pool)
SELECT 1000000 + n, CASE WHEN n %% 100 = 0 THEN %(small)s ELSE %(program)s END, false FROM generate_series(1, %(rows)s) n;
INSERT INTO memberships_membership (id, number, type, status, end_reason, main_member_open, enrolled_at, is_beneficiary,
    redeem_override, version, own_set_id, program_id)
SELECT s.id, 'VM-' || s.id, CASE WHEN s.id %% 300 = 0 THEN 'anonymous' ELSE 'standard' END,
    CASE WHEN s.id %% 200 = 0 THEN 'suspended' ELSE 'active' END, '', true, now(), false, false, 1, s.id, s.program_id
FROM points_pointaccountset s WHERE s.id > 1000000;
INSERT INTO memberships_member (id, current, joined_at, customer_id, program_id, membership_id)
SELECT m.id, true, now(), m.id, m.program_id, m.id FROM memberships_membership m WHERE m.id > 1000000 AND m.type = 'standard';
INSERT INTO cards_numberregistry (number, kind, program_id)
SELECT (70000000000000 + m.id)::text, 'card', m.program_id FROM memberships_membership m WHERE m.id > 1000000;
INSERT INTO cards_card (id, kind, status, created_at, activated_at, program_id, number)
SELECT m.id, CASE WHEN m.id %% 300 = 0 THEN 'temporary' ELSE 'main' END,
    CASE WHEN m.id %% 200 = 0 THEN 'lost' ELSE 'active' END, now(), now(), m.program_id, (70000000000000 + m.id)::text
FROM memberships_membership m WHERE m.id > 1000000;
INSERT INTO memberships_cardholding (id, held_from, card_id, program_id, membership_id, customer_id)
SELECT m.id, now(), m.id, m.program_id, m.id, m.id FROM memberships_membership m WHERE m.id > 1000000;
INSERT INTO memberships_tierstanding (id, membership_id, program_id, group_id, tier_id, since, source, reason)
SELECT m.id, m.id, m.program_id, %(group)s, %(tier)s, now(), 'initial', ''
FROM memberships_membership m WHERE m.id > 1000000;
INSERT INTO points_pointaccount (id, balance, entry_count, debt, lifetime_earned, lifetime_redeemed, closed,
    point_type_id, program_id, account_set_id)
SELECT s.id, 10, 1, 0, 10, 0, false, %(point_type)s, s.program_id, s.id FROM points_pointaccountset s WHERE s.id > 1000000;
INSERT INTO points_posting (id, kind, cause_kind, cause_id, occurred_at, recorded_at, reason_code, ordinal, channel_id,
    for_set_id, program_id, person_id)
SELECT s.id, CASE WHEN s.id %% 900 = 0 THEN 'undo' ELSE 'earn' END, 'activity', s.id, now(), now(), '', 0, 1, s.id,
    s.program_id, s.id
FROM points_pointaccountset s WHERE s.id > 1000000;
INSERT INTO points_entry (id, number, amount, balance_after, program_id, account_id, posting_id)
SELECT p.id, 1, 10, 10, p.program_id, p.id, p.id FROM points_posting p WHERE p.id > 1000000;
INSERT INTO points_lot (id, amount, remaining, earned_at, entry_id, account_id)
SELECT e.id, 10, CASE WHEN e.id %% 2 = 0 THEN 0 ELSE 5 END, now(), e.id, e.account_id FROM points_entry e WHERE e.id > 1000000;
INSERT INTO points_draw (id, amount, entry_id, lot_id, posting_id)
SELECT e.id, 5, e.id, e.id, e.id FROM points_entry e WHERE e.id > 1000000;
INSERT INTO points_hold (id, reference, points, captured, status, occurred_at, expires_at, ended_at, channel_id,
    program_id, account_id, for_set_id)
SELECT a.id, '', 5, 0, CASE WHEN a.id %% 500 = 0 THEN 'open' ELSE 'released' END, now(), now() + interval '1 hour',
    CASE WHEN a.id %% 500 = 0 THEN NULL ELSE now() END, 1, a.program_id, a.id, a.id
FROM points_pointaccount a WHERE a.id > 1000000;
INSERT INTO activities_memberactivity (id, status, reference, location, note, occurred_at, recorded_at, channel_id,
    membership_id, program_id, type_id, posting_id, points, customer_id)
SELECT p.id, CASE WHEN p.id %% 700 = 0 THEN 'failed' ELSE 'processed' END, 'ref-' || p.id, '', '', now(), now(), 1, p.id,
    p.program_id, %(activity_type)s, p.id, 10, p.id
FROM points_posting p WHERE p.id > 1000000;
INSERT INTO gateway_event (id, kind, subject_id, facts, recorded_at, program_id)
SELECT p.id, 'points.posted', p.id, '{}', now(), p.program_id FROM points_posting p WHERE p.id > 1000000;
