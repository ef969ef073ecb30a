"""While a change of a pool is decided, nobody spends from it; everything else goes on (domain 1.9)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from activities import redeeming, transferring
from activities.adjusting import AdjustmentCall, adjust_points
from activities.calls import PointsCall
from activities.converting import ConversionCall, convert_points
from activities.earning import earn
from activities.holding import HoldCall, capture_hold, hold_points, release_hold
from activities.redeeming import redeem
from activities.reversing import reverse_posting
from activities.transferring import TransferCall, transfer_points
from common import clock
from gateway.models import Event
from memberships.models import Membership
from points.errors import SpendingFrozen
from points.freezing import freeze, frozen_until, thaw
from points.models import Hold, PointAccount, Posting
from points.reversal_parts import Part
from programs.models import ConversionRate, PointKind, PointType, Program
from tests.changes import account_in_use, pool_of
from tests.factories import ACTOR, account_of, counted, make_membership, make_program

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
UNTIL = NOON + timedelta(days=30)
TABLES = (Posting, Hold, Event)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


@pytest.fixture
def pool(miles: Program) -> tuple[Membership, Membership]:
    """Katrin's and John's, with 100 miles, and coins that miles convert into."""
    coins = PointType.objects.create(program=miles, code="coins", name="Coins", kind=PointKind.REDEEMABLE)
    ConversionRate.objects.create(
        program=miles,
        from_type=PointType.objects.get(program=miles, code="miles"),
        to_type=coins,
        numerator=1,
        denominator=2,
        valid_from=NOON - timedelta(days=1),
    )
    katrin, john = pool_of(miles, "Katrin", "John")
    earn(PointsCall(katrin.pk, 100), actor=ACTOR)
    return katrin, john


def spending(membership: Membership, to: Membership) -> dict[str, Callable[[], Any]]:
    """Every verb that spends 10 points."""
    return {
        "redeem": lambda: redeem(PointsCall(membership.pk, 10), actor=ACTOR),
        "hold": lambda: hold_points(HoldCall(membership.pk, 10), actor=ACTOR),
        "transfer": lambda: transfer_points(TransferCall(membership.pk, to.pk, 10), actor=ACTOR),
        "donate": lambda: transfer_points(TransferCall(membership.pk, to.pk, 10, donate=True), actor=ACTOR),
        "convert": lambda: convert_points(ConversionCall(membership.pk, "miles", "coins", 10), actor=ACTOR),
    }


@pytest.fixture
def charity(miles: Program) -> Membership:
    made = make_membership(miles, "Charity")
    made.is_beneficiary = True
    made.save()
    return made


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["redeem", "hold", "transfer", "donate", "convert"])
def test_nothing_is_spent_until_then_by_any_member(
    pool: tuple[Membership, Membership], charity: Membership, verb: str
) -> None:
    katrin, john = pool
    freeze(katrin.pool_id, UNTIL)
    before = counted(*TABLES)
    for member in pool:
        with pytest.raises(SpendingFrozen) as refused:
            spending(member, charity)[verb]()
        assert (refused.value.code, refused.value.status) == ("spending_frozen", 422)
        assert refused.value.facts == {"account": account_in_use(katrin).pk, "until": UNTIL.isoformat()}
    assert counted(*TABLES) == before
    assert account_in_use(katrin).balance == 100
    with clock.frozen(UNTIL - timedelta(microseconds=1)), pytest.raises(SpendingFrozen):
        spending(john, charity)[verb]()
    with clock.frozen(UNTIL):
        spending(john, charity)[verb]()
    assert counted(*TABLES) != before


@pytest.mark.django_db
def test_earning_captures_releases_reversals_and_adjustments_go_on(pool: tuple[Membership, Membership]) -> None:
    katrin, john = pool
    one, other = (hold_points(HoldCall(john.pk, 10), actor=ACTOR)["id"] for _ in range(2))
    bought = redeem(PointsCall(katrin.pk, 20), actor=ACTOR)["posting"]["id"]
    freeze(katrin.pool_id, UNTIL)
    earn(PointsCall(john.pk, 7), actor=ACTOR)
    capture_hold(one, actor=ACTOR)
    release_hold(other, actor=ACTOR)
    reverse_posting(bought, Part("returned", points=5), actor=ACTOR)
    adjust_points(AdjustmentCall(katrin.pk, -3, "mistake"), actor=ACTOR)
    adjust_points(AdjustmentCall(katrin.pk, 1, "goodwill"), actor=ACTOR)
    assert account_in_use(katrin).balance == 100 - 20 + 7 - 10 + 5 - 3 + 1


@pytest.mark.django_db
def test_others_give_points_to_a_frozen_pool(pool: tuple[Membership, Membership], charity: Membership) -> None:
    katrin, john = pool
    earn(PointsCall(charity.pk, 10), actor=ACTOR)
    freeze(katrin.pool_id, UNTIL)
    transfer_points(TransferCall(charity.pk, john.pk, 10), actor=ACTOR)
    assert account_in_use(katrin).balance == 110


@pytest.mark.django_db
def test_thawed_it_is_spent_again_and_twice_changes_nothing(
    pool: tuple[Membership, Membership], charity: Membership
) -> None:
    katrin, _ = pool
    assert frozen_until(katrin.pool_id) is None
    freeze(katrin.pool_id, UNTIL)
    freeze(katrin.pool_id, UNTIL + timedelta(days=1))
    assert frozen_until(katrin.pool_id) == UNTIL + timedelta(days=1)
    thaw(katrin.pool_id)
    thaw(katrin.pool_id)
    assert frozen_until(katrin.pool_id) is None
    for verb in spending(katrin, charity).values():
        verb()
    # 10 of the 50 are held.
    assert account_in_use(katrin).balance == 60


@pytest.mark.django_db
def test_other_sets_stay_as_they_are(pool: tuple[Membership, Membership], charity: Membership) -> None:
    katrin, _ = pool
    freeze(katrin.pool_id, UNTIL)
    earn(PointsCall(charity.pk, 10), actor=ACTOR)
    redeem(PointsCall(charity.pk, 10), actor=ACTOR)
    frozen = PointAccount.objects.filter(frozen_until__isnull=False)
    assert set(frozen.values_list("account_set", flat=True)) == {katrin.pool_id}


# The online forms.


@pytest.mark.django_db(transaction=True)
def test_the_online_forms_leave_frozen_points_to_the_general_one() -> None:
    program = make_program("miles")
    katrin, john = pool_of(program, "Katrin", "John")
    other = make_membership(program, "Other")
    earn(PointsCall(katrin.pk, 100), actor=ACTOR)
    earn(PointsCall(other.pk, 100), actor=ACTOR)
    away = TransferCall(john.pk, other.pk, 10)
    assert redeeming.redeem_online(PointsCall(john.pk, 10), actor=ACTOR) is not None
    assert transferring.transfer_points_online(away, actor=ACTOR) is not None
    with transaction.atomic():
        freeze(katrin.pool_id, UNTIL)
    before = counted(*TABLES)
    assert redeeming.redeem_online(PointsCall(john.pk, 10), actor=ACTOR) is None
    assert transferring.transfer_points_online(away, actor=ACTOR) is None
    assert counted(*TABLES) == before
    with pytest.raises(SpendingFrozen):
        redeem(PointsCall(john.pk, 10), actor=ACTOR)
    with pytest.raises(SpendingFrozen):
        transfer_points(away, actor=ACTOR)
    assert counted(*TABLES) == before
    # Into the pool, and beside it.
    assert transferring.transfer_points_online(TransferCall(other.pk, john.pk, 5), actor=ACTOR) is not None
    assert redeeming.redeem_online(PointsCall(other.pk, 5), actor=ACTOR) is not None
    assert (account_in_use(katrin).balance, account_of(other).balance) == (85, 100)
