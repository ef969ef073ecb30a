"""Balances as channels see them (interfaces 3.1): one row per account, nothing summed over entries.

Available = spendable lots - held - debt, never below 0. Since balance = lots left - debt, it is worked out from the
balance by subtracting what cannot be spent: lots that are pending or past their time, and holds in force. Both are
read through partial indexes over few rows.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from common import clock
from points.inactivity import ends_of
from programs.design import Design

# Columns per account `a` and its `f`, the answer of points_figures (migration 0003) for an event at one time by holds
# in force at another.
FIGURES = ", ".join(
    [
        "a.balance",
        "GREATEST(0, a.balance - f.held - f.unusable)::bigint",
        "f.pending",
        "f.held",
        "a.debt",
        "a.lifetime_earned",
        "a.lifetime_redeemed",
        "f.next_points",
        "f.next_at",
    ]
)
BALANCES = f"""
SELECT a.id, a.account_set_id, a.point_type_id, a.closed, s.is_pool, {FIGURES}
FROM points_pointaccount a JOIN points_pointaccountset s ON s.id = a.account_set_id
CROSS JOIN LATERAL points_figures(a.id, %(at)s, %(now)s) f
WHERE a.account_set_id = ANY(%(sets)s)
"""  # noqa: S608 - our own text only


def shape(code: str, kind: str, figures: Sequence[Any], *, pooled: bool) -> dict[str, Any]:
    """The API's <balance> from the columns of FIGURES in their order; `at` may be ISO text already."""
    balance, available, pending, held, debt, earned, redeemed, next_points, next_at = figures
    return {
        "point_type": code,
        "kind": kind,
        "balance": balance,
        "available": available,
        "pending": pending,
        "held": held,
        "debt": debt,
        "pooled": pooled,
        "lifetime_earned": earned,
        "lifetime_redeemed": redeemed,
        "next_expiry": None if next_points is None else {"points": next_points, "at": iso(next_at)},
    }


def iso(at: datetime | str) -> str:
    """ISO 8601 with offset, UTC as Z."""
    return at if isinstance(at, str) else at.isoformat().replace("+00:00", "Z")


def balances_of(set_ids: Iterable[int], *, design: Design) -> dict[int, list[dict[str, Any]]]:
    """Per set of the program the balances of its open accounts as they stand now, the default type first."""
    ids, now = list(set_ids), clock.program_now(design.program)
    found: dict[int, list[dict[str, Any]]] = {set_id: [] for set_id in ids}
    with connection.cursor() as cursor:
        cursor.execute(BALANCES, {"sets": ids, "at": now, "now": now})
        rows = cursor.fetchall()
    ends = _inactivity_ends(rows, design)
    for account_id, set_id, type_id, closed, pooled, *figures in sorted(rows, key=lambda row: _order(row[2], design)):
        if not closed:
            point_type = design.point_types[type_id]
            if account_id in ends:
                figures = _living_until(ends[account_id], figures, now=now)
            found[set_id].append(shape(point_type.code, point_type.kind, figures, pooled=pooled))
    return found


def _order(type_id: int, design: Design) -> tuple[bool, int]:
    return (not design.point_types[type_id].is_default, type_id)


def _inactivity_ends(rows: Sequence[Sequence[Any]], design: Design) -> dict[int, datetime]:
    """Per account of an inactivity type with points: when they end without another activity."""
    ends: dict[int, datetime] = {}
    for type_id in {row[2] for row in rows}:
        accounts = [row[0] for row in rows if row[2] == type_id and row[5] + row[9] > 0]
        ends |= ends_of(accounts, design.point_types[type_id], zone=design.zone)
    return ends


def _living_until(end: datetime, figures: Sequence[Any], *, now: datetime) -> list[Any]:
    """The columns of FIGURES for points that end together: past their time none is available, run or no run."""
    balance, available, pending, held, debt, *others, next_points, next_at = figures
    if end <= now:
        return [balance, 0, pending, held, debt, *others, None, None]
    if next_at is None or end < next_at:
        # What is left of the lots: a debt is no point that could end.
        next_points, next_at = balance + debt, end
    return [balance, available, pending, held, debt, *others, next_points, next_at]
