"""Points that rested too long stay ended, whatever activity on their set comes before the run (domain 1.6)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.calls import PointsCall
from activities.earning import earn, earn_in_general, earn_online
from activities.holding import HoldCall, capture_hold, hold_points
from activities.redeeming import redeem_in_general
from common import clock
from memberships.models import Membership
from points.errors import InsufficientPoints
from points.expiry import expire_points
from points.models import Entry
from programs.models import ExpiryPolicy, PointKind, PointType, Program
from tests.changes import account_in_use, pool_of
from tests.factories import ACTOR, account_of, make_membership, make_program

DAY = timedelta(days=1)
START = datetime(2026, 3, 10, 12, tzinfo=UTC)


def with_bonus(**values: Any) -> Program:
    """Miles that never expire, and bonus points that end after a month without activity."""
    program = make_program("sky", **values)
    PointType.objects.create(
        program=program,
        code="bonus",
        name="Bonus",
        kind=PointKind.REDEEMABLE,
        expiry_policy=ExpiryPolicy.INACTIVITY,
        expiry_length=1,
    )
    return program


def bonus_of(membership: Membership) -> list[tuple[str, int]]:
    entries = Entry.objects.filter(account=account_of(membership, "bonus")).order_by("number")
    return list(entries.values_list("posting__kind", "amount"))


@pytest.fixture
def emma(db: None) -> Membership:
    with clock.frozen(START):
        membership = make_membership(with_bonus(), "Emma Rodriguez")
        earn_in_general(PointsCall(membership.pk, 100, point_type="bonus"), actor=ACTOR)
    return membership


@pytest.mark.parametrize("point_type", ["miles", "status", "bonus"])
def test_an_activity_on_any_account_of_the_set_ends_what_had_rested(emma: Membership, point_type: str) -> None:
    with clock.frozen(START + 60 * DAY):
        earn_in_general(PointsCall(emma.pk, 5, point_type=point_type), actor=ACTOR)
        with pytest.raises(InsufficientPoints):
            redeem_in_general(PointsCall(emma.pk, 50, point_type="bonus"), actor=ACTOR)
    again = [("earn", 5)] if point_type == "bonus" else []
    assert bonus_of(emma) == [("earn", 100), ("expire", -100), *again]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", [earn, earn_in_general])
def test_online_and_general_end_them_alike(form: Callable[..., Any]) -> None:
    now = clock.now()
    with clock.frozen(now - 60 * DAY):
        membership = make_membership(with_bonus(late_grace=61 * DAY), "Emma Rodriguez")
        earn_in_general(PointsCall(membership.pk, 100, point_type="bonus"), actor=ACTOR)
    form(PointsCall(membership.pk, 5), actor=ACTOR)
    assert bonus_of(membership) == [("earn", 100), ("expire", -100)]


def test_an_activity_in_time_keeps_them(emma: Membership) -> None:
    with clock.frozen(START + 20 * DAY):
        earn_in_general(PointsCall(emma.pk, 5), actor=ACTOR)
    with clock.frozen(START + 45 * DAY):
        redeem_in_general(PointsCall(emma.pk, 50, point_type="bonus"), actor=ACTOR)
    assert bonus_of(emma) == [("earn", 100), ("redeem", -50)]


def test_a_capture_ends_what_had_rested_and_frees_nothing_of_it(emma: Membership) -> None:
    with clock.frozen(START + 20 * DAY):
        hold = hold_points(HoldCall(emma.pk, 40, point_type="bonus", expires_in=29 * 86_400), actor=ACTOR)
    with clock.frozen(START + 40 * DAY):
        capture_hold(hold["id"], actor=ACTOR, points=30)
    assert bonus_of(emma) == [("earn", 100), ("expire", -60), ("expire", -10), ("capture", -30)]
    assert account_of(emma, "bonus").balance == 0


# A pool lives as long as any of its members does something.


def shared(program: Program) -> tuple[Membership, Membership]:
    """Katrin and John, with 100 bonus points in their pool."""
    with clock.frozen(START):
        katrin, john = pool_of(program, "Katrin", "John")
        earn_in_general(PointsCall(katrin.pk, 100, point_type="bonus"), actor=ACTOR)
    return katrin, john


def pooled_bonus(membership: Membership) -> list[tuple[str, int]]:
    entries = Entry.objects.filter(account=account_in_use(membership, "bonus")).order_by("number")
    return list(entries.values_list("posting__kind", "amount"))


@pytest.mark.django_db
@pytest.mark.parametrize("point_type", ["miles", "status", "bonus"])
def test_any_members_activity_refreshes_the_pool(point_type: str) -> None:
    program = with_bonus()
    katrin, john = shared(program)
    with clock.frozen(START + 20 * DAY):
        earn_in_general(PointsCall(john.pk, 5, point_type=point_type), actor=ACTOR)
    with clock.frozen(START + 40 * DAY):
        assert expire_points(program, actor=ACTOR) == 0
        redeem_in_general(PointsCall(katrin.pk, 50, point_type="bonus"), actor=ACTOR)
    assert ("redeem", -50) in pooled_bonus(katrin)


@pytest.mark.django_db
def test_an_activity_on_a_members_own_account_ends_what_had_rested_in_the_pool() -> None:
    katrin, john = shared(with_bonus())
    with clock.frozen(START + 60 * DAY):
        earn_in_general(PointsCall(john.pk, 5, point_type="status"), actor=ACTOR)
    assert pooled_bonus(katrin) == [("earn", 100), ("expire", -100)]


@pytest.mark.django_db
def test_who_is_alone_refreshes_the_own_set_only() -> None:
    program = with_bonus()
    katrin, _ = shared(program)
    with clock.frozen(START):
        other = make_membership(program, "Other")
    with clock.frozen(START + 20 * DAY):
        earn_in_general(PointsCall(other.pk, 5, point_type="status"), actor=ACTOR)
    with clock.frozen(START + 40 * DAY):
        expire_points(program, actor=ACTOR)
    assert pooled_bonus(katrin) == [("earn", 100), ("expire", -100)]


@pytest.mark.django_db(transaction=True)
def test_the_online_form_leaves_to_the_general_one_what_refreshes_a_pool() -> None:
    program = with_bonus()
    # One that feeds no ladder, or the general form would be taken for that.
    PointType.objects.create(program=program, code="steps", name="Steps", kind=PointKind.QUALIFYING)
    katrin, _ = pool_of(program, "Katrin", "John")
    other = make_membership(katrin.program, "Other")
    # Accounts without any activity take the general form anyhow.
    for membership, point_type in ((katrin, "steps"), (katrin, "miles"), (other, "steps")):
        earn_in_general(PointsCall(membership.pk, 5, point_type=point_type), actor=ACTOR)
    assert earn_online(PointsCall(katrin.pk, 5, point_type="steps"), actor=ACTOR) is None
    assert earn_online(PointsCall(katrin.pk, 5), actor=ACTOR) is not None
    assert earn_online(PointsCall(other.pk, 5, point_type="steps"), actor=ACTOR) is not None
