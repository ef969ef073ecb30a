"""One type into another at a dated rate, rounded down (domain 1.6)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from common import clock
from points.conversions import convert
from points.models import Entry, Lot, PointAccountSet
from points.moves import Cause
from programs.models import ConversionRate, PointKind, PointType, Program

from .moving_world import (
    NOW,
    SYSTEM,
    balance,
    day,
    design,
    give,
    left,
    make_person,
    make_program,
    make_set,
    make_type,
    prove,
)
from .refusals import refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def sky(db: None) -> Program:
    return make_program()


@pytest.fixture
def miles(sky: Program) -> PointType:
    return make_type(sky, is_default=True)


@pytest.fixture
def stars(sky: Program) -> PointType:
    return make_type(sky, "stars", kind=PointKind.QUALIFYING)


def rate(from_type: PointType, to_type: PointType, numerator: int, denominator: int, since: str) -> None:
    ConversionRate.objects.create(
        program=from_type.program,
        from_type=from_type,
        to_type=to_type,
        numerator=numerator,
        denominator=denominator,
        valid_from=day(since),
    )


def change(
    own: PointAccountSet, from_type: PointType, to_type: PointType, points: int, at: datetime = NOW, **values: Any
) -> Any:
    with transaction.atomic():
        return convert(
            from_type,
            to_type=to_type,
            points=points,
            from_set_id=own.pk,
            to_set_id=own.pk,
            own_set_id=own.pk,
            person_id=values.get("person_id"),
            design=design(own.program),
            cause=Cause("membership", 1),
            occurred_at=at,
            actor=SYSTEM,
            expires_at=values.get("expires_at"),
        )


def test_points_are_taken_and_given_at_the_rate_rounded_down(sky, miles, stars):
    emma = make_person()
    own = make_set(sky)
    rate(miles, stars, 2, 3, "2026-01-01")
    soon = give(own, miles, 100, until=day("2026-04-01"))
    posted = change(own, miles, stars, 50, person_id=emma.pk, expires_at=day("2027-01-01"))
    assert posted.kind == "convert"
    entries = Entry.objects.filter(posting_id=posted.id).order_by("id")
    assert list(entries.values_list("account__point_type", "amount", "balance_after")) == [
        (miles.pk, -50, 50),
        (stars.pk, 33, 33),
    ]
    made = Lot.objects.get(account__point_type=stars)
    assert (made.amount, made.earned_at, made.expires_at, made.available_at) == (33, NOW, day("2027-01-01"), None)
    assert (made.earner_id, made.contributor_id, made.parent_id, made.origin_id) == (emma.pk, emma.pk, None, None)
    assert left(soon) == [50]
    account = own.accounts.get(point_type=miles)
    assert (account.lifetime_redeemed, account.last_activity_at) == (0, soon.earned_at)
    prove()


def test_the_rate_of_the_time_of_the_conversion_counts(sky, miles, stars):
    own = make_set(sky)
    give(own, miles, 100)
    rate(miles, stars, 1, 1, "2026-01-01")
    rate(miles, stars, 5, 1, "2026-03-10")
    rate(miles, stars, 9, 1, "2026-03-11")
    change(own, miles, stars, 10)
    change(own, miles, stars, 10, at=day("2026-03-09"))
    assert balance(own, stars) == 60


def test_without_a_rate_or_for_less_than_a_point_nothing_is_converted(sky, miles, stars):
    own = make_set(sky)
    give(own, miles, 100)
    refused("no_conversion_rate", lambda: change(own, miles, stars, 10))
    rate(miles, stars, 1, 11, "2026-01-01")
    refused("conversion_too_small", lambda: change(own, miles, stars, 10))
    refused("no_conversion_rate", lambda: change(own, stars, miles, 10))


def test_more_than_is_available_is_not_converted(sky, miles, stars):
    own = make_set(sky)
    rate(miles, stars, 1, 1, "2026-01-01")
    give(own, miles, 100)
    error = refused("insufficient_points", lambda: change(own, miles, stars, 101))
    assert error.facts == {"available": 100, "asked": 101, "point_type": "miles"}
