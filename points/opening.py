"""Balances taken over from another system (kind `opening`): each account takes one, once (domain 1.6).

What a set took over is read back from the ledger, so that the same figures given again are recognized and others are
refused: an opening balance is corrected by an adjustment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from common.actor import Actor
from points.drafts import Posted
from points.errors import OpeningRefused
from points.ledger import post
from points.models import PostingKind
from points.moves import Cause, Credit, Debit, Move, NewLot

# A lot's date as it was taken over, whatever was extended since.
OPENED = """
SELECT p.for_set_id, a.point_type_id, e.amount, l.amount, l.earned_at, l.available_at,
    CASE WHEN first.found THEN first.old_expires_at ELSE l.expires_at END
FROM points_posting p JOIN points_entry e ON e.posting_id = p.id JOIN points_pointaccount a ON a.id = e.account_id
LEFT JOIN points_lot l ON l.entry_id = e.id
LEFT JOIN LATERAL (
    SELECT true AS found, c.old_expires_at FROM points_lotdatechange c WHERE c.lot_id = l.id ORDER BY c.id LIMIT 1
) first ON true
WHERE p.for_set_id = ANY(%s) AND p.kind = 'opening'
ORDER BY l.id
"""
TODAY = """
SELECT coalesce(sum(abs(e.amount)), 0) FROM points_posting p JOIN points_entry e ON e.posting_id = p.id
WHERE p.recorded_at >= %s AND p.program_id = %s AND p.kind = 'opening' AND p.user_id IS NOT DISTINCT FROM %s
    AND p.channel_id = %s
"""


@dataclass(frozen=True, slots=True)
class OpenLot:
    """`points` below 0 are owed. Times that are None were not given."""

    points: int
    earned_at: datetime | None = None
    available_at: datetime | None = None
    expires_at: datetime | None = None

    def fits(self, other: "OpenLot") -> bool:
        """Whether what was given here is what the other holds."""
        given = ((self.earned_at, other.earned_at), (self.available_at, other.available_at))
        return self.points == other.points and all(
            one in (None, two) for one, two in (*given, (self.expires_at, other.expires_at))
        )


# Lots by the id of their point type.
Opening = Mapping[int, Sequence[OpenLot]]


def opened(set_ids: Iterable[int]) -> dict[int, dict[int, list[OpenLot]]]:
    """What sets took over, by set and point type; the caller holds their memberships."""
    found: dict[int, dict[int, list[OpenLot]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(OPENED, [list(set_ids)])
        for set_id, type_id, amount, points, *times in cursor.fetchall():
            lots = found.setdefault(set_id, {}).setdefault(type_id, [])
            lots.append(OpenLot(amount) if points is None else OpenLot(points, *times))
    return found


def is_same(given: Sequence[OpenLot], taken: Sequence[OpenLot]) -> bool:
    """Whether every lot given is one that was taken over, and none is missing; the most exact are matched first."""
    left = list(taken)
    for lot in sorted(given, key=lambda one: [one.earned_at, one.available_at, one.expires_at].count(None)):
        match = next((one for one in left if lot.fits(one)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def opened_today(actor: Actor, *, program_id: int, since: datetime) -> int:
    """How many points the actor has taken over in the program since then."""
    with connection.cursor() as cursor:
        cursor.execute(TODAY, [since, program_id, actor.user_id, actor.channel_id])
        return int(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class NewOpening:
    """What one membership takes over, dated; `accounts` are its accounts by point type."""

    lots: Opening
    accounts: Mapping[int, int]
    for_set_id: int
    person_id: int
    cause: Cause
    occurred_at: datetime
    counts_as_activity: bool

    @property
    def owes(self) -> bool:
        return any(lot.points < 0 for ones in self.lots.values() for lot in ones)


def open_balances(opening: NewOpening, *, program_id: int, actor: Actor) -> Posted:
    """One posting with an entry per point type.

    The caller holds the membership, knows that the accounts took nothing over yet, and has asked the rules.
    """
    person_id, at = opening.person_id, opening.occurred_at
    return post(
        PostingKind.OPENING,
        program_id=program_id,
        for_set_id=opening.for_set_id,
        person_id=person_id,
        cause=opening.cause,
        occurred_at=at,
        actor=actor,
        moves=[_move(opening.accounts[one], lots, person_id, at) for one, lots in sorted(opening.lots.items())],
        counts_as_activity=opening.counts_as_activity,
    )


def _move(account_id: int, lots: Sequence[OpenLot], person_id: int | None, at: datetime) -> Move:
    owed = [-lot.points for lot in lots if lot.points < 0]
    if owed and len(lots) > 1:
        raise OpeningRefused("Points owed and points left of one type: give their difference.")
    if owed:
        return Debit(account_id, owed[0], debt=owed[0])
    return Credit(
        account_id,
        [
            NewLot(
                lot.points,
                earned_at=lot.earned_at or at,
                available_at=lot.available_at,
                expires_at=lot.expires_at,
                earner_id=person_id,
                contributor_id=person_id,
            )
            for lot in lots
        ],
    )
