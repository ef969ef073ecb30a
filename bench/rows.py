"""What a call leaves in the tables: the raw scripts must write what the product writes, and nothing may be wrong."""

from collections.abc import Callable
from typing import Any

from django.db import connection

TABLES = {
    "activity": "activities_memberactivity",
    "posting": "points_posting",
    "entry": "points_entry",
    "lot": "points_lot",
    "draw": "points_draw",
    "account": "points_pointaccount",
    "idempotency": "gateway_idempotencyrecord",
    "event": "gateway_event",
}
PROOFS = {
    "balances that are not the sum of their lots": """
        SELECT count(*) FROM points_pointaccount a LEFT JOIN (
            SELECT account_id, sum(remaining) AS points FROM points_lot GROUP BY 1) l ON l.account_id = a.id
        WHERE a.balance <> COALESCE(l.points, 0)""",
    "balances that are not the sum of their entries": """
        SELECT count(*) FROM points_pointaccount a LEFT JOIN (
            SELECT account_id, sum(amount) AS points, count(*) AS n FROM points_entry GROUP BY 1) e
            ON e.account_id = a.id
        WHERE a.balance <> COALESCE(e.points, 0) OR a.entry_count <> COALESCE(e.n, 0)""",
    "lots whose draws are not what they lost": """
        SELECT count(*) FROM points_lot l LEFT JOIN (
            SELECT lot_id, sum(amount) AS points FROM points_draw GROUP BY 1) d ON d.lot_id = l.id
        WHERE l.amount - l.remaining <> COALESCE(d.points, 0)""",
    "postings without an event": """
        SELECT count(*) FROM points_posting p WHERE p.kind <> 'opening' AND NOT EXISTS (
            SELECT 1 FROM gateway_event e WHERE e.subject_id = p.id AND e.kind = 'points.posted')""",
}


def counts() -> dict[str, int]:
    found = {}
    with connection.cursor() as cursor:
        for name, table in TABLES.items():
            cursor.execute(f"SELECT count(*) FROM {table}")
            (found[name],) = cursor.fetchone()
    return found


def bytes_by_table() -> dict[str, int]:
    """Each table with its indexes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"pg_total_relation_size('{table}')" for table in TABLES.values()))
        return dict(zip(TABLES, cursor.fetchone(), strict=True))


def rows_of(call: Callable[[], Any]) -> dict[str, int]:
    """How many rows of each table one call adds."""
    before = counts()
    call()
    return {name: n - before[name] for name, n in counts().items() if n != before[name]}


def require_same_rows(verb: str, raw: Callable[[], Any], ours: Callable[[], Any]) -> dict[str, int]:
    """The rows of one call, if both write the same; the product is measured against nothing less."""
    by_raw, by_us = rows_of(raw), rows_of(ours)
    if by_raw != by_us:
        raise RuntimeError(f"The raw {verb} writes {by_raw}, the product {by_us}.")
    return by_us


def prove() -> None:
    """Whatever was measured must be right: no update lost, no point made or gone."""
    with connection.cursor() as cursor:
        for what, query in PROOFS.items():
            cursor.execute(query)
            (wrong,) = cursor.fetchone()
            if wrong:
                raise RuntimeError(f"{wrong} {what}.")
