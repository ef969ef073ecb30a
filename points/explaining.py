"""Why is the balance X at T? The lots that made it up by then, where they came from and what was taken (domain 1.13).

Everything goes by recording time: what is answered for a T in the past never changes afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from points.models import PointAccount
from points.statement import balance_after, entries_before

MOST_LOTS = 200

# Lots with points left at T: drawn since or not, what was drawn by then is subtracted.
LOTS = """
SELECT l.id, l.amount, left_then.points, l.earner_id, l.contributor_id, l.earned_at, l.available_at,
    COALESCE((SELECT c.old_expires_at FROM points_lotdatechange c WHERE c.lot_id = l.id AND c.recorded_at > %(at)s
              ORDER BY c.id LIMIT 1), l.expires_at) AS expires_at,
    l.parent_id, l.origin_id
FROM points_entry e JOIN points_lot l ON l.entry_id = e.id
CROSS JOIN LATERAL (
    SELECT l.amount - COALESCE(sum(d.amount), 0)::bigint AS points
    FROM points_draw d JOIN points_posting p ON p.id = d.posting_id WHERE d.lot_id = l.id AND p.recorded_at <= %(at)s
) left_then
WHERE e.account_id = %(account)s AND e.number <= %(number)s AND left_then.points > 0
ORDER BY 8, l.earned_at, l.id LIMIT %(limit)s
"""
# From a lot up to the one that was earned, each with the posting that made it.
ANCESTRY = """
WITH RECURSIVE line AS (
    SELECT l.id AS lot, l.id AS step, 0 AS depth FROM points_lot l WHERE l.id = ANY(%(lots)s)
    UNION ALL
    SELECT line.lot, l.parent_id, line.depth + 1 FROM line JOIN points_lot l ON l.id = line.step
    WHERE l.parent_id IS NOT NULL
)
SELECT line.lot, line.step, e.account_id, p.id, p.kind, p.cause_kind, p.cause_id, p.person_id, p.channel_id, p.user_id,
    p.reason_code, p.reverses_id, p.occurred_at, p.recorded_at
FROM line JOIN points_lot l ON l.id = line.step JOIN points_entry e ON e.id = l.entry_id
JOIN points_posting p ON p.id = e.posting_id
ORDER BY line.lot, line.depth DESC
"""
# What was drawn from each lot by then, and what came back.
DRAWS = """
SELECT d.lot_id, d.amount, p.id, p.kind, p.cause_kind, p.cause_id, p.person_id, p.channel_id, p.user_id, p.reason_code,
    p.reverses_id, p.occurred_at, p.recorded_at
FROM points_draw d JOIN points_posting p ON p.id = d.posting_id
WHERE d.lot_id = ANY(%(lots)s) AND p.recorded_at <= %(at)s
ORDER BY d.id
"""
DEBTS = """
SELECT o.person_id, o.amount, -e.amount - drawn.points AS still_open, e.posting_id
FROM points_debt o JOIN points_entry e ON e.id = o.entry_id
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(d.amount), 0)::bigint AS points
    FROM points_draw d JOIN points_posting p ON p.id = d.posting_id WHERE d.entry_id = e.id AND p.recorded_at <= %(at)s
) drawn
WHERE o.account_id = %(account)s AND e.number <= %(number)s AND -e.amount > drawn.points
ORDER BY o.id
"""
HOLDS = """
SELECT h.id, h.points, h.person_id, h.occurred_at, h.expires_at
FROM points_hold h
WHERE h.account_id = %(account)s AND h.occurred_at <= %(at)s AND h.expires_at > %(at)s
    AND (h.ended_at IS NULL OR h.ended_at > %(at)s)
ORDER BY h.id
"""
POSTING = (
    "id", "kind", "cause_kind", "cause_id", "person", "channel", "user", "reason", "reverses", "occurred_at",
    "recorded_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Explanation:
    """balance = what is left of all lots - debt. `complete` is False where only the first lots are shown; `entries`
    is how many of the account's were made by then."""

    account_id: int
    point_type_id: int
    at: datetime
    entries: int
    balance: int
    debt: int
    lots: list[dict[str, Any]]
    debts: list[dict[str, Any]]
    holds: list[dict[str, Any]]
    complete: bool


def explain(account: PointAccount, *, at: datetime, most_lots: int = MOST_LOTS) -> Explanation:
    """The balance as it was recorded up to and including `at`."""
    # Times are kept to the microsecond: up to T is before the next one.
    number = entries_before(account.pk, at + datetime.resolution, count=account.entry_count)
    asked = {"account": account.pk, "at": at, "number": number, "limit": most_lots + 1}
    rows = _rows(LOTS, asked)
    debts = [
        {"person": person, "amount": amount, "open": still_open, "posting": posting}
        for person, amount, still_open, posting in _rows(DEBTS, asked)
    ]
    holds = [
        {"id": pk, "points": points, "person": person, "placed_at": placed_at, "expires_at": expires_at}
        for pk, points, person, placed_at, expires_at in _rows(HOLDS, asked)
    ]
    return Explanation(
        account_id=account.pk,
        point_type_id=account.point_type_id,
        at=at,
        entries=number,
        balance=balance_after(account.pk, number),
        debt=sum(debt["open"] for debt in debts),
        lots=_lots(rows[:most_lots], at=at),
        debts=debts,
        holds=holds,
        complete=len(rows) <= most_lots,
    )


def _lots(rows: Iterable[Any], *, at: datetime) -> list[dict[str, Any]]:
    rows = list(rows)
    asked = {"lots": [row[0] for row in rows], "at": at}
    origins: dict[int, list[dict[str, Any]]] = {}
    for lot, step, account, *posting in _rows(ANCESTRY, asked):
        one = {"lot": step, "account": account, "posting": dict(zip(POSTING, posting, strict=True))}
        origins.setdefault(lot, []).append(one)
    draws: dict[int, list[dict[str, Any]]] = {}
    for lot, amount, *posting in _rows(DRAWS, asked):
        draws.setdefault(lot, []).append({"points": amount, "posting": dict(zip(POSTING, posting, strict=True))})
    names = (
        "id", "amount", "left", "earner", "contributor", "earned_at", "available_at", "expires_at", "parent_lot",
        "origin_lot",
    )  # fmt: skip
    return [
        dict(zip(names, row, strict=True)) | {"came_by": origins[row[0]], "drawn_by": draws.get(row[0], [])}
        for row in rows
    ]


def _rows(sql: str, parameters: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
