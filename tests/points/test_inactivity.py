"""The bound that the online statement asks for: exactly the last activities with which points are still usable."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from points.inactivity import active_since
from programs.expiry import inactivity_ends_at
from programs.models import ExpiryPolicy, ExpiryRounding, PointType

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("rounding", ExpiryRounding.values)
@pytest.mark.parametrize("months", [1, 3, 18, 36])
@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 1, 0, 0, tzinfo=BERLIN),
        datetime(2026, 3, 29, 23, 59, tzinfo=BERLIN),
        datetime(2024, 2, 29, 12, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
    ],
)
def test_the_bound_parts_usable_from_ended_to_the_microsecond(months, rounding, at):
    point_type = PointType(expiry_policy=ExpiryPolicy.INACTIVITY, expiry_length=months, expiry_rounding=rounding)
    bound = active_since(point_type, at=at, zone=BERLIN)
    assert inactivity_ends_at(point_type, last_activity=bound, zone=BERLIN) > at
    just_before = bound - timedelta(microseconds=1)
    assert inactivity_ends_at(point_type, last_activity=just_before, zone=BERLIN) <= at


def test_other_policies_ask_for_no_activity():
    assert active_since(PointType(expiry_policy=ExpiryPolicy.NEVER), at=datetime.now(UTC), zone=BERLIN) is None
