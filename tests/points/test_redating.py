"""The two verbs that move a lot's date, each change a row (domain 1.6)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from common import clock
from points.models import Lot, LotDateChange
from points.redating import extend, redate_lots
from programs.models import ExpiryPolicy, PointType, Program

from .moving_world import NOW, SYSTEM, balances, counted, day, give, make_program, make_set, make_type
from .refusals import refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def sky(db: None) -> Program:
    return make_program(time_zone="Europe/Berlin")


@pytest.fixture
def miles(sky: Program) -> PointType:
    return make_type(sky, is_default=True, expiry_policy=ExpiryPolicy.AFTER_MONTHS, expiry_length=12)


def dates(*lots: Lot) -> list[object]:
    return [Lot.objects.get(pk=lot.pk).expires_at for lot in lots]


def test_an_extension_runs_through_its_last_day_and_leaves_a_row(sky, miles):
    lot = give(make_set(sky), miles, 100, until=day("2026-04-01"))
    change = extend(lot.pk, last_day=date(2026, 6, 30), reason_code="goodwill", actor=SYSTEM)
    until = day("2026-06-30").replace(hour=22)  # midnight in Berlin
    assert dates(lot) == [until]
    assert list(
        LotDateChange.objects.values_list("lot", "old_expires_at", "new_expires_at", "verb", "reason_code")
    ) == [(lot.pk, day("2026-04-01"), until, "extend", "goodwill")]
    assert (change.channel_id, change.user_id, change.recorded_at) == (2, None, NOW)
    assert balances() == {lot.account_id: (100, 1, 0)}


def test_a_lot_past_its_date_comes_back_by_an_extension(sky, miles):
    lot = give(make_set(sky), miles, 100, until=day("2026-03-01"))
    extend(lot.pk, last_day=date(2026, 3, 10), reason_code="goodwill", actor=SYSTEM)
    assert dates(lot) == [day("2026-03-10").replace(hour=23)]


def test_an_extension_needs_the_right_a_reason_and_a_later_date(sky, miles):
    lot = give(make_set(sky), miles, 100, until=day("2026-04-01"))

    def ask(last_day: date = date(2026, 6, 30), reason: str = "goodwill", **actor: object) -> object:
        return extend(lot.pk, last_day=last_day, reason_code=reason, actor=replace(SYSTEM, **actor))

    refused("not_allowed", lambda: ask(may=lambda action, program: action != "points:extend"))
    refused("not_found", lambda: ask(programs=frozenset()))
    refused("lot_not_extendable", lambda: ask(reason=" "))
    refused("lot_not_extendable", lambda: ask(last_day=date(2026, 3, 31)))
    refused("lot_not_extendable", lambda: ask(last_day=date(2026, 3, 9)))
    assert dates(lot) == [day("2026-04-01")]


def test_a_lot_without_a_date_is_not_extended(sky, miles):
    lot = give(make_set(sky), miles, 100)
    refused(
        "lot_not_extendable",
        lambda: extend(lot.pk, last_day=date(2026, 6, 30), reason_code="goodwill", actor=SYSTEM),
    )


def test_a_new_rule_leaves_existing_lots_until_a_named_run_which_shows_first_what_it_would_do(sky, miles):
    lot = give(make_set(sky), miles, 100, earned_at=day("2026-02-01"), until=day("2027-02-02"))
    miles.expiry_length = 24
    miles.save()
    assert dates(lot) == [day("2027-02-02")]

    before = counted(), balances()
    shown = redate_lots(miles, name="two years", actor=SYSTEM, preview=True)
    new = day("2028-02-01").replace(hour=23)
    assert (shown.lots, shown.points, shown.over_at_once) == (1, 100, 0)
    assert shown.by_dates == {(day("2027-02-02"), new): 100}
    assert (counted(), balances(), dates(lot)) == (*before, [day("2027-02-02")])

    done = redate_lots(miles, name="two years", actor=SYSTEM)
    assert done == shown
    assert dates(lot) == [new]
    row = LotDateChange.objects.values_list("lot", "old_expires_at", "new_expires_at", "verb", "reason_code").get()
    assert row == (lot.pk, day("2027-02-02"), new, "redate", "two years")

    assert redate_lots(miles, name="two years", actor=SYSTEM).lots == 0
    assert LotDateChange.objects.count() == 1


def test_a_run_touches_only_lots_of_its_type_with_points_left_and_says_what_ends_at_once(sky, miles):
    own = make_set(sky)
    old = give(own, miles, 100, earned_at=day("2025-01-10"), until=day("2027-01-01"))
    other = give(own, make_type(sky, "other"), 100, until=day("2027-01-01"))
    done = redate_lots(miles, name="back", actor=SYSTEM)
    assert (done.lots, done.over_at_once) == (1, 100)
    assert dates(old, other) == [day("2026-01-10").replace(hour=23), day("2027-01-01")]


def test_a_date_that_staff_extended_is_never_brought_forward(sky, miles):
    lot = give(make_set(sky), miles, 100, earned_at=day("2026-02-01"), until=day("2026-06-01"))
    extend(lot.pk, last_day=date(2029, 6, 30), reason_code="goodwill", actor=SYSTEM)
    extended = dates(lot)
    assert redate_lots(miles, name="a year", actor=SYSTEM).lots == 0
    assert dates(lot) == extended


def test_a_run_needs_a_name_and_the_right(sky, miles):
    refused("lots_not_redatable", lambda: redate_lots(miles, name=" ", actor=SYSTEM))
    refused("not_allowed", lambda: redate_lots(miles, name="x", actor=replace(SYSTEM, may=lambda *_: False)))
