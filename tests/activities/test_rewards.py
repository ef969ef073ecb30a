"""The catalog and its stock: what is offered, to whom, how much is left."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from activities.models import RewardItem, RewardStock, StockMovement
from activities.reward_errors import (
    RewardIncomplete,
    RewardLimitReached,
    RewardNotOffered,
    RewardWrongStatus,
    TierNeeded,
    UnknownReward,
)
from activities.rewards import check_orderable, offer, orderable, reward_of, withdraw
from activities.stock import left_of, set_stock
from common import clock
from common.actor import Actor
from common.errors import NotAllowed
from gateway.models import Event
from memberships.models import Membership
from memberships.standings import set_standing
from points.errors import ReasonNotACode
from programs.design import design_of
from programs.models import PointType, Program, Tier
from tests.factories import ACTOR, make_program
from tests.rewards import NOON, make_reward, make_voucher_reward, ordered

from .conftest import earned

pytestmark = pytest.mark.django_db
NOBODY = Actor("user", 43, 2, "agent", may=lambda action, program_id: action != "rewards:manage", programs=None)


def refuses(item: RewardItem, membership: Membership, error: type[Exception], quantity: int = 1) -> Exception:
    design = design_of(membership.program_id)
    with pytest.raises(error) as caught:
        check_orderable(item, membership, quantity, design=design, at=clock.program_now(design.program))
    return caught.value


def test_a_draft_is_offered_then_withdrawn_then_offered_again(miles: Program) -> None:
    item = make_reward(miles, status="draft")
    assert offer(item, actor=ACTOR, reason="for spring").status == "offered"
    with pytest.raises(RewardWrongStatus):
        offer(item, actor=ACTOR, reason="again")
    assert withdraw(item, actor=ACTOR, reason="sold badly").status == "withdrawn"
    with pytest.raises(RewardWrongStatus):
        withdraw(item, actor=ACTOR, reason="again")
    assert offer(item, actor=ACTOR, reason="asked for").status == "offered"
    told = Event.objects.filter(subject_id=item.pk, kind__startswith="reward.").order_by("pk")
    assert [one.kind for one in told] == ["reward.offered", "reward.withdrawn", "reward.offered"]
    assert item.history.first().history_change_reason == "asked for"


def test_only_who_manages_rewards_offers_withdraws_or_sets_a_stock(miles: Program) -> None:
    item = make_reward(miles, status="draft", left=3)
    with pytest.raises(NotAllowed):
        offer(item, actor=NOBODY, reason="mine")
    with pytest.raises(NotAllowed):
        set_stock(item, 9, actor=NOBODY, reason_code="delivered")
    item.refresh_from_db()
    assert (item.status, left_of(item)) == ("draft", 3)


def test_points_that_cannot_be_spent_are_no_price(miles: Program) -> None:
    status = PointType.objects.get(program=miles, code="status")
    item = make_reward(miles, status="draft", point_type=status)
    with pytest.raises(RewardIncomplete, match="cannot be spent"):
        offer(item, actor=ACTOR, reason="for spring")


def test_a_tier_of_another_program_is_no_condition(miles: Program) -> None:
    foreign = Tier.objects.get(group__program=make_program("sea"), code="gold")
    with pytest.raises(RewardIncomplete, match="another program"):
        offer(make_reward(miles, status="draft", tier=foreign), actor=ACTOR, reason="for spring")


@pytest.mark.parametrize("wrong", [{"face": None}, {"face": 0}, {"price": 0}])
def test_the_database_refuses_vouchers_worth_nothing_and_gifts(miles: Program, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_voucher_reward(miles, **wrong)


def test_a_reward_is_known_by_its_code_in_its_program(miles: Program) -> None:
    make_reward(make_program("sea"))
    with pytest.raises(UnknownReward):
        reward_of(design_of(miles.pk), "headphones")
    item = make_reward(miles)
    assert reward_of(design_of(miles.pk, fresh=True), "headphones") == item


@pytest.mark.parametrize(
    ("dates", "is_offered"),
    [
        ({"valid_from": date(2026, 6, 15)}, True),
        ({"valid_from": date(2026, 6, 16)}, False),
        ({"valid_until": date(2026, 6, 15)}, True),
        ({"valid_until": date(2026, 6, 14)}, False),
    ],
)
def test_it_is_offered_from_its_first_through_its_last_day(
    michael_adams: Membership, dates: dict[str, date], is_offered: bool
) -> None:
    with clock.frozen(NOON):
        item = make_reward(michael_adams.program, **dates)
        if is_offered:
            assert orderable(item, michael_adams, design=design_of(item.program_id), at=NOON) is None
        else:
            refuses(item, michael_adams, RewardNotOffered)


def test_the_day_is_one_of_the_programs_zone(michael_adams: Membership) -> None:
    program = michael_adams.program
    program.time_zone = "Asia/Tokyo"
    program.save()
    item = make_reward(program, valid_until=date(2026, 6, 15))
    assert orderable(item, michael_adams, design=design_of(program.pk), at=NOON + timedelta(hours=2.9)) is None
    late = orderable(item, michael_adams, design=design_of(program.pk), at=NOON + timedelta(hours=3))
    assert isinstance(late, RewardNotOffered)


@pytest.mark.parametrize("status", ["draft", "withdrawn"])
def test_what_is_not_offered_is_not_ordered(michael_adams: Membership, status: str) -> None:
    refuses(make_reward(michael_adams.program, status=status), michael_adams, RewardNotOffered)


def test_a_tier_is_asked_for_and_a_higher_one_will_do(michael_adams: Membership) -> None:
    blue, gold = Tier.objects.filter(group__program=michael_adams.program_id).order_by("rank")
    golden = make_reward(michael_adams.program, "lounge", tier=gold)
    plain = make_reward(michael_adams.program, "cup", tier=blue)
    design = design_of(michael_adams.program_id)
    assert orderable(plain, michael_adams, design=design, at=NOON) is None
    error = refuses(golden, michael_adams, TierNeeded)
    assert "takes the tier Gold; it is Blue now" in str(error)
    set_standing(michael_adams, tier=gold, reason="goodwill", until=clock.now() + timedelta(days=9), actor=ACTOR)
    for item in (golden, plain):
        assert orderable(item, michael_adams, design=design, at=NOON) is None


def test_the_limit_counts_pieces_of_orders_that_were_not_cancelled(michael_adams: Membership) -> None:
    earned(michael_adams, 1_000)
    item = make_reward(michael_adams.program, limit_per_member=3)
    ordered(michael_adams, quantity=2)
    error = refuses(item, michael_adams, RewardLimitReached, quantity=2)
    assert error.facts == {"reward": "headphones", "limit": 3, "had": 2, "asked": 2}
    design = design_of(michael_adams.program_id)
    assert orderable(item, michael_adams, design=design, at=clock.now()) is None


def test_a_stock_is_set_with_a_reason_and_its_movements_add_up(miles: Program) -> None:
    item = make_reward(miles)
    assert left_of(item) is None
    for left, reason in ((10, "delivered"), (7, "damaged"), (7, "counted"), (None, "made-on-demand"), (5, "delivered")):
        set_stock(item, left, actor=ACTOR, reason_code=reason)
        assert left_of(item) == left
    moved = StockMovement.objects.order_by("pk").values_list("quantity", "left", "reason_code")
    assert list(moved) == [(10, 10, "delivered"), (-3, 7, "damaged"), (-7, 0, "made-on-demand"), (5, 5, "delivered")]


def test_a_sentence_is_no_reason_of_a_stock(miles: Program) -> None:
    item = make_reward(miles)
    with pytest.raises(ReasonNotACode):
        set_stock(item, 3, actor=ACTOR, reason_code="Katrin dropped it")
    assert not RewardStock.objects.exists()
