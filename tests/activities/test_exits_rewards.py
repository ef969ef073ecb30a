"""Orders and vouchers where a person or a program is to go."""

import pytest

from activities.exits import erasure_obstacles, program_obstacles
from activities.ordering import fulfil_order
from activities.using_vouchers import cancel_voucher
from customers.erasing import erase_customer
from customers.errors import CustomerNotDeletable, CustomerNotErasable
from customers.exits import delete_customer
from customers.models import Customer
from memberships.models import Membership
from programs.closing import close_program
from programs.errors import ProgramNotClosable
from programs.life import lock
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, member_of
from tests.rewards import make_reward, make_voucher_reward, ordered

from .conftest import earned

pytestmark = pytest.mark.django_db


@pytest.fixture
def emma(michael_adams: Membership) -> Membership:
    earned(michael_adams, 200)
    return michael_adams


def test_nobody_is_erased_while_an_order_of_theirs_is_open(emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma, note="to Elm Street 5")
    customer = Customer.objects.get(pk=member_of(emma))
    with pytest.raises(CustomerNotErasable, match=f"Order {order.pk} .Headphones. is open: fulfil or cancel it first"):
        erase_customer(customer, actor=ACTOR, reason="asked for it")
    customer.refresh_from_db()
    order.refresh_from_db()
    assert (customer.name, order.note) == ("Michael Adams", "to Elm Street 5")
    fulfil_order(order.pk, actor=ACTOR)
    assert erasure_obstacles(customer) == []
    erase_customer(customer, actor=ACTOR, reason="asked for it")
    order.refresh_from_db()
    assert (order.note, order.points, order.customer_id) == ("", 100, customer.pk)
    assert_audit_clean()


def test_who_ordered_is_not_deleted(emma: Membership) -> None:
    make_reward(emma.program)
    ordered(emma)
    with pytest.raises(CustomerNotDeletable, match="Points were posted"):
        delete_customer(Customer.objects.get(pk=member_of(emma)), actor=ACTOR, reason="mistake")


def test_a_program_is_not_closed_while_orders_or_vouchers_are_open(emma: Membership) -> None:
    make_reward(emma.program)
    make_voucher_reward(emma.program)
    order, vouchers = ordered(emma), ordered(emma, "ten-off")
    lock(emma.program, actor=ACTOR, reason="the end")
    emma.program.refresh_from_db()
    with pytest.raises(ProgramNotClosable) as caught:
        close_program(emma.program, actor=ACTOR, reason="the end")
    assert {"open_orders", "open_vouchers"} <= {one["code"] for one in caught.value.facts["obstacles"]}
    fulfil_order(order.pk, actor=ACTOR)
    cancel_voucher(vouchers.vouchers.get().pk, actor=ACTOR, reason_code="other")
    assert program_obstacles(emma.program) == []
