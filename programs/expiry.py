"""When points expire: the date a lot gets when it is earned (domain 1.6).

A date means through the end of that day in the program's zone, so every function answers the local midnight
after it, as an aware UTC time that is itself already too late (half-open).
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from programs.models import ExpiryPolicy, ExpiryRounding, PointType

# Its midnight is a time in every zone.
LAST = date(9999, 12, 29)


def add_months(day: date, months: int) -> date:
    """The same day `months` later (or earlier), clamped to the end of a shorter month."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, calendar.monthrange(year, month0 + 1)[1]))


@lru_cache(maxsize=4096)
def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The midnight that begins `day` in `zone`."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The midnight that ends `day` in `zone`; of 31 December 9999, which people write for ever, a day before."""
    return start_of_day(min(day, LAST) + timedelta(days=1), zone)


def rounded(day: date, rounding: str) -> date:
    """The last day of the month, quarter or year `day` lies in, or the day itself."""
    if rounding == ExpiryRounding.NONE:
        return day
    month = {
        ExpiryRounding.MONTH: day.month,
        ExpiryRounding.QUARTER: (day.month + 2) // 3 * 3,
        ExpiryRounding.YEAR: 12,
    }[ExpiryRounding(rounding)]
    return date(day.year, month, calendar.monthrange(day.year, month)[1])


def expires_at(
    point_type: PointType, *, earned_at: datetime, zone: ZoneInfo, period_end: datetime | None = None
) -> datetime | None:
    """When points of the type earned then stop being usable; None: never, or by inactivity of the set.

    `period_end` is the end of the tier period the event lies in, given by the caller for that policy.
    """
    day = earned_at.astimezone(zone).date()
    length = point_type.expiry_length or 0
    match point_type.expiry_policy:
        case ExpiryPolicy.ON_DATE:
            return end_of_day(point_type.expiry_date, zone) if point_type.expiry_date else None
        case ExpiryPolicy.AFTER_DAYS:
            return end_of_day(rounded(day + timedelta(days=length), point_type.expiry_rounding), zone)
        case ExpiryPolicy.AFTER_MONTHS:
            return end_of_day(rounded(add_months(day, length), point_type.expiry_rounding), zone)
        case ExpiryPolicy.TIER_PERIOD:
            return period_end
    return None


def inactivity_ends_at(point_type: PointType, *, last_activity: datetime, zone: ZoneInfo) -> datetime:
    """When a set whose latest activity was then loses its points of an inactivity type."""
    day = add_months(last_activity.astimezone(zone).date(), point_type.expiry_length or 0)
    return end_of_day(rounded(day, point_type.expiry_rounding), zone)


def available_at(point_type: PointType, *, earned_at: datetime) -> datetime | None:
    """When pending points become usable; None: at once."""
    return earned_at + timedelta(days=point_type.pending_days) if point_type.pending_days else None
