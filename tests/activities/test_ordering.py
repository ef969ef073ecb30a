"""Orders of rewards: one transaction with points and stock; cancelling gives both back."""

from datetime import timedelta

import pytest

from activities.errors import LimitExceeded
from activities.models import MemberActivity, RewardOrder, StockMovement, Voucher
from activities.ordering import OrderCall, cancel_order, fulfil_order, order_reward
from activities.reversing import reverse_posting
from activities.reward_errors import OrderWrongStatus, OutOfStock, PaidOrder, RewardLimitReached, VouchersUsed
from activities.stock import set_stock
from activities.using_vouchers import use_voucher
from common import clock
from common.actor import Actor
from common.errors import NotAllowed, NotFound
from customers.models import StaffCustomer
from gateway.models import Event
from memberships.ending import terminate
from memberships.errors import MembershipNotAble
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.errors import InsufficientPoints, OwnPoints
from points.models import Lot, Posting, Reversal
from points.reversal_parts import Part
from programs.life import lock
from programs.models import Program
from staff.models import User
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, actor_in, counted, lots_of, make_program, member_of
from tests.rewards import left_of, make_reward, make_voucher_reward, ordered

from .conftest import earned

pytestmark = pytest.mark.django_db
WRITTEN = (RewardOrder, Posting, MemberActivity, StockMovement, Voucher, Event)


@pytest.fixture
def emma(michael_adams: Membership) -> Membership:
    earned(michael_adams, 1_000)
    return michael_adams


def shop(*actions: str, channel: int = 2) -> Actor:
    return Actor("channel", None, channel, "shop", lambda action, program_id: action in actions, None)


def test_an_order_redeems_takes_stock_and_says_so_in_one_step(emma: Membership) -> None:
    item = make_reward(emma.program, price=150, left=5)
    call = OrderCall(emma.pk, "headphones", 2, reference="cart 7", note="gift wrap")
    answer = order_reward(call, actor=ACTOR)
    order = RewardOrder.objects.get()
    assert (order.quantity, order.points, order.status, order.note) == (2, 300, "ordered", "gift wrap")
    assert (order.customer_id, order.membership_id, order.settled_at) == (member_of(emma), emma.pk, None)
    assert answer["posting"]["entries"] == [{"point_type": "miles", "amount": -300, "balance_after": 700}]
    assert (answer["id"], answer["status"], answer["paid_by"]) == (order.pk, "ordered", order.posting_id)
    assert answer["balances"][0]["lifetime_redeemed"] == 300
    activity = MemberActivity.objects.get(pk=order.activity_id)
    assert (activity.type.code, activity.posting_id, activity.reference) == ("redeem", order.posting_id, "cart 7")
    assert (left_of(item), lots_of(emma)) == (3, [(1_000, 700)])
    moved = StockMovement.objects.get(order=order)
    assert (moved.quantity, moved.left) == (-2, 3)
    told = Event.objects.get(kind="order.placed")
    assert (told.subject_id, told.facts["points"], told.facts["quantity"]) == (order.pk, 300, 2)
    assert_audit_clean()


def test_without_a_stock_as_many_as_asked_for_are_given(emma: Membership) -> None:
    make_reward(emma.program, price=1)
    ordered(emma, quantity=1_000)
    assert not StockMovement.objects.exists()
    assert account_of(emma).balance == 0


def test_too_few_points_leave_everything_as_it_was(emma: Membership) -> None:
    item = make_reward(emma.program, price=501, left=5)
    before = counted(*WRITTEN)
    with pytest.raises(InsufficientPoints):
        ordered(emma, quantity=2)
    assert (counted(*WRITTEN), left_of(item), account_of(emma).balance) == (before, 5, 1_000)


def test_too_few_pieces_leave_everything_as_it_was(emma: Membership) -> None:
    item = make_reward(emma.program, left=1)
    before = counted(*WRITTEN)
    with pytest.raises(OutOfStock) as caught:
        ordered(emma, quantity=2)
    assert caught.value.facts == {"reward": "headphones", "left": 1, "asked": 2}
    assert (counted(*WRITTEN), left_of(item), account_of(emma).balance) == (before, 1, 1_000)


def test_the_limit_per_member_holds_from_order_to_order(emma: Membership, katrin_bauer: Membership) -> None:
    earned(katrin_bauer, 100)
    make_reward(emma.program, limit_per_member=1)
    first = ordered(emma)
    with pytest.raises(RewardLimitReached):
        ordered(emma)
    ordered(katrin_bauer)
    cancel_order(first.pk, actor=ACTOR, reason="customer-wish")
    ordered(emma)


def test_an_order_keeps_to_the_programs_limit_of_a_redemption(emma: Membership) -> None:
    emma.program.redemption_limit = 250
    emma.program.save()
    make_reward(emma.program)
    with pytest.raises(LimitExceeded):
        ordered(emma, quantity=3)
    ordered(emma, quantity=2)


def test_numbers_beyond_all_bounds_are_refused_before_they_reach_the_ledger(emma: Membership) -> None:
    make_reward(emma.program, price=10**15)
    for quantity in (1_001, 2):
        with pytest.raises(LimitExceeded):
            ordered(emma, quantity=quantity)


def test_who_may_not_redeem_does_not_order(emma: Membership) -> None:
    make_reward(emma.program)
    suspend(emma, actor=ACTOR, reason="checked")
    with pytest.raises(MembershipNotAble):
        ordered(emma)


def test_a_program_the_channel_has_no_part_in_has_no_orders(emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma)
    stranger = actor_in(make_program("sea"))
    with pytest.raises(NotFound):
        order_reward(OrderCall(emma.pk, "headphones"), actor=stranger)
    for verb in (
        lambda: cancel_order(order.pk, actor=stranger, reason="other"),
        lambda: fulfil_order(order.pk, actor=stranger),
    ):
        with pytest.raises(NotFound):
            verb()


def test_cancelling_gives_the_points_back_to_their_lots_and_the_pieces_to_the_stock(emma: Membership) -> None:
    item = make_reward(emma.program, left=5)
    order = ordered(emma, quantity=3)
    assert (lots_of(emma), left_of(item)) == ([(1_000, 700)], 2)
    answer = cancel_order(order.pk, actor=ACTOR, reason="Katrin changed her mind")
    assert (answer["status"], answer["reason"], answer["posting"]["entries"][0]["amount"]) == (
        "cancelled",
        "other",
        300,
    )
    assert (lots_of(emma), left_of(item), Lot.objects.count()) == ([(1_000, 1_000)], 5, 1)
    assert account_of(emma).lifetime_redeemed == 0
    assert Reversal.objects.get().note == "Katrin changed her mind"
    order.refresh_from_db()
    assert (order.status, order.settled_channel_id, MemberActivity.objects.get(pk=order.activity_id).status) == (
        "cancelled", 2, "reversed",
    )  # fmt: skip
    with pytest.raises(OrderWrongStatus):
        cancel_order(order.pk, actor=ACTOR, reason="other")
    assert (account_of(emma).balance, left_of(item)) == (1_000, 5)
    assert_audit_clean()


def test_an_order_gives_back_to_the_stock_only_what_it_took(emma: Membership) -> None:
    item = make_reward(emma.program)
    free = ordered(emma)
    set_stock(item, 5, actor=ACTOR, reason_code="delivered")
    counted_one = ordered(emma)
    cancel_order(free.pk, actor=ACTOR, reason="other")
    assert left_of(item) == 4
    set_stock(item, None, actor=ACTOR, reason_code="on-demand")
    cancel_order(counted_one.pk, actor=ACTOR, reason="other")
    set_stock(item, 2, actor=ACTOR, reason_code="delivered")
    assert left_of(item) == 2
    assert_audit_clean()


def test_points_come_back_after_the_membership_ended_and_rest_with_it(emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma)
    terminate(emma, actor=ACTOR, reason="asked to leave")
    cancel_order(order.pk, actor=ACTOR, reason="cancelled")
    assert account_of(emma).balance == 1_000
    emma.refresh_from_db()
    assert emma.rests_until is not None


def test_a_locked_program_takes_no_orders_but_cancels(emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma)
    lock(emma.program, actor=ACTOR, reason="audit")
    with pytest.raises(MembershipNotAble):
        ordered(emma)
    assert cancel_order(order.pk, actor=ACTOR, reason="cancelled")["status"] == "cancelled"


def test_what_was_handed_over_is_fulfilled_once_and_not_cancelled(emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma)
    assert fulfil_order(order.pk, actor=ACTOR)["status"] == "fulfilled"
    for verb in (
        lambda: fulfil_order(order.pk, actor=ACTOR),
        lambda: cancel_order(order.pk, actor=ACTOR, reason="other"),
    ):
        with pytest.raises(OrderWrongStatus):
            verb()
    assert Event.objects.filter(kind="order.fulfilled").count() == 1
    assert account_of(emma).balance == 900


def test_fulfilling_needs_the_right_to_manage_rewards(emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma)
    with pytest.raises(NotAllowed):
        fulfil_order(order.pk, actor=shop("points:redeem"))
    order.refresh_from_db()
    assert order.status == "ordered"


def test_a_channel_cancels_its_own_orders_only(emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma)
    with pytest.raises(NotAllowed):
        cancel_order(order.pk, actor=shop("points:redeem", channel=1), reason="other")
    assert cancel_order(order.pk, actor=shop("points:redeem"), reason="other")["status"] == "cancelled"
    other = ordered(emma)
    managing = shop("rewards:manage", channel=1)
    assert cancel_order(other.pk, actor=managing, reason="other")["status"] == "cancelled"


def test_nobody_cancels_their_own_order(emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma)
    user = User.objects.create_user("katrin", is_staff=True)
    StaffCustomer.objects.create(user=user, customer_id=member_of(emma))
    agent = Actor("user", user.pk, 1, "agent", lambda action, program_id: True, None)
    with pytest.raises(OwnPoints):
        cancel_order(order.pk, actor=agent, reason="other")
    order.refresh_from_db()
    assert order.status == "ordered"


def test_the_posting_of_an_order_is_not_reversed_behind_its_back(emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma)
    with pytest.raises(PaidOrder) as caught:
        reverse_posting(order.posting_id, Part(reason_code="other"), actor=ACTOR)
    assert caught.value.facts == {"posting": order.posting_id, "order": order.pk}
    assert account_of(emma).balance == 900
    fulfil_order(order.pk, actor=ACTOR)
    reverse_posting(order.posting_id, Part(reason_code="returned", points=40), actor=ACTOR)
    assert account_of(emma).balance == 940


def test_a_voucher_is_issued_with_its_order_one_a_piece(emma: Membership) -> None:
    make_voucher_reward(emma.program, price=200)
    answer = order_reward(OrderCall(emma.pk, "ten-off", 2), actor=ACTOR)
    assert (answer["status"], len(answer["vouchers"]), account_of(emma).balance) == ("fulfilled", 2, 600)
    assert len({one["code"] for one in answer["vouchers"]}) == 2
    for voucher in Voucher.objects.all():
        assert (voucher.order_id, voucher.activity_id) == (answer["id"], answer["activity"])
        assert (str(voucher.face), str(voucher.remaining), voucher.status) == ("10.00", "10.00", "issued")
    assert Event.objects.filter(kind="voucher.issued").count() == 2
    assert_audit_clean()


def test_an_order_of_unused_vouchers_can_be_cancelled_and_they_end(emma: Membership) -> None:
    make_voucher_reward(emma.program)
    order = ordered(emma, "ten-off", 2)
    cancel_order(order.pk, actor=ACTOR, reason="customer-wish")
    ended = Voucher.objects.order_by().values_list("status", "ended_why").distinct()
    assert (list(ended), account_of(emma).balance) == ([("cancelled", "order-cancelled")], 1_000)
    assert_audit_clean()


def test_one_used_voucher_keeps_the_whole_order(emma: Membership) -> None:
    make_voucher_reward(emma.program)
    order = ordered(emma, "ten-off", 2)
    use_voucher(Voucher.objects.first().code, amount=1, currency="EUR", actor=ACTOR)
    with pytest.raises(VouchersUsed):
        cancel_order(order.pk, actor=ACTOR, reason="customer-wish")
    assert (account_of(emma).balance, Voucher.objects.filter(status="issued").count()) == (800, 1)


def test_a_voucher_past_its_time_keeps_its_order(emma: Membership) -> None:
    make_voucher_reward(emma.program)
    order = ordered(emma, "ten-off")
    with clock.frozen(clock.now() + timedelta(days=40)), pytest.raises(VouchersUsed):
        cancel_order(order.pk, actor=ACTOR, reason="customer-wish")


def test_a_new_price_does_not_touch_orders_placed(emma: Membership, miles: Program) -> None:
    item = make_reward(miles)
    order = ordered(emma)
    item.price = 900
    item.save()
    cancel_order(order.pk, actor=ACTOR, reason="other")
    assert account_of(emma).balance == 1_000
