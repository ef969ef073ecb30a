"""The date a lot gets: through the end of a local day, months clamped, rounded, half-open."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs.expiry import add_months, available_at, end_of_day, expires_at, inactivity_ends_at, rounded
from programs.models import ExpiryPolicy, ExpiryRounding, PointType

VIENNA = ZoneInfo("Europe/Vienna")
EARNED = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "zone", "midnight"),
    [
        (date(2026, 3, 28), "Europe/Vienna", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        # The day of the change to summer time has 23 hours, that of the change back 25.
        (date(2026, 3, 29), "Europe/Vienna", datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (date(2026, 10, 25), "Europe/Vienna", datetime(2026, 10, 25, 23, tzinfo=UTC)),
        # Midnight itself was skipped: the day ended at the jump.
        (date(2018, 11, 3), "America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
        # Midnight came twice: the day ended at the first.
        (date(2025, 11, 1), "America/Havana", datetime(2025, 11, 2, 4, tzinfo=UTC)),
        (date(2026, 6, 30), "Asia/Kathmandu", datetime(2026, 6, 30, 18, 15, tzinfo=UTC)),
        (date(2026, 12, 31), "Pacific/Kiritimati", datetime(2026, 12, 31, 10, tzinfo=UTC)),
        (date(2026, 12, 31), "UTC", datetime(2027, 1, 1, tzinfo=UTC)),
        # For ever, and still a time wherever it is read.
        (date.max, "America/Los_Angeles", datetime(9999, 12, 30, 8, tzinfo=UTC)),
        (date.max, "Pacific/Kiritimati", datetime(9999, 12, 29, 10, tzinfo=UTC)),
    ],
)
def test_a_day_ends_at_the_local_midnight(day: date, zone: str, midnight: datetime) -> None:
    assert end_of_day(day, ZoneInfo(zone)) == midnight


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -13, date(2024, 12, 15)),
        (date(2026, 5, 31), 0, date(2026, 5, 31)),
    ],
)
def test_months_clamp(day: date, months: int, result: date) -> None:
    assert add_months(day, months) == result


@pytest.mark.parametrize(
    ("rounding", "day", "result"),
    [
        ("none", date(2026, 2, 3), date(2026, 2, 3)),
        ("month", date(2026, 2, 3), date(2026, 2, 28)),
        ("month", date(2024, 2, 29), date(2024, 2, 29)),
        ("quarter", date(2026, 1, 1), date(2026, 3, 31)),
        ("quarter", date(2026, 6, 30), date(2026, 6, 30)),
        ("quarter", date(2026, 7, 1), date(2026, 9, 30)),
        ("quarter", date(2026, 12, 31), date(2026, 12, 31)),
        ("year", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_rounding_goes_to_the_last_day(rounding: str, day: date, result: date) -> None:
    assert rounded(day, rounding) == result


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"expiry_policy": ExpiryPolicy.NEVER}, None),
        (
            {"expiry_policy": ExpiryPolicy.ON_DATE, "expiry_date": date(2026, 6, 30)},
            datetime(2026, 6, 30, 22, tzinfo=UTC),
        ),
        (
            {"expiry_policy": ExpiryPolicy.AFTER_DAYS, "expiry_length": 1},
            datetime(2026, 2, 1, 23, tzinfo=UTC),
        ),
        (
            {"expiry_policy": ExpiryPolicy.AFTER_MONTHS, "expiry_length": 1},
            datetime(2026, 2, 28, 23, tzinfo=UTC),
        ),
        (
            {"expiry_policy": ExpiryPolicy.AFTER_MONTHS, "expiry_length": 12, "expiry_rounding": "quarter"},
            datetime(2027, 3, 31, 22, tzinfo=UTC),
        ),
        (
            {"expiry_policy": ExpiryPolicy.AFTER_DAYS, "expiry_length": 365, "expiry_rounding": "year"},
            datetime(2027, 12, 31, 23, tzinfo=UTC),
        ),
        ({"expiry_policy": ExpiryPolicy.INACTIVITY, "expiry_length": 3}, None),
    ],
)
def test_each_policy_has_its_date(values: dict[str, object], expected: datetime | None) -> None:
    assert expires_at(PointType(**values), earned_at=EARNED, zone=VIENNA) == expected


def test_the_day_of_earning_is_the_local_one() -> None:
    """23:30 UTC on 31 January is 1 February in Vienna."""
    monthly = PointType(expiry_policy=ExpiryPolicy.AFTER_MONTHS, expiry_length=1)
    late = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    assert expires_at(monthly, earned_at=late, zone=VIENNA) == datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert expires_at(monthly, earned_at=late, zone=ZoneInfo("UTC")) == datetime(2026, 3, 1, tzinfo=UTC)


def test_the_tier_period_is_given_by_the_caller() -> None:
    with_period = PointType(expiry_policy=ExpiryPolicy.TIER_PERIOD)
    end = datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert expires_at(with_period, earned_at=EARNED, zone=VIENNA, period_end=end) == end
    assert expires_at(with_period, earned_at=EARNED, zone=VIENNA) is None


def test_inactivity_counts_from_the_latest_activity() -> None:
    idle = PointType(expiry_policy=ExpiryPolicy.INACTIVITY, expiry_length=18, expiry_rounding="month")
    assert inactivity_ends_at(idle, last_activity=EARNED, zone=VIENNA) == datetime(2027, 7, 31, 22, tzinfo=UTC)


def test_pending_days_are_whole_days_from_the_event() -> None:
    assert available_at(PointType(pending_days=0), earned_at=EARNED) is None
    assert available_at(PointType(pending_days=14), earned_at=EARNED) == datetime(2026, 2, 14, 12, tzinfo=UTC)


@given(
    earned=st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(["UTC", "Europe/Vienna", "America/Sao_Paulo", "Pacific/Apia"]).map(ZoneInfo),
    length=st.integers(1, 60),
    rounding=st.sampled_from(ExpiryRounding.values),
    policy=st.sampled_from([ExpiryPolicy.AFTER_DAYS, ExpiryPolicy.AFTER_MONTHS]),
)
def test_points_live_their_time_and_end_with_a_day(
    earned: datetime, zone: ZoneInfo, length: int, rounding: str, policy: ExpiryPolicy
) -> None:
    kind = PointType(expiry_policy=policy, expiry_length=length, expiry_rounding=rounding)
    end = expires_at(kind, earned_at=earned, zone=zone)
    assert end is not None
    least = timedelta(days=length if policy == ExpiryPolicy.AFTER_DAYS else 28 * length)
    assert end > earned + least - timedelta(hours=2)
    before = (end - timedelta(microseconds=1)).astimezone(zone)
    assert end.astimezone(zone).date() > before.date()
    assert rounded(before.date(), rounding) == before.date()
