"""Where points of an account went: its last debits up to a time, each with the lots it drew on (domain 1.13)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from points.models import PostingKind

DEBITS = """
SELECT e.id, e.posting_id, p.kind, -e.amount, e.balance_after, p.occurred_at, p.recorded_at, p.reason_code, p.person_id,
    drawn.lots
FROM (
    SELECT * FROM points_entry x WHERE x.account_id = %(account)s AND x.number <= %(number)s AND x.amount < 0
    ORDER BY x.number DESC LIMIT %(most)s
) e
JOIN points_posting p ON p.id = e.posting_id
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(d.amount, l.amount, l.earned_at, l.expires_at) ORDER BY d.id) AS lots
    FROM (SELECT * FROM points_draw y WHERE y.entry_id = e.id ORDER BY y.id LIMIT %(most_lots)s) d
    JOIN points_lot l ON l.id = d.lot_id
) drawn
ORDER BY e.number DESC
"""
MOST_LOTS = 10


@dataclass(frozen=True, slots=True)
class Drawn:
    """So many points of a lot of `of`, earned then and usable before `expires_at`."""

    points: int
    of: int
    earned_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Taking:
    entry_id: int
    posting_id: int
    kind: str
    points: int
    balance_after: int
    occurred_at: datetime
    recorded_at: datetime
    reason_code: str
    person_id: int | None
    lots: tuple[Drawn, ...]

    @property
    def kind_label(self) -> str:
        return str(PostingKind(self.kind).label)


def takings(account_id: int, *, entries: int, most: int = 20) -> list[Taking]:
    """The debits among the account's first `entries` entries, the latest first."""
    asked = {"account": account_id, "number": entries, "most": most, "most_lots": MOST_LOTS}
    with connection.cursor() as cursor:
        cursor.execute(DEBITS, asked)
        return [_taking(*row) for row in cursor.fetchall()]


def _taking(*row: Any) -> Taking:
    *values, lots = row
    return Taking(*[*values, tuple(_drawn(lot) for lot in lots or ())])


def _drawn(lot: Any) -> Drawn:
    points, of, earned_at, expires_at = lot
    until = None if expires_at is None else datetime.fromisoformat(expires_at)
    return Drawn(points, of, datetime.fromisoformat(earned_at), until)
