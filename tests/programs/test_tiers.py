"""Rungs and the periods in which points count: exact ends, and what must hold on any day in any zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from programs.expiry import add_months
from programs.models import TierGroup, TierPeriod
from programs.tiers import Period, counts_until, period_of, tier_for

VIENNA = ZoneInfo("Europe/Vienna")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Vienna",
        "America/Sao_Paulo",
        "America/Havana",
        "Pacific/Apia",
        "Asia/Kathmandu",
    )
]
JOINED = datetime(2024, 2, 29, 10, tzinfo=UTC)


def group(period: TierPeriod, months: int | None = None) -> TierGroup:
    return TierGroup(code="g", period=period, period_months=months)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("points", "tier"),
    [
        (-1, None),
        (0, "blue"),
        (999, "blue"),
        (1000, "silver"),
        (4999, "silver"),
        (5000, "gold"),
        (10**15, "gold"),
    ],
)
def test_a_threshold_is_reached_exactly(ladder: TierGroup, points: int, tier: str | None) -> None:
    found = tier_for(ladder, points)
    assert (found and found.code) == tier


def test_a_group_without_tiers_has_none(program: object, ladder: TierGroup) -> None:
    for tier in ladder.tiers.all():
        tier.delete()
    assert tier_for(ladder, 10_000) is None


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # Vienna's new year comes an hour before UTC's.
        (utc(2025, 12, 31, 22, 59, 59), Period(utc(2024, 12, 31, 23), utc(2025, 12, 31, 23))),
        (utc(2025, 12, 31, 23), Period(utc(2025, 12, 31, 23), utc(2026, 12, 31, 23))),
    ],
)
def test_a_calendar_year_is_the_programs(at: datetime, expected: Period) -> None:
    assert period_of(group(TierPeriod.CALENDAR_YEAR), at=at, enrolled_at=JOINED, zone=VIENNA) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # Who joined on a leap day has the anniversary on the 28th in other years.
        (utc(2024, 6, 1), Period(utc(2024, 2, 28, 23), utc(2025, 2, 27, 23))),
        (utc(2025, 2, 27, 22, 59), Period(utc(2024, 2, 28, 23), utc(2025, 2, 27, 23))),
        (utc(2025, 2, 27, 23), Period(utc(2025, 2, 27, 23), utc(2026, 2, 27, 23))),
        (utc(2028, 2, 28, 23), Period(utc(2028, 2, 28, 23), utc(2029, 2, 27, 23))),
        # An event from before the enrolment (late, or of a former membership) has its year too.
        (utc(2023, 12, 1), Period(utc(2023, 2, 27, 23), utc(2024, 2, 28, 23))),
    ],
)
def test_an_anniversary_starts_on_the_day_of_enrolment(at: datetime, expected: Period) -> None:
    assert period_of(group(TierPeriod.ANNIVERSARY), at=at, enrolled_at=JOINED, zone=VIENNA) == expected


@pytest.mark.parametrize(
    ("at", "months", "expected"),
    [
        (utc(2026, 3, 15, 12), 12, Period(utc(2025, 3, 15, 23), utc(2026, 3, 15, 23))),
        (utc(2026, 3, 31, 12), 1, Period(utc(2026, 2, 28, 23), utc(2026, 3, 31, 22))),
        (utc(2026, 7, 1, 12), 6, Period(utc(2026, 1, 1, 23), utc(2026, 7, 1, 22))),
    ],
)
def test_a_rolling_period_ends_with_the_day(at: datetime, months: int, expected: Period) -> None:
    rolling = group(TierPeriod.ROLLING_MONTHS, months)
    assert period_of(rolling, at=at, enrolled_at=JOINED, zone=VIENNA) == expected


def test_a_lifetime_is_open_on_both_sides() -> None:
    whole = group(TierPeriod.LIFETIME)
    assert period_of(whole, at=JOINED, enrolled_at=JOINED, zone=VIENNA) == Period(None, None)
    assert counts_until(whole, earned_at=JOINED, enrolled_at=JOINED, zone=VIENNA) is None


@pytest.mark.parametrize(
    ("earned", "months", "until"),
    [
        (utc(2026, 1, 31, 12), 1, utc(2026, 3, 1)),
        (utc(2026, 2, 28, 12), 1, utc(2026, 3, 28)),
        (utc(2026, 1, 15, 12), 12, utc(2027, 1, 15)),
        (utc(2024, 2, 29, 12), 12, utc(2025, 3, 1)),
    ],
)
def test_points_leave_a_rolling_period(earned: datetime, months: int, until: datetime) -> None:
    rolling = group(TierPeriod.ROLLING_MONTHS, months)
    assert counts_until(rolling, earned_at=earned, enrolled_at=JOINED, zone=ZoneInfo("UTC")) == until


times = st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(ZONES)
ending = st.sampled_from([(TierPeriod.CALENDAR_YEAR, None), (TierPeriod.ANNIVERSARY, None)])


@given(at=times, enrolled=times, zone=zones, kind=ending)
def test_periods_hold_their_time_and_touch_without_gap(
    at: datetime, enrolled: datetime, zone: ZoneInfo, kind: tuple[TierPeriod, None]
) -> None:
    tiers = group(*kind)
    start, end = period_of(tiers, at=at, enrolled_at=enrolled, zone=zone)
    assert start is not None
    assert end is not None
    assert start <= at < end
    assert start.tzinfo is UTC
    following = period_of(tiers, at=end, enrolled_at=enrolled, zone=zone)
    assert following.start == end
    preceding = period_of(tiers, at=start - timedelta(microseconds=1), enrolled_at=enrolled, zone=zone)
    assert preceding.end == start
    assert period_of(tiers, at=start, enrolled_at=enrolled, zone=zone) == (start, end)
    assert counts_until(tiers, earned_at=at, enrolled_at=enrolled, zone=zone) == end
    # Apia skipped a day in 2011.
    assert timedelta(days=364) <= end - start < timedelta(days=367)


@given(
    earned=times,
    later=st.timedeltas(timedelta(0), timedelta(days=800)),
    zone=zones,
    months=st.integers(1, 24),
)
def test_rolling_points_count_exactly_until_they_leave(
    earned: datetime, later: timedelta, zone: ZoneInfo, months: int
) -> None:
    rolling = group(TierPeriod.ROLLING_MONTHS, months)
    at = earned + later
    start, end = period_of(rolling, at=at, enrolled_at=earned, zone=zone)
    until = counts_until(rolling, earned_at=earned, enrolled_at=earned, zone=zone)
    assert start is not None
    assert end is not None
    assert until is not None
    assert start <= at < end
    assert (start <= earned < end) == (at < until)


@given(day=st.dates(date(1990, 1, 1), date(2080, 1, 1)), months=st.integers(-240, 240))
def test_adding_months_keeps_the_day_or_clamps(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or (moved.day < day.day and (moved + timedelta(days=1)).day == 1)
    assume(day.day <= 28)
    assert add_months(moved, -months) == day
