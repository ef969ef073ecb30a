"""Holds: named lots set aside, captured, released, free after their time (domain 1.6)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from common import clock
from gateway.models import Event
from points import holds
from points.accounts import account_for
from points.balances import balances_of
from points.expiry import expire_points
from points.models import Draw, Hold, HoldLot, LotDateChange, PointAccountSet, Posting
from points.moves import Cause
from points.transfers import transfer
from programs.models import PointKind, PointType, Program, ProgramStatus

from .moving_world import (
    NOW,
    SYSTEM,
    balance,
    day,
    design,
    give,
    left,
    make_program,
    make_set,
    make_type,
    party,
    prove,
)
from .refusals import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def sky(db: None) -> Program:
    return make_program()


@pytest.fixture
def miles(sky: Program) -> PointType:
    return make_type(sky, is_default=True)


@pytest.fixture
def own(miles: PointType, sky: Program) -> PointAccountSet:
    return make_set(sky)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def hold(own: PointAccountSet, point_type: PointType, points: int, **values: Any) -> Hold:
    with transaction.atomic():
        return holds.place_hold(
            account_for(own, point_type),
            points=points,
            for_set_id=own.pk,
            person_id=None,
            design=design(point_type.program),
            actor=SYSTEM,
            **values,
        )


def shown(own: PointAccountSet, point_type: PointType, at: Any = NOW) -> dict[str, Any]:
    with clock.frozen(at):
        (found,) = balances_of([own.pk], design=design(point_type.program))[own.pk]
    return {name: found[name] for name in ("balance", "available", "held")}


def lots_of(hold: Hold) -> list[tuple[int, int]]:
    return list(HoldLot.objects.filter(hold=hold).order_by("id").values_list("lot_id", "points"))


def test_a_hold_names_lots_in_spending_order_and_changes_no_balance(own, miles):
    never = give(own, miles, 100)
    soon = give(own, miles, 100, until=day("2026-04-01"))
    placed = hold(own, miles, 130, expires_in=600, reference="cart 7")
    assert lots_of(placed) == [(soon.pk, 100), (never.pk, 30)]
    assert (placed.status, placed.expires_at, placed.reference) == ("open", NOW + timedelta(minutes=10), "cart 7")
    assert shown(own, miles) == {"balance": 200, "available": 70, "held": 130}
    assert left(soon, never) == [100, 100]
    assert Event.objects.filter(kind="hold.placed", subject_id=placed.pk).count() == 1


def test_points_in_a_hold_cannot_be_held_or_sent_again(own, miles, sky):
    give(own, miles, 100)
    hold(own, miles, 60)
    error = refused("insufficient_points", lambda: hold(own, miles, 41))
    assert error.facts == {"available": 40, "asked": 41, "point_type": "miles"}
    other = make_set(sky)

    def send() -> None:
        with transaction.atomic():
            transfer(
                miles, points=41, sender=party(own), receiver=party(other), design=design(sky),
                cause=Cause("membership", 1), occurred_at=NOW, actor=SYSTEM,
            )  # fmt: skip

    assert refused("insufficient_points", send).facts["available"] == 40


def test_qualifying_points_and_endless_holds_are_refused(own, miles, sky):
    give(own, miles, 100)
    status = make_type(sky, "status", kind=PointKind.QUALIFYING)
    give(own, status, 100)
    refused("not_redeemable", lambda: hold(own, status, 10))
    refused("hold_out_of_bounds", lambda: hold(own, miles, 10, expires_in=0))
    refused("hold_out_of_bounds", lambda: hold(own, miles, 10, expires_in=holds.MOST_SECONDS + 1))
    assert hold(own, miles, 10, expires_in=holds.MOST_SECONDS).expires_at == NOW + timedelta(days=30)


def test_capturing_spends_exactly_the_held_lots(own, miles):
    never = give(own, miles, 100)
    placed = hold(own, miles, 60)
    soon = give(own, miles, 100, until=day("2026-04-01"))
    captured, posted = holds.capture(placed.pk, actor=SYSTEM)
    assert (captured.status, captured.captured, captured.posting_id, captured.ended_at) == (
        "captured", 60, posted.id, NOW,
    )  # fmt: skip
    assert left(soon, never) == [100, 40]
    posting = Posting.objects.get(pk=posted.id)
    assert (posting.kind, posting.cause_kind, posting.cause_id) == ("capture", "hold", placed.pk)
    account = own.accounts.get()
    assert (account.balance, account.lifetime_redeemed) == (140, 60)
    assert shown(own, miles) == {"balance": 140, "available": 140, "held": 0}
    prove()


def test_a_part_capture_takes_the_nearest_lots_and_frees_the_rest_at_once(own, miles):
    late = give(own, miles, 100, until=day("2026-06-01"))
    soon = give(own, miles, 100, until=day("2026-04-01"))
    placed = hold(own, miles, 150)
    captured, _ = holds.capture(placed.pk, actor=SYSTEM, points=120)
    assert (captured.points, captured.captured) == (150, 120)
    assert left(soon, late) == [0, 80]
    assert shown(own, miles) == {"balance": 80, "available": 80, "held": 0}
    prove()


@pytest.mark.parametrize("points", [0, -1, 61])
def test_no_more_is_captured_than_was_held(own, miles, points):
    give(own, miles, 100)
    placed = hold(own, miles, 60)
    refused("capture_too_large", lambda: holds.capture(placed.pk, actor=SYSTEM, points=points))
    assert Hold.objects.get(pk=placed.pk).status == "open"


def test_a_released_hold_gives_its_points_back_without_a_posting(own, miles):
    give(own, miles, 100)
    placed = hold(own, miles, 60)
    postings = Posting.objects.count()
    released, posted = holds.release(placed.pk, actor=SYSTEM)
    assert (released.status, released.ended_at, posted) == ("released", NOW, None)
    assert Posting.objects.count() == postings
    assert shown(own, miles) == {"balance": 100, "available": 100, "held": 0}


@pytest.mark.parametrize("end", [holds.capture, holds.release])
def test_a_hold_that_is_over_is_neither_captured_nor_released_again(own, miles, end):
    give(own, miles, 100)
    placed = hold(own, miles, 60)
    holds.capture(placed.pk, actor=SYSTEM)
    error = refused("hold_not_open", lambda: end(placed.pk, actor=SYSTEM))
    assert (error.status, error.facts["status"]) == (409, "captured")
    assert balance(own, miles) == 40


def test_a_hold_the_shop_forgot_is_free_at_its_limit_without_any_run(own, miles):
    give(own, miles, 50)
    placed = hold(own, miles, 50, expires_in=600)
    limit = NOW + timedelta(minutes=10)
    assert shown(own, miles, limit - timedelta(microseconds=1))["available"] == 0
    assert shown(own, miles, limit) == {"balance": 50, "available": 50, "held": 0}
    with clock.frozen(limit):
        again = hold(own, miles, 50)
        error = refused("hold_not_open", lambda: holds.capture(placed.pk, actor=SYSTEM))
        assert error.facts["status"] == "lapsed"
        refused("hold_not_open", lambda: holds.release(placed.pk, actor=SYSTEM))
        assert holds.release_holds() == 1
        assert holds.release_holds() == 0
        holds.capture(again.pk, actor=SYSTEM)
    assert Hold.objects.get(pk=placed.pk).status == "lapsed"
    assert balance(own, miles) == 0
    prove()


def test_a_hold_within_its_limit_is_not_tidied(own, miles):
    give(own, miles, 50)
    placed = hold(own, miles, 50, expires_in=600)
    with clock.frozen(NOW + timedelta(seconds=599)):
        assert holds.release_holds() == 0
    assert Hold.objects.get(pk=placed.pk).status == "open"


def test_held_points_do_not_expire_and_can_be_captured_after_their_date(own, miles, sky):
    lot = give(own, miles, 100, until=day("2026-03-11"))
    placed = hold(own, miles, 60, expires_in=20 * 24 * 3600)
    with clock.frozen(NOW + timedelta(days=10)):
        assert expire_points(sky, actor=SYSTEM) == 1
        assert left(lot) == [60]
        holds.capture(placed.pk, actor=SYSTEM)
        assert left(lot) == [0]
        assert expire_points(sky, actor=SYSTEM) == 0
    assert list(Draw.objects.order_by("id").values_list("posting__kind", "amount")) == [("expire", 40), ("capture", 60)]
    prove()


def test_what_is_set_free_past_its_date_expires_at_once(own, miles):
    dated = give(own, miles, 100, until=day("2026-03-11"))
    never = give(own, miles, 100)
    placed = hold(own, miles, 150, expires_in=7 * 24 * 3600)
    with clock.frozen(day("2026-03-11")):
        _, posted = holds.release(placed.pk, actor=SYSTEM)
    assert left(dated, never) == [0, 100]
    posting = Posting.objects.get(pk=posted.id)
    assert (posting.kind, posting.occurred_at, posting.reason_code) == ("expire", day("2026-03-11"), "date")
    prove()


def test_a_part_capture_lets_the_rest_past_its_date_expire_and_keeps_what_was_not_held(own, miles):
    dated = give(own, miles, 100, until=day("2026-03-11"))
    placed = hold(own, miles, 50, expires_in=7 * 24 * 3600)
    with clock.frozen(day("2026-03-11")):
        holds.capture(placed.pk, actor=SYSTEM, points=20)
    # 20 captured, 30 freed and expired; the 50 never held wait for the late grace.
    assert left(dated) == [50]
    assert list(Draw.objects.order_by("id").values_list("posting__kind", "amount")) == [("expire", 30), ("capture", 20)]
    prove()


def test_in_a_locked_program_holds_are_captured_and_released_but_nothing_expires(own, miles, sky):
    give(own, miles, 100, until=day("2026-03-11"))
    first, second = (hold(own, miles, 30, expires_in=7 * 24 * 3600) for _ in range(2))
    sky.status = ProgramStatus.LOCKED
    sky.save()
    with clock.frozen(day("2026-03-12")):
        holds.capture(first.pk, actor=SYSTEM)
        assert holds.release(second.pk, actor=SYSTEM)[1] is None
    assert balance(own, miles) == 70
    assert LotDateChange.objects.count() == 0
