"""Points that change their account keep what they are: child lots with the parents' dates, earner and origin."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from points.moves import NewLot, Take

PARENTS = """
SELECT id, earner_id, earned_at, available_at, expires_at, COALESCE(origin_id, id), contributor_id
FROM points_lot WHERE id = ANY(%s)
"""


def child_lots(takes: Sequence[Take], *, contributor_id: int | None, keeps_contributor: bool = False) -> list[NewLot]:
    """A new lot per take, in the order of the takes. The parents' account is locked, so their dates stand."""
    with connection.cursor() as cursor:
        cursor.execute(PARENTS, [[take.lot_id for take in takes]])
        parents = {row[0]: row[1:] for row in cursor.fetchall()}
    return [
        _child(take, *parent, contributor_id=kept if keeps_contributor else contributor_id)
        for take in takes
        for *parent, kept in [parents[take.lot_id]]
    ]


def _child(
    take: Take,
    earner_id: int | None,
    earned_at: datetime,
    available_at: datetime | None,
    expires_at: datetime | None,
    origin_id: int,
    *,
    contributor_id: int | None,
) -> NewLot:
    return NewLot(
        take.points,
        earned_at=earned_at,
        available_at=available_at,
        expires_at=expires_at,
        earner_id=earner_id,
        contributor_id=contributor_id,
        parent_id=take.lot_id,
        origin_id=origin_id,
    )
