"""What became of the lots an entry made: what is left of them, wherever a merge, split or undo brought it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from points.moves import Take

# Children that a transfer or a donation made belong to somebody else: their line ends there.
STAYING = ["merge", "split", "undo", "reverse"]

LEFT = """
WITH RECURSIVE line AS (
    SELECT l.id, l.id AS root, l.parent_id AS root_parent FROM points_lot l WHERE l.entry_id = ANY(%(entries)s)
    UNION ALL
    SELECT c.id, line.root, line.root_parent
    FROM line JOIN points_lot c ON c.parent_id = line.id
    JOIN points_entry e ON e.id = c.entry_id JOIN points_posting p ON p.id = e.posting_id
    WHERE p.kind = ANY(%(staying)s)
)
SELECT line.id, line.root_parent, l.account_id, l.remaining - held.points, expired.points
FROM line JOIN points_lot l ON l.id = line.id
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(hl.points), 0)::bigint AS points
    FROM points_holdlot hl JOIN points_hold h ON h.id = hl.hold_id
    WHERE hl.lot_id = l.id AND h.status = 'open' AND h.expires_at > %(now)s
) held
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(d.amount), 0)::bigint AS points
    FROM points_draw d JOIN points_posting p ON p.id = d.posting_id
    WHERE d.lot_id = l.id AND p.kind = 'expire'
) expired
ORDER BY l.expires_at DESC NULLS FIRST, l.earned_at DESC, l.id DESC
"""

DRAWN = """
SELECT d.lot_id, e.account_id, d.amount
FROM points_draw d JOIN points_entry e ON e.id = d.entry_id
WHERE d.entry_id = ANY(%s) AND d.amount > 0
ORDER BY d.id DESC
"""


@dataclass(frozen=True, slots=True)
class Left:
    """`free` of a lot's points are neither drawn nor held; `expired` ran out unused. `root_parent_id` is the lot
    that the first of its line was carried from."""

    lot_id: int
    root_parent_id: int | None
    account_id: int
    free: int
    expired: int


@dataclass(frozen=True, slots=True)
class Drawn:
    lot_id: int
    account_id: int
    points: int


def left_of(entry_ids: Sequence[int], *, now: datetime) -> list[Left]:
    """The lots of the entries and their line, the last to be spent first. Read it under the accounts' locks."""
    if not entry_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(LEFT, {"entries": list(entry_ids), "staying": STAYING, "now": now})
        return [Left(*row) for row in cursor.fetchall()]


def drawn_by(entry_ids: Sequence[int]) -> list[Drawn]:
    """What the entries drew, the last draw first."""
    if not entry_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(DRAWN, [list(entry_ids)])
        return [Drawn(*row) for row in cursor.fetchall()]


def slice_of(drawn: Sequence[Drawn], *, skip: int, points: int) -> dict[int, list[Take]]:
    """Per account the next `points` after the first `skip`, a lot named once."""
    found: dict[tuple[int, int], int] = {}
    for one in drawn:
        passed = min(skip, one.points)
        skip -= passed
        taken = min(points, one.points - passed)
        points -= taken
        if taken:
            found[one.account_id, one.lot_id] = found.get((one.account_id, one.lot_id), 0) + taken
    by_account: dict[int, list[Take]] = {}
    for (account_id, lot_id), taken in found.items():
        by_account.setdefault(account_id, []).append(Take(lot_id, taken))
    return by_account
