"""Points that are about to end, account by account, for those who shall be told in time (domain 1.13)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from points import expiring_sql as sql
from points.inactivity import active_since, rested
from points.models import PointAccount
from programs.design import Design
from programs.models import PointType

AT_ONCE = 1_000
INSTANT = timedelta(microseconds=1)
# Lots of a month are told together with the first of them, so that nobody hears of every single one.
DATED = """
WITH acc AS MATERIALIZED (
    SELECT a.id, a.account_set_id, a.point_type_id, s.exempt_until
    FROM points_pointaccount a JOIN points_pointaccountset s ON s.id = a.account_set_id
    WHERE a.program_id = %(program)s AND a.id > %(after)s AND EXISTS (
        SELECT 1 FROM points_lot l WHERE l.account_id = a.id AND l.is_open AND l.expires_at <= %(until)s)
    ORDER BY a.id LIMIT %(limit)s
), ends AS (
    SELECT acc.id, acc.account_set_id, acc.point_type_id, l.remaining - COALESCE(held.points, 0) AS points,
        GREATEST(l.expires_at, acc.exempt_until) AS at,
        ((GREATEST(l.expires_at, acc.exempt_until) - interval '1 microsecond') AT TIME ZONE %(zone)s::text)::date AS day
    FROM acc JOIN points_lot l ON l.account_id = acc.id AND l.is_open
    LEFT JOIN (SELECT hl.lot_id, sum(hl.points)::bigint AS points
        FROM points_hold h JOIN points_holdlot hl ON hl.hold_id = h.id
        WHERE h.program_id = %(program)s AND h.status = 'open' AND h.expires_at > %(now)s GROUP BY 1
    ) held ON held.lot_id = l.id
    WHERE l.expires_at IS NOT NULL
)
SELECT acc.id, e.account_set_id, e.point_type_id, e.points::bigint, e.day FROM acc LEFT JOIN (
    SELECT id, account_set_id, point_type_id, sum(points) AS points, min(day) AS day FROM ends
    WHERE at > %(now)s GROUP BY 1, 2, 3, date_trunc('month', day::timestamp)
    HAVING min(at) <= %(until)s AND sum(points) > 0
) e ON e.id = acc.id ORDER BY acc.id, e.day
"""


@dataclass(frozen=True, slots=True)
class EndingPoints:
    """What of one account ends in the month of `day`, the first of its days."""

    account_id: int
    set_id: int
    point_type: PointType
    points: int
    day: date

    @property
    def key(self) -> str:
        """One notice for type and month."""
        return f"{self.point_type.pk}:{self.day:%Y-%m}"


def ending_points(design: Design, *, now: datetime, until: datetime) -> Iterator[list[EndingPoints]]:
    """What ends after `now` and at `until` at the latest, in batches by account: by date, then for want of activity."""
    yield from _dated(design, now=now, until=until)
    for point_type in design.point_types.values():
        since = active_since(point_type, at=until, zone=design.zone)
        if since is not None:
            yield from _inactive(design, point_type, since=since, now=now, until=until)


def _dated(design: Design, *, now: datetime, until: datetime) -> Iterator[list[EndingPoints]]:
    given = {"program": design.program.pk, "now": now, "until": until, "zone": design.zone.key, "limit": AT_ONCE}
    after = 0
    while rows := _read(DATED, given | {"after": after}):
        after = rows[-1][0]
        yield [
            EndingPoints(account, set_id, design.point_types[type_id], points, day)
            for account, set_id, type_id, points, day in rows
            if points
        ]


def _inactive(
    design: Design, point_type: PointType, *, since: datetime, now: datetime, until: datetime
) -> Iterator[list[EndingPoints]]:
    given = {"program": design.program.pk, "type": point_type.pk, "since": since, "until": until, "limit": AT_ONCE}
    after = 0
    while rows := _read(sql.RESTED_ACCOUNTS, given | {"after": after}):
        after = rows[-1][0]
        ends = rested([row[0] for row in rows], point_type, at=until, zone=design.zone)
        soon = {account: end for account, end in ends.items() if end > now}
        found = PointAccount.objects.filter(pk__in=soon, balance__gt=0).order_by("pk")
        yield [
            EndingPoints(pk, set_id, point_type, balance, (soon[pk] - INSTANT).astimezone(design.zone).date())
            for pk, set_id, balance in found.values_list("pk", "account_set_id", "balance")
        ]


def _read(statement: str, given: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())
