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
_NUMBERS = ("program", "design", "membership", "member", "type", "channel", "user", "keyed", "ordinal", "record")
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


LOCK_MEMBERSHIP = plain(
    "SELECT 1 FROM memberships_membership WHERE id = %(membership)s AND program_id = %(program)s FOR NO KEY UPDATE"
)
# With a snapshot younger than the membership's lock; what is read of the accounts has one younger than theirs.
LOCK_ACCOUNTS = plain(
    """
    SELECT 1 FROM points_pointaccount a JOIN memberships_membership m ON m.id = %(membership)s
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
    'asked', {asked})::text
FROM ({able}) able JOIN memberships_membership m ON m.id = able.id
CROSS JOIN LATERAL (SELECT m.id AS membership, able.person, m.own_set_id AS own_set, m.pool_id AS pool, %(at)s AS at) w
"""
USES = as_json(rules_sql.USES)


@lru_cache(maxsize=128)
def home(parts: tuple[str, ...]) -> Statement:
    """The membership if it may earn, its accounts, and those parts of what rules read of it."""
    asked = ", ".join(f"'{name}', {rules_sql.STATE_PARTS[name]}" for name in parts)
    return plain(HOME.format(asked=f"jsonb_build_object({asked})", able=memberships_sql.ABLE))


@lru_cache(maxsize=4)
def figure(expired: str) -> Statement:
    """The figure of a ladder, looking for expired points or not (memberships.figures)."""
    return as_json(figures.POINTS.format(expired=expired))


TRANSACTION = plain(
    """
    INSERT INTO activities_transaction (id, channel_id, reference, type, program_id, business_unit, customer_id,
        amount, currency, location, occurred_at, recorded_at, user_id)
    VALUES (%(t_id)s::bigint, %(channel)s, %(reference)s, %(t_type)s, %(program)s, %(business_unit)s,
        %(t_customer)s::bigint, %(amount)s::numeric, %(currency)s, %(location)s, %(at)s, %(recorded_at)s, %(user)s)
    """
)
ITEMS = plain(
    """
    INSERT INTO activities_transactionitem (transaction_id, line, sku, category, quantity, amount)
    SELECT %(t_id)s::bigint, i.line, i.sku, i.category, i.quantity, i.amount
    FROM unnest(%(i_line)s::smallint[], %(i_sku)s::text[], %(i_category)s::text[], %(i_quantity)s::numeric[],
        %(i_amount)s::numeric[]) AS i(line, sku, category, quantity, amount)
    """
)
CREDIT = plain(crediting_many.WRITE)
ACTIVITY = plain(
    """
    INSERT INTO activities_memberactivity (id, program_id, type_id, membership_id, customer_id, channel_id, user_id,
        status, reference, location, note, occurred_at, recorded_at, posting_id, transaction_id, partner_id, amount,
        currency, attributes)
    VALUES (%(v_activity)s::bigint, %(program)s, %(type)s, %(membership)s, %(t_customer)s::bigint, %(channel)s,
        %(user)s, %(v_status)s, %(reference)s, %(location)s, '', %(at)s, %(recorded_at)s, %(v_posting)s::bigint,
        %(t_id)s::bigint, %(v_partner)s::bigint, %(amount)s::numeric, %(v_currency)s, %(v_attributes)s::jsonb)
    """
)
EFFECTS = plain(rules_sql.EFFECTS)
COUNT_USES = plain(rules_sql.COUNT_USES)
EVENTS = plain(gateway_sql.EVENTS)
# The balances behind all of it, in the order of activities.reading.balances, and the stored answer.
ANSWER = plain(
    f"""
    WITH answer AS (
        SELECT '[' || %(context)s || ',' || COALESCE((SELECT (extract(epoch FROM p.recorded_at) * 1000000)::bigint
            FROM points_posting p WHERE p.id = %(v_posting)s::bigint)::text, 'null') || ','
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
