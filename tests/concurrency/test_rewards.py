"""Races for the last piece, for the last voucher of a limit, for what is left on a voucher, and for an order's end.

Each has a control that takes the lock away and must see the damage.
"""

import time
from decimal import Decimal
from typing import Any

import pytest

from activities import ordering, using_vouchers
from activities import stock as stocks
from activities.calls import PointsCall
from activities.earning import earn
from activities.models import RewardItem, RewardOrder, RewardStock, Voucher, VoucherUse
from activities.ordering import OrderCall, cancel_order, fulfil_order, order_reward
from activities.reward_errors import (
    OrderWrongStatus,
    OutOfStock,
    RewardLimitReached,
    VoucherNotUsable,
    VouchersUsed,
    VoucherTooSmall,
)
from activities.targeting import locked_target
from activities.using_vouchers import use_voucher
from loyalty_site.auditing import audit
from memberships.models import Membership
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_membership, make_program
from tests.rewards import left_of, make_reward, make_voucher_reward, ordered
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS, ROUNDS = 8, 8


@pytest.fixture
def miles(transactional_db: None) -> Program:
    return make_program("miles")


@pytest.fixture
def members(miles: Program) -> list[Membership]:
    found = [make_membership(miles, f"Member {n}") for n in range(THREADS)]
    for one in found:
        earn(PointsCall(one.pk, 10_000), actor=ACTOR)
    return found


def order(membership: Membership, reward: str) -> Any:
    return order_reward(OrderCall(membership.pk, reward), actor=ACTOR)


def race_for_pieces(members: list[Membership], item: RewardItem) -> list[Any]:
    return together(*[lambda one=one: order(one, item.code) for one in members])


def test_of_the_last_pieces_as_many_are_ordered_as_there_are(miles: Program, members: list[Membership]) -> None:
    for done in range(ROUNDS):
        item = make_reward(miles, f"cup-{done}", left=3)
        results = race_for_pieces(members, item)
        assert [type(one) for one in errors_in(results)] == [OutOfStock] * (THREADS - 3)
        assert (left_of(item), RewardOrder.objects.filter(item=item).count()) == (0, 3)
    spent = sum(10_000 - account_of(one).balance for one in members)
    assert spent == 3 * 100 * ROUNDS
    assert_audit_clean()


@pytest.mark.control
def test_control_a_stock_that_is_read_then_written_is_sold_several_times(
    miles: Program, members: list[Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_then_write(order: RewardOrder, *, actor: Any, at: Any) -> None:
        left = RewardStock.objects.get(item=order.item_id).left
        time.sleep(0.05)
        if left < order.quantity:
            raise OutOfStock
        RewardStock.objects.filter(item=order.item_id).update(left=left - order.quantity)
        stocks._note(order.item_id, -1, left - 1, order=order, reason_code="", actor=actor, at=at)

    monkeypatch.setattr(ordering, "take_stock", read_then_write)
    item = make_reward(miles, "cup", left=3)
    race_for_pieces(members, item)
    assert RewardOrder.objects.filter(item=item).count() > 3
    assert "W05" in {finding.invariant.id for finding in audit()}


def race_for_the_limit(membership: Membership) -> list[Any]:
    return together(*[lambda: order(membership, "cup")] * THREADS)


def test_a_limit_per_member_holds_for_orders_at_once(miles: Program, members: list[Membership]) -> None:
    make_reward(miles, "cup", limit_per_member=2)
    for member in members[:ROUNDS]:
        results = race_for_the_limit(member)
        assert [type(one) for one in errors_in(results)] == [RewardLimitReached] * (THREADS - 2)
        assert account_of(member).balance == 9_800
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_memberships_lock_the_limit_is_passed(
    miles: Program, members: list[Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    check = ordering.check_orderable

    def slowly(*arguments: Any, **named: Any) -> None:
        check(*arguments, **named)
        time.sleep(0.1)

    monkeypatch.setattr(ordering, "check_orderable", slowly)
    monkeypatch.setattr(ordering, "locked_target", lambda target, find, **_: locked_target(target, find))
    make_reward(miles, "cup", limit_per_member=2)
    race_for_the_limit(members[0])
    assert RewardOrder.objects.count() > 2


def race_for_a_voucher(voucher: Voucher) -> list[Any]:
    def use() -> Any:
        return use_voucher(voucher.code, amount=Decimal("4"), currency="EUR", actor=ACTOR)

    return together(*[use] * THREADS)


def new_voucher(membership: Membership) -> Voucher:
    return ordered(membership, "ten-off").vouchers.get()


def test_a_voucher_is_never_used_beyond_what_it_is_worth(miles: Program, members: list[Membership]) -> None:
    make_voucher_reward(miles)
    for member in members[:ROUNDS]:
        voucher = new_voucher(member)
        results = race_for_a_voucher(voucher)
        assert {type(one) for one in errors_in(results)} == {VoucherTooSmall}
        assert len(errors_in(results)) == THREADS - 2
        voucher.refresh_from_db()
        assert (voucher.remaining, voucher.uses.count()) == (Decimal("2.00"), 2)
    assert_audit_clean()


def unlocked(seen: Voucher) -> Voucher:
    """The voucher as it is read without waiting for anybody."""
    voucher = Voucher.objects.select_related("item").get(pk=seen.pk)
    time.sleep(0.1)
    return voucher


@pytest.mark.control
def test_control_without_its_lock_a_voucher_is_used_twice(
    miles: Program, members: list[Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_voucher_reward(miles)
    voucher = new_voucher(members[0])
    monkeypatch.setattr(using_vouchers, "_locked", unlocked)
    results = race_for_a_voucher(voucher)
    told = [one for one in results if isinstance(one, dict)]
    # The numbers of the uses hold where the lock is gone: the database refuses the second, with an error nobody meant.
    assert len(told) != 2 or {type(one) for one in errors_in(results)} != {VoucherTooSmall}


def race_to_end(order: RewardOrder) -> list[Any]:
    cancel = [lambda: cancel_order(order.pk, actor=ACTOR, reason="other")] * (THREADS // 2)
    return together(*cancel, *[lambda: fulfil_order(order.pk, actor=ACTOR)] * (THREADS // 2))


def test_an_order_is_cancelled_or_fulfilled_and_never_both(miles: Program, members: list[Membership]) -> None:
    item = make_reward(miles, "cup", left=100)
    cancelled = 0
    for member in members[:ROUNDS]:
        placed = ordered(member, "cup")
        results = race_to_end(placed)
        assert [type(one) for one in errors_in(results)] == [OrderWrongStatus] * (THREADS - 1)
        placed.refresh_from_db()
        cancelled += placed.status == "cancelled"
        assert account_of(member).balance == (10_000 if placed.status == "cancelled" else 9_900)
    assert left_of(item) == 100 - (ROUNDS - cancelled)
    assert_audit_clean()


@pytest.mark.control
def test_control_without_its_lock_an_order_ends_twice(
    miles: Program, members: list[Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_lock(seen: RewardOrder) -> RewardOrder:
        found = RewardOrder.objects.select_related("item", "posting").get(pk=seen.pk)
        time.sleep(0.1)
        return found

    make_reward(miles, "cup")
    placed = ordered(members[0], "cup")
    monkeypatch.setattr(ordering, "_locked", without_lock)
    results = race_to_end(placed)
    assert {type(one) for one in errors_in(results)} != {OrderWrongStatus} or len(errors_in(results)) < THREADS - 1


def test_an_order_is_cancelled_or_its_voucher_used_and_never_both(miles: Program, members: list[Membership]) -> None:
    make_voucher_reward(miles)
    for member in members[:ROUNDS]:
        placed = ordered(member, "ten-off")
        code = placed.vouchers.get().code
        results = together(
            lambda pk=placed.pk: cancel_order(pk, actor=ACTOR, reason="other"),
            lambda code=code: use_voucher(code, amount=Decimal(1), currency="EUR", actor=ACTOR),
        )
        (error,) = errors_in(results)
        assert isinstance(error, VouchersUsed | VoucherNotUsable)
        used = VoucherUse.objects.filter(voucher__order=placed).exists()
        assert account_of(member).balance == (9_900 if used else 10_000)
    assert_audit_clean()
