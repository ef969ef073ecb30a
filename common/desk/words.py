"""Figures and days as the sentences of the desk write them."""

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from django.utils.formats import date_format, number_format

GROUP = 4


def figure(points: int) -> str:
    """1450 -> 1,450."""
    return number_format(points, 0, force_grouping=True)


def money(amount: Decimal) -> str:
    """120 -> 120.00; the currency stands beside it."""
    return number_format(amount, 2, force_grouping=True)


def day(at: date | datetime, zone: tzinfo | None = None) -> str:
    """The day, of a time its day in that zone."""
    local = at.astimezone(zone).date() if isinstance(at, datetime) else at
    return date_format(local, "j M Y")


def last_day(before: datetime, zone: tzinfo) -> str:
    """The last day of what ends just before that time, as members are told it."""
    return day(before - timedelta(microseconds=1), zone)


def moment(at: datetime, zone: tzinfo) -> str:
    """Day and time in that zone."""
    return date_format(at.astimezone(zone), "j M Y, H:i")


def grouped(number: str) -> str:
    """608123456789 -> 6081 2345 6789, as people read it aloud."""
    return " ".join(number[at : at + GROUP] for at in range(0, len(number), GROUP))
