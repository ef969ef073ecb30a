"""Which tier a number of points reaches, and the periods in which they count (domain 1.7).

Days are days of the program's zone; every period is half-open, its ends aware UTC times.
"""

from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from programs.expiry import add_months, end_of_day, start_of_day
from programs.models import Tier, TierGroup, TierPeriod


class Period(NamedTuple):
    """From `start` on, before `end`; None is open on that side."""

    start: datetime | None
    end: datetime | None


def tier_for(group: TierGroup, points: int) -> Tier | None:
    """The highest rung whose threshold the points reach; None below the lowest."""
    reached = [tier for tier in group.tiers.all() if tier.threshold <= points]
    return max(reached, key=lambda tier: tier.rank, default=None)


def period_of(group: TierGroup, *, at: datetime, enrolled_at: datetime, zone: ZoneInfo) -> Period:
    """The period whose points decide about the tier at `at`; a rolling one ends with that day."""
    day = at.astimezone(zone).date()
    match TierPeriod(group.period):
        case TierPeriod.CALENDAR_YEAR:
            return Period(start_of_day(date(day.year, 1, 1), zone), start_of_day(date(day.year + 1, 1, 1), zone))
        case TierPeriod.ANNIVERSARY:
            first = enrolled_at.astimezone(zone).date()
            year = _years_between(first, day)
            return Period(
                start_of_day(_anniversary(first, year), zone), start_of_day(_anniversary(first, year + 1), zone)
            )
        case TierPeriod.ROLLING_MONTHS:
            return Period(end_of_day(add_months(day, -_months(group)), zone), end_of_day(day, zone))
    return Period(None, None)


def counts_until(group: TierGroup, *, earned_at: datetime, enrolled_at: datetime, zone: ZoneInfo) -> datetime | None:
    """When points earned then stop counting: the end of their period, or the day they leave a rolling one."""
    if group.period == TierPeriod.ROLLING_MONTHS:
        day = earned_at.astimezone(zone).date()
        last = add_months(day, _months(group))
        # A shorter month clamps: the day itself may still look back on the day of earning.
        return start_of_day(last, zone) if add_months(last, -_months(group)) >= day else end_of_day(last, zone)
    return period_of(group, at=earned_at, enrolled_at=enrolled_at, zone=zone).end


def _months(group: TierGroup) -> int:
    return group.period_months or 12


def _anniversary(first: date, year: int) -> date:
    return add_months(first, 12 * year)


def _years_between(first: date, day: date) -> int:
    """How many whole years after `first` the day lies; negative before it."""
    years = day.year - first.year
    return years if _anniversary(first, years) <= day else years - 1
