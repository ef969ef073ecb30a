"""The points of several sets at a glance: each account with what ends soon, what is held, what waits, what came last.

The sets may belong to several programs, each looked at by its own clock; no row of one meets a row of another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from points.balances import FIGURES
from points.models import PostingKind
from programs.design import Design
from programs.expiry import inactivity_ends_at
from programs.models import ExpiryPolicy, PointType

SOON = timedelta(days=90)
MOST_HOLDS = 20
# FIGURES is a constant of points.balances; values travel as parameters.
ACCOUNTS = f"""
SELECT a.id, a.account_set_id, a.program_id, a.point_type_id, a.closed, s.is_pool, {FIGURES}, soon.lots, holds.found,
    waiting.found, CASE WHEN t.expiry_policy = 'inactivity' THEN COALESCE(
        GREATEST(s.activity_at, (SELECT max(x.last_activity_at) FROM points_pointaccount x
                                 WHERE x.account_set_id = a.account_set_id)),
        (SELECT p.occurred_at FROM points_entry e JOIN points_posting p ON p.id = e.posting_id
         WHERE e.account_id = a.id AND e.number = 1)) END, s.exempt_until, a.frozen_until
FROM unnest(%(sets)s::bigint[], %(nows)s::timestamptz[]) asked(set_id, now)
JOIN points_pointaccount a ON a.account_set_id = asked.set_id JOIN programs_pointtype t ON t.id = a.point_type_id
JOIN points_pointaccountset s ON s.id = a.account_set_id
CROSS JOIN LATERAL points_figures(a.id, asked.now, asked.now) f
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(x.expires_at, x.points) ORDER BY x.expires_at) AS lots FROM (
        SELECT l.expires_at, sum(l.remaining) AS points FROM points_lot l
        WHERE l.account_id = a.id AND l.is_open AND l.expires_at > asked.now AND l.expires_at <= asked.now + %(soon)s
        GROUP BY l.expires_at) x
) soon
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(h.id, h.points, h.occurred_at, h.expires_at, h.reference)
                    ORDER BY h.expires_at) AS found
    FROM (SELECT * FROM points_hold h WHERE h.account_id = a.id AND h.status = 'open' AND h.expires_at > asked.now
          ORDER BY h.expires_at LIMIT %(most)s) h
) holds
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(j.id, j.points, j.requested_at, j.reason_code) ORDER BY j.id) AS found
    FROM points_adjustment j
    WHERE j.for_set_id = a.account_set_id AND j.account_id = a.id AND j.status = 'waiting'
) waiting
"""  # noqa: S608
LATEST = """
SELECT e.account_id, e.posting_id, p.kind, e.amount, e.balance_after, p.occurred_at, p.recorded_at, p.reason_code,
    p.person_id
FROM unnest(%(accounts)s::bigint[]) asked(account_id)
CROSS JOIN LATERAL (
    SELECT * FROM points_entry x WHERE x.account_id = asked.account_id ORDER BY x.number DESC LIMIT %(most)s
) e
JOIN points_posting p ON p.id = e.posting_id
ORDER BY p.recorded_at DESC, e.posting_id DESC, e.account_id
"""


@dataclass(frozen=True, slots=True)
class Ending:
    at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class OpenHold:
    id: int
    points: int
    placed_at: datetime
    expires_at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An adjustment that waits for a second person."""

    id: int
    points: int
    requested_at: datetime
    reason_code: str


@dataclass(frozen=True, slots=True)
class Overview:
    """One account. `frozen_until`: nothing is spent before that. `rested_at`: its points ended then for want of
    activity, though the run has yet to post it."""

    account_id: int
    set_id: int
    program_id: int
    point_type: PointType
    closed: bool
    pooled: bool
    balance: int
    available: int
    pending: int
    held: int
    debt: int
    lifetime_earned: int
    lifetime_redeemed: int
    next_expiry: Ending | None
    soon: tuple[Ending, ...]
    holds: tuple[OpenHold, ...]
    waiting: tuple[Waiting, ...]
    exempt_until: datetime | None
    frozen_until: datetime | None
    rested_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Latest:
    """One entry with its posting."""

    account_id: int
    posting_id: int
    kind: str
    amount: int
    balance_after: int
    occurred_at: datetime
    recorded_at: datetime
    reason_code: str
    person_id: int | None

    @property
    def kind_label(self) -> str:
        return str(PostingKind(self.kind).label)


def overview_of(sets: Mapping[int, datetime], designs: Mapping[int, Design]) -> list[Overview]:
    """Every account of these sets as it stands; `sets` gives each set its program's time. Default types first."""
    if not sets:
        return []
    asked: dict[str, Any] = {"sets": list(sets), "nows": list(sets.values()), "soon": SOON, "most": MOST_HOLDS}
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNTS, asked)
        rows = cursor.fetchall()
    found = [_overview(row, designs[row[2]], now=sets[row[1]]) for row in rows]
    return sorted(found, key=lambda one: (not one.point_type.is_default, one.point_type.pk, one.pooled, one.set_id))


def latest_of(account_ids: Iterable[int], *, most: int) -> dict[int, list[Latest]]:
    """Per account its last entries, the latest first."""
    found: dict[int, list[Latest]] = {account_id: [] for account_id in account_ids}
    if not found:
        return found
    with connection.cursor() as cursor:
        cursor.execute(LATEST, {"accounts": list(found), "most": most})
        for row in cursor.fetchall():
            found[row[0]].append(Latest(*row))
    return found


def _overview(row: tuple[Any, ...], design: Design, *, now: datetime) -> Overview:
    account_id, set_id, program_id, type_id, closed, pooled, *figures = row
    *figures, next_points, next_at, soon, holds, waiting, last_activity, exempt_until, frozen_until = figures
    values = [
        account_id, set_id, program_id, design.point_types[type_id], closed, pooled, *figures,
        Ending(next_at, next_points) if next_at else None,
        tuple(Ending(_time(at), points) for at, points in soon or ()),
        tuple(OpenHold(pk, points, _time(at), _time(end), reference) for pk, points, at, end, reference in holds or ()),
        tuple(Waiting(pk, points, _time(at), reason) for pk, points, at, reason in waiting or ()),
        exempt_until,
        frozen_until if frozen_until is not None and frozen_until > now else None,
    ]  # fmt: skip
    found = Overview(*values)
    return _by_activity(found, last_activity, design, now=now)


def _by_activity(one: Overview, last: datetime | None, design: Design, *, now: datetime) -> Overview:
    """Points of an inactivity type end together: past their time none is available, run or no run."""
    left = one.balance + one.debt
    if one.point_type.expiry_policy != ExpiryPolicy.INACTIVITY or last is None or left <= 0:
        return one
    end = inactivity_ends_at(one.point_type, last_activity=last, zone=design.zone)
    if end <= now:
        return replace(one, available=0, next_expiry=None, soon=(), rested_at=end)
    ending = Ending(end, left)
    if one.next_expiry is not None and one.next_expiry.at <= end:
        return one
    return replace(one, next_expiry=ending, soon=(ending,) if end <= now + SOON else ())


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
