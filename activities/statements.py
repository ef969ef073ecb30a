"""The online statements of earning and redeeming, put together from the parts each app owns.

Earning is one statement; redeeming locks first and draws lots in a second one, whose snapshot is younger than the
lock. The same statement reads the balances behind the lock and stores the answer, or finds the one that stands under
its key already. Without an Idempotency-Key %(key)s is NULL and nothing is stored.
"""

from collections import defaultdict

from common.pipeline import Statement
from gateway import sql as gateway_sql
from memberships import sql as memberships_sql
from points import sql as points_sql

ACTIVITY = """
INSERT INTO activities_memberactivity (id, program_id, type_id, membership_id, customer_id, card_id, channel_id,
    user_id, status, points, reference, location, note, occurred_at, recorded_at, posting_id, redirected_from)
SELECT %(activity)s, %(program)s, %(activity_type)s, %(membership)s, able.person, %(card)s, %(channel)s, %(user)s,
    'processed', %(points)s, %(reference)s, %(location)s, %(note)s, %(at)s, acc.at, %(posting)s, %(redirected)s
FROM acc, able
"""


# Whatever is not named here is a number.
TYPES = defaultdict(
    lambda: "bigint",
    {
        **dict.fromkeys(("pooled", "active"), "boolean"),
        **dict.fromkeys(("at", "active_since", "available_at", "expires_at"), "timestamptz"),
        **dict.fromkeys(("kind", "reference", "location", "note", "form", "context"), "text"),
        **dict.fromkeys(("key", "request"), "bytea"),
        **dict.fromkeys(("states", "in_states"), "text[]"),
        "lots": "bigint[]",
        "offset": "interval",
    },
)


def statement(ctes: dict[str, str], last: str) -> Statement:
    """WITH name AS (...), ... and the last part."""
    parts = ", ".join(f"{name} AS ({text})" for name, text in ctes.items())
    return plain(f"WITH {parts} {last}")


def plain(sql: str) -> Statement:
    """Blanks squeezed: the text of an unprepared statement travels every time."""
    return Statement(" ".join(sql.split()), TYPES)


# Who redeems from a pool names another set than the membership's own.
POOLED = "(SELECT in_set <> own_set_id FROM able)"
WRITES = {
    "p": points_sql.POSTING,
    "e": points_sql.ENTRY,
    "ev": points_sql.EVENT,
    "act": ACTIVITY,
}


def answering(ctes: dict[str, str], *, account: str, pooled: str, changed: str) -> Statement:
    """The statement that does all of `ctes` and returns the facts of the answer, stored where there is a key.

    `account` names the part that changed the account, `changed` the one that wrote lots, and `pooled` asks whether
    the account is a pool's.
    """
    facts = points_sql.FACTS.format(account=account, changed=changed, pooled=pooled)
    return statement(
        {
            "earlier": gateway_sql.EARLIER,
            **ctes,
            "answer": facts,
            "stored": gateway_sql.STORE,
        },
        gateway_sql.RETURNED,
    )


EARN = answering(
    {
        "able": f"{memberships_sql.ABLE} {memberships_sql.LOCK}",
        "acc": points_sql.CREDIT_ACCOUNT.format(unanswered=gateway_sql.UNANSWERED),
        **WRITES,
        "l": points_sql.LOT,
    },
    account="acc",
    pooled=POOLED,
    changed="l",
)
LOCK = plain(
    f"""
    SELECT 1 FROM ({memberships_sql.HOME}) home
    JOIN points_pointaccount a ON a.account_set_id = home.in_set AND a.point_type_id = %(type)s
    FOR NO KEY UPDATE OF a
    """
)
LOCKED = f"""
SELECT a.id FROM points_pointaccount a JOIN able ON a.account_set_id = able.in_set
JOIN points_pointaccountset s ON s.id = a.account_set_id
WHERE a.point_type_id = %(type)s AND {points_sql.IS_LOCKED} AND NOT a.closed AND a.debt = 0
    AND a.frozen_until IS NULL AND s.exempt_until IS NULL
    AND (%(active_since)s::timestamptz IS NULL OR a.last_activity_at >= %(active_since)s)
    AND {gateway_sql.UNANSWERED}
"""
REDEEM = answering(
    {
        "able": memberships_sql.ABLE,
        "locked": LOCKED,
        "candidates": points_sql.CANDIDATES,
        "takes": points_sql.TAKES,
        "acc": points_sql.DEBIT_ACCOUNT,
        **WRITES,
        "d": points_sql.DRAW,
        "ul": points_sql.TAKE_LOTS,
    },
    account="acc",
    pooled=POOLED,
    changed="ul",
)
