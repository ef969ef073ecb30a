"""Balances as channels see them, in the corners where available is not the balance."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from activities.calls import PointsCall
from activities.earning import earn
from common import clock
from memberships.models import Membership
from points.balances import balances_of
from points.holds import release_holds
from points.models import Hold, HoldLot, Lot, PointAccount, PointAccountSet
from programs.design import design_of
from programs.models import PointType
from tests.factories import ACTOR, account_of

pytestmark = pytest.mark.django_db


def shown(membership: Membership) -> dict[str, Any]:
    return balances_of([membership.own_set_id], design=design_of(membership.program_id))[membership.own_set_id][0]


def figures(membership: Membership) -> tuple[int, int, int, int, int]:
    one = shown(membership)
    return one["balance"], one["available"], one["pending"], one["held"], one["debt"]


def lot_of(membership: Membership, points: int, **dates: Any) -> Lot:
    earn(PointsCall(membership.pk, points), actor=ACTOR)
    lot = Lot.objects.latest("id")
    for name, value in dates.items():
        setattr(lot, name, value)
    lot.save()
    return lot


def hold_on(lot: Lot, points: int, *, minutes: int) -> Hold:
    now = clock.now()
    hold = Hold.objects.create(
        program_id=lot.account.program_id, for_set_id=lot.account.account_set_id, account=lot.account, channel_id=2,
        points=points, occurred_at=now, expires_at=now + timedelta(minutes=minutes),
    )  # fmt: skip
    HoldLot.objects.create(hold=hold, lot=lot, points=points)
    return hold


def test_pending_points_are_not_available(michael_adams: Membership) -> None:
    lot_of(michael_adams, 100)
    lot_of(michael_adams, 40, available_at=clock.now() + timedelta(days=1))
    assert figures(michael_adams) == (140, 100, 40, 0, 0)


def test_points_past_their_time_are_not_available_before_the_run(michael_adams: Membership) -> None:
    lot_of(michael_adams, 100)
    lot_of(michael_adams, 40, expires_at=clock.now() - timedelta(seconds=1))
    assert figures(michael_adams) == (140, 100, 0, 0, 0)


def test_pending_points_past_their_time_count_once(michael_adams: Membership) -> None:
    now = clock.now()
    lot_of(michael_adams, 40, available_at=now + timedelta(days=1), expires_at=now - timedelta(days=1))
    assert figures(michael_adams) == (40, 0, 40, 0, 0)


def test_a_held_part_past_its_time_is_taken_off_once(michael_adams: Membership) -> None:
    late = lot_of(michael_adams, 50, expires_at=clock.now() - timedelta(seconds=1))
    lot_of(michael_adams, 100)
    hold_on(late, 30, minutes=10)
    assert figures(michael_adams) == (150, 100, 0, 30, 0)


def test_a_hold_past_its_limit_is_free_at_once(michael_adams: Membership) -> None:
    lot = lot_of(michael_adams, 100)
    hold = hold_on(lot, 30, minutes=10)
    assert figures(michael_adams) == (100, 70, 0, 30, 0)
    Hold.objects.filter(pk=hold.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    assert figures(michael_adams) == (100, 100, 0, 0, 0)
    with transaction.atomic():
        release_holds()
    assert figures(michael_adams) == (100, 100, 0, 0, 0)


def test_points_of_an_exempt_set_stay_available(michael_adams: Membership) -> None:
    lot_of(michael_adams, 40, expires_at=clock.now() - timedelta(days=1))
    PointAccountSet.objects.filter(pk=michael_adams.own_set_id).update(exempt_until=clock.now() + timedelta(days=1))
    assert figures(michael_adams) == (40, 40, 0, 0, 0)


def test_the_next_expiry_sums_the_lots_of_its_moment(michael_adams: Membership) -> None:
    soon = clock.now() + timedelta(days=3)
    for points in (10, 20):
        lot_of(michael_adams, points, expires_at=soon)
    lot_of(michael_adams, 99, expires_at=soon + timedelta(days=1))
    assert shown(michael_adams)["next_expiry"]["points"] == 30


def test_points_of_an_inactivity_type_end_together_and_then_none_is_available(michael_adams: Membership) -> None:
    point_type = PointType.objects.get(program=michael_adams.program, code="miles")
    point_type.expiry_policy, point_type.expiry_length = "inactivity", 2
    point_type.save()
    lot_of(michael_adams, 100)
    assert (shown(michael_adams)["available"], shown(michael_adams)["next_expiry"]["points"]) == (100, 100)
    long_ago = clock.now() - timedelta(days=70)
    PointAccount.objects.filter(pk=account_of(michael_adams).pk).update(last_activity_at=long_ago)
    assert figures(michael_adams) == (100, 0, 0, 0, 0)
    assert shown(michael_adams)["next_expiry"] is None
