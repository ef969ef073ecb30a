"""What was ordered, and vouchers, belong to where the person takes part now (domain 1.4, 1.5, 1.9, 1.12)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from activities.models import MemberActivity, RewardOrder, Voucher
from activities.ordering import cancel_order
from activities.reward_errors import OrderWrongStatus, RewardLimitReached, VouchersUsed
from activities.reward_overview import open_rewards_of, rewards_of
from activities.using_vouchers import use_voucher
from common import clock
from common.actor import Actor
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.models import Membership, MembershipChange
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, anonymous, pair
from tests.desk.visitor import Visitor
from tests.factories import ACTOR, member_of
from tests.memberships.changes.undone import again, back, done
from tests.rewards import issued, make_reward, make_voucher_reward, ordered

from .conftest import Caller, earned

pytestmark = pytest.mark.django_db


@pytest.fixture
def couple(miles: Program) -> list[Membership]:
    """Anna with 1,000 miles, Ben with 500."""
    anna, ben = pair(miles)
    earned(anna, 1_000)
    earned(ben, 500)
    make_reward(miles, left=9)
    make_voucher_reward(miles)
    return [anna, ben]


def grouped(anna: Membership, ben: Membership) -> tuple[Membership, MembershipChange]:
    change = done("merge", anna, ben, result_type="group", main_id=member_of(anna))
    return Membership.objects.get(pk=change.result_id), change


def shown(membership: Membership) -> tuple[list[int], list[int]]:
    """Orders and vouchers on its page, the oldest first."""
    found = rewards_of(membership, at=clock.program_now(membership.program))
    return sorted(one.pk for one in found.orders), sorted(one.voucher.pk for one in found.vouchers)


def vouchers_of(order: RewardOrder) -> list[int]:
    return list(order.vouchers.order_by("pk").values_list("pk", flat=True))


def test_after_a_merge_they_stand_at_the_group_and_after_the_undo_at_each_again(couple: list[Membership]) -> None:
    anna, ben = couple
    first, second, vouched = ordered(anna), ordered(ben), ordered(ben, "ten-off")
    (voucher,) = vouchers_of(vouched)
    group, change = grouped(anna, ben)
    late = ordered(group, member=member_of(ben))
    assert shown(group) == ([first.pk, second.pk, vouched.pk, late.pk], [voucher])
    assert shown(anna) == ([first.pk], [])
    cancel_order(late.pk, actor=ACTOR, reason="customer-wish")
    back(change, anna, ben)
    assert shown(anna) == ([first.pk], [])
    # What Ben ordered in the group, which is over, is Ben's.
    assert shown(ben) == ([second.pk, vouched.pk, late.pk], [voucher])


def test_who_leaves_the_group_takes_what_they_brought_and_the_group_keeps_what_it_ordered(
    couple: list[Membership],
) -> None:
    anna, ben = couple
    brought = ordered(ben, "ten-off")
    group, _ = grouped(anna, ben)
    common = ordered(group, member=member_of(ben))
    split = done("split", group, leaver_id=member_of(ben), policy="by_contribution")
    own = Membership.objects.get(pk=split.result_id)
    again(group)
    assert shown(own) == ([brought.pk], vouchers_of(brought))
    assert shown(group) == ([common.pk], [])
    assert_audit_clean()


def test_of_a_group_that_becomes_a_pool_everybody_has_what_they_ordered(couple: list[Membership]) -> None:
    group, _ = grouped(*couple)
    hers, his = (ordered(group, member=member_of(one)) for one in couple)
    done("merge", group, result_type="shared")
    homes = {member_of(one): one for one in Membership.objects.filter(type="shared", current=True)}
    assert [shown(homes[member_of(one)])[0] for one in couple] == [[hers.pk], [his.pk]]
    assert shown(group)[0] == [hers.pk, his.pk]


def test_a_found_cards_voucher_goes_along_when_it_is_absorbed(couple: list[Membership]) -> None:
    anna, found = couple[0], anonymous(couple[0].program)
    earned(found, 50)
    voucher = issued(found, MemberActivity.objects.get(membership=found).pk)
    assert shown(anna) == ([], [])
    done("absorb", anna, found)
    assert shown(anna) == ([], [voucher.pk])


def test_who_comes_back_after_an_end_finds_them_again(couple: list[Membership]) -> None:
    anna, _ = couple
    order = ordered(anna)
    terminate(anna, actor=ACTOR, reason="moved away")
    customer = order.customer
    assert customer is not None
    new = enrol(customer, program=anna.program, actor=ACTOR)
    assert shown(new) == ([order.pk], [])


def test_a_cancelled_order_gives_its_points_to_where_they_now_belong(couple: list[Membership]) -> None:
    anna, ben = couple
    order = ordered(ben)
    group, _ = grouped(anna, ben)
    answer = cancel_order(order.pk, actor=ACTOR, reason="customer-wish")
    assert account_in_use(group).balance == 1_500
    assert (answer["status"], answer["membership"], answer["current_membership"]) == ("cancelled", ben.pk, group.pk)
    assert [one["balance"] for one in answer["balances"] if one["point_type"] == "miles"] == [1_500]
    with pytest.raises(OrderWrongStatus):
        cancel_order(order.pk, actor=ACTOR, reason="customer-wish")
    assert account_in_use(group).balance == 1_500
    assert_audit_clean()


def test_a_cancelled_order_of_who_left_again_gives_its_points_to_them(couple: list[Membership]) -> None:
    anna, ben = couple
    order = ordered(ben)
    group, _ = grouped(anna, ben)
    split = done("split", group, leaver_id=member_of(ben), policy="by_contribution")
    own = Membership.objects.get(pk=split.result_id)
    assert account_in_use(own).balance == 400
    assert cancel_order(order.pk, actor=ACTOR, reason="customer-wish")["current_membership"] == own.pk
    assert (account_in_use(own).balance, account_in_use(group).balance) == (500, 1_000)
    assert_audit_clean()


def test_in_a_pool_a_cancelled_order_gives_its_points_to_the_pool(couple: list[Membership]) -> None:
    anna, ben = couple
    order = ordered(ben)
    done("merge", anna, ben, result_type="shared")
    assert cancel_order(order.pk, actor=ACTOR, reason="customer-wish")["current_membership"] == ben.pk
    assert account_in_use(ben).balance == 1_500
    assert_audit_clean()


def test_its_vouchers_are_used_as_before_and_keep_the_order_from_being_cancelled(couple: list[Membership]) -> None:
    anna, ben = couple
    order = ordered(ben, "ten-off")
    group, _ = grouped(anna, ben)
    voucher = Voucher.objects.get(order=order)
    used = use_voucher(voucher.code, amount=Decimal("4.00"), currency="EUR", actor=ACTOR)
    assert (used["remaining"]["amount"], used["membership"], used["current_membership"]) == ("6.00", ben.pk, group.pk)
    with pytest.raises(VouchersUsed):
        cancel_order(order.pk, actor=ACTOR, reason="customer-wish")
    assert account_in_use(group).balance == 1_400


def test_the_limit_per_member_counts_what_was_ordered_before(couple: list[Membership]) -> None:
    anna, ben = couple
    make_reward(anna.program, "mug", limit_per_member=1)
    ordered(ben, "mug")
    group, _ = grouped(anna, ben)
    with pytest.raises(RewardLimitReached):
        ordered(group, "mug")


def test_where_nobody_takes_part_any_more_they_belong_nowhere(couple: list[Membership]) -> None:
    anna, _ = couple
    order = ordered(anna)
    terminate(anna, actor=ACTOR, reason="moved away")
    with clock.frozen(clock.now() + timedelta(days=1)):
        answer = cancel_order(order.pk, actor=ACTOR, reason="customer-wish")
    assert (answer["current_membership"], answer["status"]) == (None, "cancelled")


def test_the_api_lists_them_by_the_membership_of_today(couple: list[Membership], caller: Callable[..., Caller]) -> None:
    anna, ben = couple
    desk = caller("memberships:read", programs=(anna.program,))
    order = ordered(ben, "ten-off")
    group, _ = grouped(anna, ben)
    (found,) = desk.get(f"reward-orders?membership={group.pk}").json()["results"]
    assert (found["id"], found["membership"], found["current_membership"]) == (order.pk, ben.pk, group.pk)
    assert found["vouchers"][0]["current_membership"] == group.pk
    assert desk.get(f"reward-orders?membership={anna.pk}").json()["results"] == []


def test_the_pages_show_them(couple: list[Membership]) -> None:
    (anna, ben), agent = couple, Visitor(Role.SUPPORT_AGENT)
    order, vouched = ordered(ben), ordered(ben, "ten-off")
    group, _ = grouped(anna, ben)
    page = agent.reads("membership", group.pk)
    assert f"with {ben.number}" in page.text
    assert agent.reads("order", order.pk).text.count(group.number) == 1
    page = agent.reads("customer", member_of(ben))
    assert "1 × Headphones" in page.text
    assert "10 off" in page.text
    (voucher,) = vouchers_of(vouched)
    assert [one.voucher.pk for one in open_rewards_of(member_of(ben), ACTOR).vouchers] == [voucher]


def test_the_customer_page_shows_nobody_elses_and_none_of_other_programs(
    couple: list[Membership],
) -> None:
    anna, ben = couple
    ordered(ben)
    ordered(ben, "ten-off")
    grouped(anna, ben)
    mine = open_rewards_of(member_of(anna), ACTOR)
    # The group's voucher is Ben's, who brought it.
    assert (mine.orders, mine.vouchers) == ((), ())
    elsewhere = Actor("staff", 1, 1, "x", lambda action, program_id: program_id == 0, frozenset())
    theirs = open_rewards_of(member_of(ben), elsewhere)
    assert (theirs.orders, theirs.vouchers) == ((), ())
