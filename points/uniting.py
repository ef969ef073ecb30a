"""All points of an account that go to another one because memberships change (domain 1.9).

Lots keep their dates, earner and origin; held and pending ones go along, holds follow their lots, debts stay debts of
the same person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from common.actor import Actor
from points.drafts import Posted
from points.holds import lapse
from points.ledger import lock_accounts, post
from points.models import Debt, Hold, HoldStatus
from points.moves import Carry, CarryDebt, Cause, Move, Take

OPEN_LOTS = """
SELECT account_id, id, remaining, contributor_id FROM points_lot
WHERE account_id = ANY(%s) AND is_open ORDER BY account_id, expires_at, earned_at, id
"""
HELD_LOTS = """
UPDATE points_holdlot b SET lot_id = t.child
FROM unnest(%(parents)s::bigint[], %(children)s::bigint[]) AS t(parent, child), points_hold h
WHERE b.lot_id = t.parent AND h.id = b.hold_id AND h.status = 'open' AND (%(holds)s::bigint[] IS NULL
    OR h.id = ANY(%(holds)s::bigint[]))
RETURNING h.id, t.child
"""
HOLDS = """
UPDATE points_hold h SET account_id = l.account_id
FROM unnest(%s::bigint[], %s::bigint[]) AS t(hold, lot) JOIN points_lot l ON l.id = t.lot WHERE h.id = t.hold
"""
CLOCK = """
SELECT GREATEST(max(s.activity_at), max(a.last_activity_at)) FROM points_pointaccountset s
LEFT JOIN points_pointaccount a ON a.account_set_id = s.id WHERE s.id = ANY(%s)
"""
SUM_LIFETIMES = """
UPDATE points_pointaccount t SET lifetime_earned = t.lifetime_earned + s.lifetime_earned,
    carried_earned = t.carried_earned + s.lifetime_earned,
    lifetime_redeemed = t.lifetime_redeemed + s.lifetime_redeemed,
    carried_redeemed = t.carried_redeemed + s.lifetime_redeemed
FROM unnest(%s::bigint[], %s::bigint[]) AS f(source, target) JOIN points_pointaccount s ON s.id = f.source
WHERE t.id = f.target
"""
PART_LIFETIMES = """
UPDATE points_pointaccount t SET lifetime_earned = t.lifetime_earned - s.lifetime_earned,
    carried_earned = t.carried_earned - s.lifetime_earned,
    lifetime_redeemed = t.lifetime_redeemed - s.lifetime_redeemed,
    carried_redeemed = t.carried_redeemed - s.lifetime_redeemed
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS f(point_type, source, target)
JOIN points_pointaccount s ON s.account_set_id = f.source AND s.point_type_id = f.point_type
WHERE t.account_set_id = f.target AND t.point_type_id = f.point_type
"""


@dataclass(frozen=True, slots=True)
class Flow:
    """One account into another. `contributor_id` brought the points; None: each lot keeps the contributor it has."""

    account_id: int
    to_account_id: int
    contributor_id: int | None = None


def unite(
    flows: Sequence[Flow],
    *,
    kind: str,
    program_id: int,
    for_set_id: int,
    cause: Cause,
    at: datetime,
    actor: Actor,
) -> Posted | None:
    """One posting for all flows whose legs sum to zero per point type; None where nothing is there to move.

    Inside the caller's transaction, which holds the memberships' locks. Statements: a constant number, however many
    lots there are, and one per open debt.
    """
    accounts = {flow.account_id for flow in flows} | {flow.to_account_id for flow in flows}
    tidy_holds(accounts, at=at)
    lock_accounts(accounts, program_id=program_id)
    moves = _moves(flows)
    if not moves:
        return None
    posted = post(
        kind,
        program_id=program_id,
        for_set_id=for_set_id,
        person_id=None,
        cause=cause,
        occurred_at=at,
        actor=actor,
        moves=moves,
    )
    follow_lots(posted)
    return posted


def tidy_holds(account_ids: Iterable[int], *, at: datetime) -> None:
    """Holds past their limit stay behind: their points are free and perhaps spent."""
    over = Hold.objects.filter(account_id__in=account_ids, status=HoldStatus.OPEN, expires_at__lte=at)
    for hold_id in over.order_by("pk").values_list("pk", flat=True):
        lapse(hold_id)


def follow_lots(posted: Posted, *, holds: Sequence[int] | None = None) -> None:
    """Open holds (those named, else all) keep the child lots that the posting made of the lots they held."""
    parents = {child.parent_id: child.id for child in posted.children}
    asked: dict[str, Any] = {"parents": list(parents), "children": list(parents.values()), "holds": holds}
    with connection.cursor() as cursor:
        cursor.execute(HELD_LOTS, asked)
        followed = dict(cursor.fetchall())
        if followed:
            cursor.execute(HOLDS, [list(followed), list(followed.values())])


def latest_activity(set_ids: Sequence[int]) -> datetime | None:
    """The later of the sets' last activities: with it nothing of a united set expires earlier by inactivity."""
    with connection.cursor() as cursor:
        cursor.execute(CLOCK, [list(set_ids)])
        (latest,) = cursor.fetchone()
    found: datetime | None = latest
    return found


def sum_lifetimes(flows: Sequence[Flow]) -> None:
    """One person earned and redeemed on both accounts: the figures add up; the source keeps its own as history."""
    with connection.cursor() as cursor:
        cursor.execute(SUM_LIFETIMES, [[flow.account_id for flow in flows], [flow.to_account_id for flow in flows]])


def part_lifetimes(figures: Sequence[tuple[int, int, int]]) -> None:
    """Take the figures out again, each (point type, source set, target set) that `sum_lifetimes` added up."""
    with connection.cursor() as cursor:
        cursor.execute(PART_LIFETIMES, [list(column) for column in zip(*figures, strict=True)])


def _moves(flows: Sequence[Flow]) -> list[Move]:
    sources = [flow.account_id for flow in flows]
    lots: dict[int, list[Take]] = {}
    with connection.cursor() as cursor:
        cursor.execute(OPEN_LOTS, [sources])
        for account_id, lot_id, left, _ in cursor.fetchall():
            lots.setdefault(account_id, []).append(Take(lot_id, left))
    debts: dict[int, list[Debt]] = {}
    for debt in Debt.objects.filter(account_id__in=sources, remaining__gt=0).order_by("pk"):
        debts.setdefault(debt.account_id, []).append(debt)
    moves: list[Move] = []
    for flow in flows:
        takes = lots.get(flow.account_id)
        if takes:
            moves.append(whole_carry(flow, takes))
        moves += [
            # What nobody in person owed is owed by whoever brought it along.
            CarryDebt(
                flow.account_id, flow.to_account_id, debt.remaining, debt.pk, debt.person_id or flow.contributor_id
            )
            for debt in debts.get(flow.account_id, ())
        ]
    return moves


def whole_carry(flow: Flow, takes: Sequence[Take]) -> Carry:
    """The takes of the flow as child lots; a debt of the target stays as it is."""
    return Carry(
        flow.account_id,
        flow.to_account_id,
        sum(take.points for take in takes),
        contributor_id=flow.contributor_id,
        takes=takes,
        keeps_contributor=flow.contributor_id is None,
        repays=False,
    )
