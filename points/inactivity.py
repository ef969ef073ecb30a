"""Points that expire after months without activity on the set (domain 1.6).

The clock is the set's: the latest activity on any of its accounts, or the time it carried over from merged or split
sets. Where nothing ever counted as activity it starts with the account's first entry.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from points.errors import AccountRested
from programs.design import Design
from programs.expiry import inactivity_ends_at, start_of_day
from programs.models import ExpiryPolicy, PointType

LAST_ACTIVITY = """
SELECT a.id, COALESCE(
    GREATEST(s.activity_at, (SELECT max(x.last_activity_at) FROM points_pointaccount x
                             WHERE x.account_set_id = a.account_set_id)),
    (SELECT p.occurred_at FROM points_entry e JOIN points_posting p ON p.id = e.posting_id
     WHERE e.account_id = a.id AND e.number = 1)) AS last
FROM points_pointaccount a JOIN points_pointaccountset s ON s.id = a.account_set_id
WHERE a.id = ANY(%s)
"""
# Rounding to the end of a year moves the end by less than this.
LONGEST_ROUNDING = 366


def active_since(point_type: PointType, *, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The earliest last activity with which points of the type are still usable at `at`; None: any will do."""
    if point_type.expiry_policy != ExpiryPolicy.INACTIVITY:
        return None
    latest = at.astimezone(zone).date()
    earliest = latest - timedelta(days=31 * ((point_type.expiry_length or 0) + 1) + LONGEST_ROUNDING)
    while earliest < latest:
        middle = earliest + (latest - earliest) // 2
        if inactivity_ends_at(point_type, last_activity=start_of_day(middle, zone), zone=zone) > at:
            latest = middle
        else:
            earliest = middle + timedelta(days=1)
    return start_of_day(latest, zone)


def last_activities(account_ids: Sequence[int]) -> dict[int, datetime | None]:
    """Per account the activity that its points of an inactivity type live from; None before any entry."""
    with connection.cursor() as cursor:
        cursor.execute(LAST_ACTIVITY, [list(account_ids)])
        return dict(cursor.fetchall())


def ends_of(account_ids: Sequence[int], point_type: PointType, *, zone: ZoneInfo) -> dict[int, datetime]:
    """Per account when its points of an inactivity type end, or ended; nothing for other types."""
    if point_type.expiry_policy != ExpiryPolicy.INACTIVITY or not account_ids:
        return {}
    return {
        account: inactivity_ends_at(point_type, last_activity=last, zone=zone)
        for account, last in last_activities(account_ids).items()
        if last is not None
    }


def rested(account_ids: Sequence[int], point_type: PointType, *, at: datetime, zone: ZoneInfo) -> dict[int, datetime]:
    """Those accounts whose time without activity was over by `at`, each with when it was over."""
    return {account: end for account, end in ends_of(account_ids, point_type, zone=zone).items() if end <= at}


def refuse_rested(account_id: int, point_type: PointType, *, design: Design, at: datetime, whose: str) -> None:
    """Raise AccountRested where points are past their time, or would be as soon as they came in.

    A transfer is no activity, so it brings no rested account back to life.
    """
    ended = rested([account_id], point_type, at=at, zone=design.zone).get(account_id)
    if ended is not None:
        raise AccountRested(
            f"{whose} {point_type.code} points ended on {ended.astimezone(design.zone).date().isoformat()} after "
            f"{point_type.expiry_length} months without activity. An activity there comes first.",
            facts={"account": account_id, "ended_at": ended.isoformat(), "months": point_type.expiry_length},
        )
