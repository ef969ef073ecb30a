"""Points that end without activity: the bound that the online statement asks for, exact to the microsecond, and
that no activity brings back what has ended."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from activities.calls import PointsCall
from activities.earning import earn, earn_in_general
from activities.holding import HoldCall, capture_hold, hold_points
from common import clock
from memberships.models import Membership
from points.inactivity import active_since
from points.models import Entry, Hold, Posting
from programs.expiry import inactivity_ends_at
from programs.models import ExpiryPolicy, ExpiryRounding, PointKind, PointType
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, lots_of, make_membership, make_program
from tests.points.moving_world import day

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


# Points that ended stay ended, whatever starts the clock of their set anew.

ENDED = day("2026-03-10")


@pytest.fixture
def rested(db: None) -> tuple[Membership, PointType]:
    """60 lively points that ended this midnight, 20 of them held, and miles that never end."""
    program = make_program("sky", late_grace=timedelta(days=3))
    values = {"kind": PointKind.REDEEMABLE, "expiry_policy": ExpiryPolicy.INACTIVITY, "expiry_length": 3}
    lively = PointType.objects.create(program=program, code="lively", name="Lively", **values)
    with clock.frozen(day("2025-12-09")):
        membership = make_membership(program)
        earn(PointsCall(membership.pk, 60, "lively"), actor=ACTOR)
    with clock.frozen(ENDED - timedelta(days=1)):
        hold_points(HoldCall(membership.pk, 20, "lively", expires_in=7 * 24 * 3600), actor=ACTOR)
    return membership, lively


@pytest.mark.parametrize("general", [False, True], ids=["as it comes", "general"])
@pytest.mark.django_db(transaction=True)
def test_earning_other_points_brings_none_back_to_life(rested: tuple[Membership, PointType], general: bool) -> None:
    membership, lively = rested
    call = PointsCall(membership.pk, 5, "miles")
    with clock.frozen(ENDED):
        (earn_in_general if general else earn)(call, actor=ACTOR)
    assert Posting.objects.filter(kind="expire").values_list("occurred_at", flat=True).get() == ENDED
    assert lots_of(membership, "lively") == [(60, 20)]
    assert lots_of(membership, "miles") == [(5, 5)]


@pytest.mark.django_db(transaction=True)
def test_a_moment_before_the_end_an_activity_keeps_them(rested: tuple[Membership, PointType]) -> None:
    membership, lively = rested
    with clock.frozen(ENDED - timedelta(microseconds=1)):
        earn(PointsCall(membership.pk, 5, "miles"), actor=ACTOR)
    assert not Posting.objects.filter(kind="expire").exists()
    assert lots_of(membership, "lively") == [(60, 60)]


@pytest.mark.django_db
def test_a_capture_spends_what_was_held_and_brings_nothing_else_back(rested: tuple[Membership, PointType]) -> None:
    """Neither what was not held nor the rest of the hold, whose time was over too."""
    membership, lively = rested
    with clock.frozen(ENDED):
        capture_hold(Hold.objects.get().pk, actor=ACTOR, points=15)
    entries = Entry.objects.filter(account__point_type=lively).order_by("number")
    assert list(entries.values_list("posting__kind", "amount")) == [
        ("earn", 60), ("expire", -40), ("expire", -5), ("capture", -15)
    ]  # fmt: skip
    assert lots_of(membership, "lively") == [(60, 0)]
    assert_audit_clean()
