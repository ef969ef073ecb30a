"""Dated rates, rounding down."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from programs.conversion import converted, rate_at
from programs.errors import ConversionTooSmall, NoConversionRate
from programs.models import ConversionRate, PointType, Program

pytestmark = pytest.mark.django_db
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def pair(program: Program, add_type: Callable[..., PointType]) -> tuple[PointType, PointType]:
    miles, stars = add_type("miles"), add_type("stars")
    for days, numerator in ((0, 1), (30, 2)):
        ConversionRate.objects.create(
            program=program, from_type=miles, to_type=stars, numerator=numerator, denominator=3,
            valid_from=MARCH + timedelta(days=days),
        )  # fmt: skip
    return miles, stars


@pytest.mark.parametrize(
    ("at", "numerator"),
    [
        (MARCH, 1),
        (MARCH + timedelta(days=30, microseconds=-1), 1),
        (MARCH + timedelta(days=30), 2),
        (MARCH + timedelta(days=900), 2),
    ],
)
def test_the_rate_of_the_time_counts(pair: tuple[PointType, PointType], at: datetime, numerator: int) -> None:
    assert rate_at(*pair, at).numerator == numerator


def test_before_the_first_rate_and_backwards_there_is_none(pair: tuple[PointType, PointType]) -> None:
    miles, stars = pair
    with pytest.raises(NoConversionRate) as error:
        rate_at(miles, stars, MARCH - timedelta(microseconds=1))
    assert error.value.code == "no_conversion_rate"
    assert error.value.facts == {"from": "miles", "to": "stars", "at": "2026-02-28T23:59:59.999999+00:00"}
    with pytest.raises(NoConversionRate):
        rate_at(stars, miles, MARCH)


@pytest.mark.parametrize(("points", "result"), [(3, 2), (4, 2), (5, 3), (100, 66), (10**15, 666_666_666_666_666)])
def test_what_is_left_of_a_point_is_lost(points: int, result: int) -> None:
    assert converted(points, ConversionRate(numerator=2, denominator=3)) == result


def test_an_amount_that_becomes_nothing_is_refused() -> None:
    with pytest.raises(ConversionTooSmall) as error:
        converted(2, ConversionRate(numerator=1, denominator=3))
    assert error.value.facts == {"points": 2, "numerator": 1, "denominator": 3}
