"""The statements of a sale that is taken in two round trips: what its rules are asked with, and what it writes."""

from collections import defaultdict
from functools import lru_cache

from activities.rules import sql as rules_sql
from common.pipeline import Statement
from gateway import sql as gateway_sql
from memberships import figures
from memberships import sql as memberships_sql
from points import crediting_many

# Arrays travel as text (common.arrays), which the statements cast; whatever is not named is such an array or a number.
_NUMBERS = (
    *("program", "design", "membership", "member", "type", "channel", "user", "customer", "posting", "partner"),
    *("keyed", "ordinal", "record"),
)
_KINDS = {
    **dict.fromkeys(_NUMBERS, "bigint"),
    **dict.fromkeys(("pooled",), "boolean"),
    **dict.fromkeys(("types", "campaigns", "rules", "memberships", "sets"), "bigint[]"),
    **dict.fromkeys(("at", "now", "recorded_at", "stopped_at"), "timestamptz"),
    **dict.fromkeys(("key", "request"), "bytea"),
    "states": "text[]",
    "offset": "interval",
}
TYPES = defaultdict(lambda: "text", _KINDS)


def plain(sql: str) -> Statement:
    return Statement(" ".join(sql.split()), TYPES)


def as_json(sql: str) -> Statement:
    """All rows as one array of objects."""
    return plain(f"SELECT COALESCE(jsonb_agg(to_jsonb(r)), '[]')::text FROM ({sql}) r")  # noqa: S608 - our own text


# From here on each statement of the transaction keeps its plan: planning those with arrays takes longer than they do.
LOCK_MEMBERSHIP = plain(
    """
    SELECT set_config('plan_cache_mode', 'force_generic_plan', true)
    FROM memberships_membership WHERE id = %(membership)s AND program_id = %(program)s FOR NO KEY UPDATE
    """
)
# With a snapshot younger than the membership's lock; what is read of the accounts, and of claims, has one younger than
# theirs and than the receipt's turn (activities.claimed), which costs no statement of its own.
LOCK_ACCOUNTS = plain(
    """
    SELECT 1 FROM (SELECT pg_advisory_xact_lock_shared(hashtextextended(%(turn)s, 0)) OFFSET 0) turn
    CROSS JOIN points_pointaccount a JOIN memberships_membership m ON m.id = %(membership)s
    WHERE a.account_set_id IN (m.own_set_id, m.pool_id) ORDER BY a.id FOR NO KEY UPDATE OF a
    """
)
HOME = """
SELECT jsonb_build_object('person', able.person, 'own_set', m.own_set_id, 'pool', m.pool_id, 'type', m.type,
    'status', m.status, 'enrolled_at', (extract(epoch FROM m.enrolled_at) * 1000000)::bigint, 'main', m.main_member_id,
    'main_customer', (SELECT x.customer_id FROM memberships_member x WHERE x.id = m.main_member_id),
    'standings', (SELECT jsonb_agg(s.tier_id) FROM memberships_tierstanding s
        WHERE s.membership_id = m.id AND s.ended_at IS NULL),
    'accounts', (SELECT jsonb_agg(jsonb_build_array(a.account_set_id, a.id, a.point_type_id, a.balance, a.entry_count,
        a.debt, a.lifetime_earned, a.lifetime_redeemed, a.closed)) FROM points_pointaccount a
        WHERE a.account_set_id IN (m.own_set_id, m.pool_id)),
    'claimed', EXISTS (SELECT 1 FROM activities_claim c WHERE c.program_id = m.program_id
        AND c.receipt = %(reference)s AND c.status = 'granted'),
    'asked', {asked})::text
FROM ({able}) able JOIN memberships_membership m ON m.id = able.id
CROSS JOIN LATERAL (SELECT m.id AS membership, able.person, m.own_set_id AS own_set, m.pool_id AS pool, %(at)s AS at) w
"""
USES = as_json(rules_sql.USES)


@lru_cache(maxsize=128)
def home(parts: tuple[str, ...]) -> Statement:
    """The membership if it may earn and no claim names the receipt; its accounts, and what rules read of it."""
    asked = ", ".join(f"'{name}', {rules_sql.STATE_PARTS[name]}" for name in parts)
    return plain(HOME.format(asked=f"jsonb_build_object({asked})", able=memberships_sql.ABLE))


@lru_cache(maxsize=4)
def figure(expired: str) -> Statement:
    """The figure of a ladder, looking for expired points or not (memberships.figures)."""
    return as_json(figures.POINTS.format(expired=expired))


CREDIT = plain(crediting_many.WRITE)
# Behind the posting: what names it is checked at the end of the statement. An array without elements writes nothing.
SALE = plain(
    f"""
    WITH sale AS (
        INSERT INTO activities_transaction (id, channel_id, reference, type, program_id, business_unit, customer_id,
            amount, currency, location, occurred_at, recorded_at, user_id)
        VALUES (%(t_id)s::bigint, %(channel)s, %(reference)s, %(t_type)s, %(program)s, %(business_unit)s,
            %(customer)s, %(amount)s::numeric, %(currency)s, %(location)s, %(at)s, %(recorded_at)s, %(user)s)
    ), items AS (
        INSERT INTO activities_transactionitem (transaction_id, line, sku, category, quantity, amount)
        SELECT %(t_id)s::bigint, i.line, i.sku, i.category, i.quantity, i.amount
        FROM unnest(%(i_line)s::smallint[], %(i_sku)s::text[], %(i_category)s::text[], %(i_quantity)s::numeric[],
            %(i_amount)s::numeric[]) AS i(line, sku, category, quantity, amount)
    ), activity AS (
        INSERT INTO activities_memberactivity (id, program_id, type_id, membership_id, customer_id, channel_id,
            user_id, status, reference, location, note, occurred_at, recorded_at, posting_id, transaction_id,
            partner_id, amount, currency, attributes)
        VALUES (%(v_activity)s::bigint, %(program)s, %(type)s, %(membership)s, %(customer)s, %(channel)s, %(user)s,
            %(v_status)s, %(reference)s, %(location)s, '', %(at)s, %(recorded_at)s, %(posting)s, %(t_id)s::bigint,
            %(partner)s, %(amount)s::numeric, %(v_currency)s, %(v_attributes)s::jsonb)
    ), effects AS ({rules_sql.EFFECTS}), uses AS ({rules_sql.COUNT_USES}), events AS ({gateway_sql.EVENTS})
    SELECT 1
    """  # noqa: S608 - our own text
)
# The balances behind all of it, in the order of activities.reading.balances, and the stored answer.
ANSWER = plain(
    f"""
    WITH answer AS (
        SELECT '[' || %(context)s || ',' || COALESCE((SELECT (extract(epoch FROM p.recorded_at) * 1000000)::bigint
            FROM points_posting p WHERE p.id = %(posting)s)::text, 'null') || ','
            || COALESCE(jsonb_agg(jsonb_build_array(s.is_pool, t.code, t.kind, a.balance,
                GREATEST(0, a.balance - f.held - f.unusable)::bigint, f.pending, f.held, a.debt, a.lifetime_earned,
                a.lifetime_redeemed, f.next_points, (extract(epoch FROM f.next_at) * 1000000)::bigint)
                ORDER BY s.is_pool DESC, t.is_default DESC, t.id), '[]')::text || ']' AS facts
        FROM points_pointaccount a JOIN points_pointaccountset s ON s.id = a.account_set_id
        JOIN programs_pointtype t ON t.id = a.point_type_id
        CROSS JOIN LATERAL points_figures(a.id, %(now)s, %(now)s) f
        WHERE a.account_set_id = ANY(%(sets)s) AND NOT a.closed
    ), stored AS ({gateway_sql.STORE})
    SELECT convert_to(answer.facts, 'UTF8') FROM answer
    """  # noqa: S608 - our own text
)
