"""Which lots a debit draws: nearest expiry first, then oldest (domain 1.6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from points.moves import Take

# Most debits need a few lots; an account may have hundreds of thousands.
FIRST_LOTS = 50

SPENDABLE = """
SELECT l.id, l.remaining - COALESCE((
    SELECT sum(hl.points) FROM points_holdlot hl JOIN points_hold h ON h.id = hl.hold_id
    WHERE hl.lot_id = l.id AND h.status = 'open' AND h.expires_at > %(now)s), 0)::bigint AS free
FROM points_lot l
WHERE l.account_id = %(account)s AND l.is_open
  AND (l.available_at IS NULL OR l.available_at <= %(at)s)
  AND (l.expires_at IS NULL OR l.expires_at > %(at)s OR %(exempt_until)s::timestamptz > %(at)s)
ORDER BY l.expires_at, l.earned_at, l.id
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Spending:
    """What can be drawn: `takes` cover `covered` points. `free` counts all lots looked at, and `complete` says
    whether those were all there are."""

    takes: list[Take]
    covered: int
    free: int
    complete: bool


def choose_lots(
    account_id: int,
    *,
    points: int,
    keep: int,
    at: datetime,
    now: datetime,
    exempt_until: datetime | None = None,
    already: Mapping[int, int] | None = None,
) -> Spending:
    """Lots for `points`, usable for an event at `at`, leaving `keep` points (an open debt) untouched.

    The account must be locked: this reads with a snapshot younger than the lock. `already` holds what the same
    posting took from a lot before.
    """
    for limit in (FIRST_LOTS, None):
        rows = _spendable(account_id, at=at, now=now, exempt_until=exempt_until, limit=limit)
        free = [(lot, left - (already or {}).get(lot, 0)) for lot, left in rows]
        total = sum(left for _, left in free if left > 0)
        complete = limit is None or len(rows) < limit
        if total >= points + keep or complete:
            break
    takes = _take(free, min(points, max(0, total - keep)))
    return Spending(takes, sum(take.points for take in takes), total, complete)


def _take(free: Iterable[tuple[int, int]], points: int) -> list[Take]:
    takes = []
    for lot_id, left in free:
        if points <= 0:
            break
        if left > 0:
            takes.append(Take(lot_id, min(left, points)))
            points -= takes[-1].points
    return takes


def _spendable(
    account_id: int, *, at: datetime, now: datetime, exempt_until: datetime | None, limit: int | None
) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            SPENDABLE,
            {"account": account_id, "at": at, "now": now, "exempt_until": exempt_until, "limit": limit},
        )
        return list(cursor.fetchall())
