"""Which points are spent first, when they expire, and what the nightly runs do about it (cases 39, 40, 54-56)."""

from datetime import date, timedelta

import pytest

from common import clock
from memberships.models import Membership
from points import expiry
from points.models import Hold, Lot, LotDateChange, Posting
from programs.models import ExpiryPolicy, Program
from tests.factories import lots_of

from .telling import Caller, days_from_now, earned, everything, later, redeemed, rule, run, today

AFTER_DAYS, ON_DATE, NEVER = ExpiryPolicy.AFTER_DAYS, ExpiryPolicy.ON_DATE, ExpiryPolicy.NEVER


def test_39_the_lot_that_expires_first_is_spent_first(sky: Program, till: Caller, michael: Membership) -> None:
    year = today(sky).year + 1
    rule(sky, expiry_policy=ON_DATE, expiry_date=date(year, 3, 1))
    earned(till, michael, 100)
    rule(sky, expiry_policy=ON_DATE, expiry_date=date(year, 2, 1))
    earned(till, michael, 100)
    rule(sky, expiry_policy=NEVER, expiry_date=None)
    earned(till, michael, 100)

    redeemed(till, michael, 150)

    # February, March, never: in the order of spending.
    assert lots_of(michael) == [(100, 0), (100, 50), (100, 100)]
    assert till.points_of(michael) == {"miles": 150, "status": 0}
    next_expiry = till.balances_of(michael)["miles"]["next_expiry"]
    assert next_expiry == {"points": 50, "at": f"{year}-03-02T00:00:00Z"}


def test_40_only_what_was_not_spent_expires(sky: Program, till: Caller, michael: Membership) -> None:
    rule(sky, expiry_policy=AFTER_DAYS, expiry_length=10)
    earned(till, michael, 100)
    redeemed(till, michael, 60)
    later(sky, days=15)
    assert till.balances_of(michael)["miles"]["available"] == 0
    till.is_refused(f"memberships/{michael.pk}/redeem-points", 422, "insufficient_points", points=1)

    assert run("expire_points") == "40 points expired in 1 postings."

    assert till.lines_of(michael) == [("earn", 100, 100), ("redeem", -60, 40), ("expire", -40, 0)]
    assert till.balances_of(michael)["miles"]["debt"] == 0


def test_a_purchase_reported_late_still_finds_the_points_of_its_day(
    sky: Program, till: Caller, michael: Membership
) -> None:
    rule(sky, expiry_policy=AFTER_DAYS, expiry_length=10)
    earned(till, michael, 100)
    later(sky, days=12)
    path = f"memberships/{michael.pk}/redeem-points"
    two_days_ago = (clock.now() + timedelta(days=10)).isoformat()
    till.is_refused(path, 422, "insufficient_points", points=10)
    # The run waits for the late grace too.
    assert run("expire_points") == "0 points expired in 0 postings."
    till.does(path, points=10, occurred_at=two_days_ago)
    long_ago = (clock.now() + timedelta(days=8)).isoformat()
    till.is_refused(path, 422, "event_time_out_of_range", points=10, occurred_at=long_ago)
    later(sky, days=3)
    assert run("expire_points") == "90 points expired in 1 postings."
    assert till.lines_of(michael) == [("earn", 100, 100), ("redeem", -10, 90), ("expire", -90, 0)]


def test_54_a_run_that_crashes_half_way_is_resumed_and_no_lot_expires_twice(
    sky: Program, till: Caller, michael: Membership, katrin: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(sky, expiry_policy=AFTER_DAYS, expiry_length=10)
    for member in (michael, katrin):
        earned(till, member, 100)
        earned(till, member, 50)
    later(sky, days=15)
    post_dated, runs = expiry.expire_dated, []

    def crashing(*accounts, **values):
        runs.append(accounts)
        if len(runs) == 2:
            raise ConnectionError("the machine went away")
        return post_dated(*accounts, **values)

    with monkeypatch.context() as broken:
        broken.setattr(expiry, "ACCOUNTS_AT_ONCE", 1)
        broken.setattr(expiry, "expire_dated", crashing)
        with pytest.raises(ConnectionError):
            run("expire_points")
    assert [till.points_of(one)["miles"] for one in (michael, katrin)] == [0, 150]

    assert run("expire_points") == "150 points expired in 1 postings."
    after = everything()
    assert run("expire_points") == "0 points expired in 0 postings."

    assert everything() == after
    assert till.lines_of(michael) == [("earn", 100, 100), ("earn", 50, 150), ("expire", -150, 0)]
    assert till.lines_of(katrin) == [("earn", 100, 100), ("earn", 50, 150), ("expire", -150, 0)]


def test_55_a_changed_rule_leaves_existing_lots_until_the_named_run_re_dates_them(
    sky: Program, till: Caller, michael: Membership
) -> None:
    rule(sky, expiry_policy=AFTER_DAYS, expiry_length=10)
    earned(till, michael, 100)
    old = Lot.objects.get().expires_at
    rule(sky, expiry_length=30)
    assert Lot.objects.get().expires_at == old

    before = everything()
    shown = run("redate_lots", "sky", "miles", "--name", "thirty days")
    assert shown.splitlines()[0] == "1 lots with 100 points would change."
    assert everything() == before
    changed = run("redate_lots", "sky", "miles", "--name", "thirty days", "--apply")
    assert changed.splitlines()[0] == "1 lots with 100 points changed."

    lot, change = Lot.objects.get(), LotDateChange.objects.get()
    assert lot.expires_at.date() == days_from_now(sky, 31)
    assert (change.lot_id, change.old_expires_at, change.new_expires_at) == (lot.pk, old, lot.expires_at)
    assert (change.verb, change.reason_code) == ("redate", "thirty days")
    assert till.points_of(michael) == {"miles": 100, "status": 0}


def test_56_a_hold_the_web_shop_forgot_is_free_again_by_itself(sky: Program, till: Caller, michael: Membership) -> None:
    earned(till, michael, 50)
    till.does(f"memberships/{michael.pk}/holds", points=50, expires_in=600)
    till.is_refused(f"memberships/{michael.pk}/redeem-points", 422, "insufficient_points", points=1)

    later(sky, minutes=10)

    shown = till.balances_of(michael)["miles"]
    assert (shown["balance"], shown["available"], shown["held"]) == (50, 50, 0)
    redeemed(till, michael, 50)
    assert run("release_holds") == "1 holds lapsed."
    assert run("release_holds") == "0 holds lapsed."
    assert Hold.objects.get().status == "lapsed"
    assert list(Posting.objects.order_by("pk").values_list("kind", flat=True)) == ["earn", "redeem"]
