"""What accounts hold, by when it ends, who brought it and who owes: the figures of a preview (domain 1.9)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from points.inactivity import ends_of
from programs.design import Design
from programs.expiry import end_of_day, rounded
from programs.models import ExpiryPolicy, ExpiryRounding

SOON = timedelta(days=90)
YEAR = timedelta(days=365)
# Each lot is in one of them.
BUCKETS = ("over", "this_month", "next_90_days", "next_year", "later", "never")
PROFILES = """
SELECT a.id, a.account_set_id, s.is_pool, a.point_type_id, a.balance, a.debt,
    COALESCE((SELECT sum(b.points) FROM points_hold h JOIN points_holdlot b ON b.hold_id = h.id
        WHERE h.account_id = a.id AND h.status = 'open' AND h.expires_at > %(now)s), 0)::bigint,
    COALESCE(sum(l.remaining) FILTER (WHERE l.available_at > %(now)s), 0)::bigint,
    COALESCE(sum(l.remaining) FILTER (WHERE e.ends <= %(now)s), 0)::bigint,
    COALESCE(sum(l.remaining) FILTER (WHERE e.ends > %(now)s AND e.ends <= %(month)s), 0)::bigint,
    COALESCE(sum(l.remaining) FILTER (WHERE e.ends > %(month)s AND e.ends <= %(soon)s), 0)::bigint,
    COALESCE(sum(l.remaining) FILTER (WHERE e.ends > GREATEST(%(month)s, %(soon)s) AND e.ends <= %(year)s), 0)::bigint,
    COALESCE(sum(l.remaining) FILTER (WHERE e.ends > %(year)s), 0)::bigint,
    COALESCE(sum(l.remaining) FILTER (WHERE l.expires_at IS NULL), 0)::bigint
FROM points_pointaccount a JOIN points_pointaccountset s ON s.id = a.account_set_id
LEFT JOIN points_lot l ON l.account_id = a.id AND l.is_open
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.expires_at IS NOT NULL THEN GREATEST(l.expires_at, s.exempt_until) END AS ends
) e
WHERE a.account_set_id = ANY(%(sets)s) GROUP BY a.id, s.is_pool ORDER BY a.id
"""
BROUGHT = """
SELECT l.account_id, l.contributor_id, sum(l.remaining)::bigint FROM points_lot l
WHERE l.account_id = ANY(%s) AND l.is_open GROUP BY 1, 2
"""
OWED = """
SELECT account_id, person_id, sum(remaining)::bigint FROM points_debt
WHERE account_id = ANY(%s) AND remaining > 0 GROUP BY 1, 2
"""

Shares = Mapping[int | None, int]


@dataclass(frozen=True, slots=True)
class Profile:
    """One account: `expiry` is what its lots hold per bucket, together balance and debt; held and pending points are
    part of it. `brought` is per contributor, `owed` per person; None where nobody is named."""

    account_id: int
    set_id: int
    pooled: bool
    point_type_id: int
    balance: int
    debt: int
    held: int
    pending: int
    expiry: Mapping[str, int]
    brought: Shares = field(default_factory=dict)
    owed: Shares = field(default_factory=dict)


def profiles_of(set_ids: Iterable[int], *, design: Design, at: datetime) -> list[Profile]:
    """Of every account of the sets, by a constant number of statements."""
    with connection.cursor() as cursor:
        cursor.execute(PROFILES, {"sets": sorted(set_ids), **_ends(design, at)})
        found = [Profile(*[*row[:8], dict(zip(BUCKETS, row[8:], strict=True))]) for row in cursor.fetchall()]
    ids = [profile.account_id for profile in found]
    brought, owed = _shares(BROUGHT, ids), _shares(OWED, ids)
    inactive = _inactive(found, design)
    return [
        replace(
            profile,
            brought=brought.get(profile.account_id, {}),
            owed=owed.get(profile.account_id, {}),
            expiry=_with_end(profile.expiry, inactive.get(profile.account_id), _ends(design, at)),
        )
        for profile in found
    ]


def _ends(design: Design, at: datetime) -> dict[str, datetime]:
    """Where the buckets end, in the program's zone."""
    day = at.astimezone(design.zone).date()
    month = end_of_day(rounded(day, ExpiryRounding.MONTH), design.zone)
    return {"now": at, "month": month, "soon": max(month, at + SOON), "year": at + YEAR}


def _shares(statement: str, account_ids: Sequence[int]) -> dict[int, dict[int | None, int]]:
    found: dict[int, dict[int | None, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(account_ids)])
        for account_id, person_id, points in cursor.fetchall():
            found[account_id][person_id] = points
    return found


def _inactive(profiles: Sequence[Profile], design: Design) -> dict[int, datetime]:
    """Per account of an inactivity type when its points end if nothing happens."""
    ends: dict[int, datetime] = {}
    for point_type in design.point_types.values():
        if point_type.expiry_policy == ExpiryPolicy.INACTIVITY:
            of_type = [one.account_id for one in profiles if one.point_type_id == point_type.pk and one.expiry["never"]]
            ends |= ends_of(of_type, point_type, zone=design.zone)
    return ends


def _with_end(expiry: Mapping[str, int], end: datetime | None, ends: Mapping[str, datetime]) -> dict[str, int]:
    """Points without a date that end by inactivity, in the bucket they end in."""
    found: dict[str, Any] = dict(expiry)
    if end is not None:
        limits = zip(BUCKETS, ("now", "month", "soon", "year"), strict=False)
        bucket = next((name for name, limit in limits if end <= ends[limit]), "later")
        undated, found["never"] = found["never"], 0
        found[bucket] += undated
    return found
