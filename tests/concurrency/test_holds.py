"""Races for one hold and for the points in it, each with a control that takes the lock away and must see the damage."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from activities.calls import PointsCall
from activities.earning import earn
from activities.holding import HoldCall, capture_hold, hold_points, release_hold
from activities.redeeming import redeem
from common import clock
from gateway.models import Event
from loyalty_site.auditing import audit
from memberships.models import Membership
from points import holds
from points.drafts import Account
from points.errors import HoldNotOpen, InsufficientPoints
from points.ledger import ACCOUNTS
from points.models import Hold, HoldStatus, Posting
from programs.design import Design, design_of
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS, ROUNDS = 8, 20


@pytest.fixture
def emma(transactional_db: None) -> Membership:
    return make_membership(make_program("miles"), "Emma Rodriguez")


def held(membership: Membership, points: int, seconds: int = 900) -> int:
    call = HoldCall(membership.pk, points, expires_in=seconds)
    pk: int = hold_points(call, actor=ACTOR)["id"]
    return pk


# Captured or released, once.


def race_to_end(membership: Membership) -> list[Any]:
    earn(PointsCall(membership.pk, 100), actor=ACTOR)
    pk = held(membership, 60)
    verbs = [lambda: capture_hold(pk, actor=ACTOR), lambda: release_hold(pk, actor=ACTOR)]
    return together(*verbs * (THREADS // 2))


def test_a_hold_is_captured_or_released_and_never_both(emma: Membership) -> None:
    captured = 0
    for done in range(1, ROUNDS + 1):
        results = race_to_end(emma)
        assert [type(one) for one in errors_in(results)] == [HoldNotOpen] * (THREADS - 1)
        captured += sum(isinstance(one, dict) and one["status"] == "captured" for one in results)
        assert account_of(emma).balance == 100 * done - 60 * captured
    assert Posting.objects.filter(kind="capture").count() == captured
    assert_audit_clean()


def unlocked(pause: float) -> Callable[[int], tuple[Hold, Design, datetime]]:
    """The hold as it is read without waiting for anybody, and the time of that reading."""

    def read(hold_id: int) -> tuple[Hold, Design, datetime]:
        hold = Hold.objects.get(pk=hold_id)
        design = design_of(hold.program_id)
        now = clock.program_now(design.program)
        time.sleep(pause)
        return hold, design, now

    return read


@pytest.mark.control
def test_control_without_the_lock_a_hold_ends_twice(emma: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "_locked", unlocked(0.1))
    results = race_to_end(emma)
    assert {type(one) for one in errors_in(results)} != {HoldNotOpen} or len(errors_in(results)) < THREADS - 1
    assert Event.objects.filter(kind__in=["hold.captured", "hold.released"]).count() > 1 or list(audit())


# Captured or lapsed, around the limit.


def capture_at(pk: int, at: datetime) -> None:
    time.sleep(max(0.0, (at - clock.now()).total_seconds()))
    try:
        capture_hold(pk, actor=ACTOR)
    except HoldNotOpen:
        return


def race_at_the_limit(membership: Membership, earlier: float) -> list[Any]:
    """Some are captured `earlier` seconds before the limit, some just after it, while the run tidies all the time."""
    earn(PointsCall(membership.pk, 100), actor=ACTOR)
    pks = [held(membership, 10, seconds=1) for _ in range(6)]
    limits = dict(Hold.objects.filter(pk__in=pks).values_list("pk", "expires_at"))

    def tidy() -> None:
        while Hold.objects.filter(status=HoldStatus.OPEN).exists():
            holds.release_holds()

    times = [limits[pk] + (n - 4) * (timedelta(seconds=earlier) / 4) for n, pk in enumerate(pks)]
    return together(tidy, tidy, *[lambda pk=pk, at=at: capture_at(pk, at) for pk, at in zip(pks, times, strict=True)])


def ended_twice() -> list[int]:
    ends = ["hold.captured", "hold.lapsed"]
    told = list(Event.objects.filter(kind__in=ends).values_list("subject_id", flat=True))
    return [pk for pk in set(told) if told.count(pk) > 1]


def test_a_hold_is_captured_or_lapses_and_never_both(emma: Membership) -> None:
    for done in range(1, 4):
        assert errors_in(race_at_the_limit(emma, 0.02)) == []
        captured = Hold.objects.filter(status=HoldStatus.CAPTURED).count()
        lapsed = Hold.objects.filter(status=HoldStatus.LAPSED).count()
        assert captured + lapsed == 6 * done
        assert account_of(emma).balance == 100 * done - 10 * captured
    assert ended_twice() == []
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_a_hold_is_captured_and_lapses(
    emma: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "_locked", unlocked(0.1))
    race_at_the_limit(emma, 0.1)
    assert ended_twice()


# Held points are not spent.


def race_to_hold_and_spend(membership: Membership, holders: int = THREADS // 2) -> list[Any]:
    earn(PointsCall(membership.pk, 100), actor=ACTOR)
    spend = [lambda: redeem(PointsCall(membership.pk, 30), actor=ACTOR)] * (THREADS - holders)
    return together(*[lambda: held(membership, 30)] * holders, *spend)


def test_points_are_held_or_spent_and_never_both(emma: Membership) -> None:
    for _ in range(ROUNDS):
        results = race_to_hold_and_spend(emma)
        assert {type(one) for one in errors_in(results)} == {InsufficientPoints}
        assert len(errors_in(results)) == THREADS - 3
        for pk in [one for one in results if isinstance(one, int)]:
            release_hold(pk, actor=ACTOR)
        left = account_of(emma).balance
        redeem(PointsCall(emma.pk, left), actor=ACTOR)
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_points_are_held_several_times(
    emma: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_lock(account_ids: set[int], *, program_id: int) -> dict[int, Account]:
        with connection.cursor() as cursor:
            cursor.execute(ACCOUNTS.replace("FOR NO KEY UPDATE OF a", ""), [sorted(account_ids), program_id])
            return {row[0]: Account(*row) for row in cursor.fetchall()}

    def slowly(*arguments: Any, **named: Any) -> Any:
        chosen = choose(*arguments, **named)
        time.sleep(0.1)
        return chosen

    choose = holds.choose_lots
    monkeypatch.setattr(holds, "lock_accounts", without_lock)
    monkeypatch.setattr(holds, "choose_lots", slowly)
    results = race_to_hold_and_spend(emma, holders=THREADS)
    assert len(errors_in(results)) < THREADS - 3
    assert {finding.invariant.id for finding in audit()} == {"P13"}
