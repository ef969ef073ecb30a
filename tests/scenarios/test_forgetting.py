"""A customer who wants to be forgotten while points were posted (case 76)."""

import pytest
from django.test import Client

from customers.erasing import erase_customer
from customers.models import Customer
from memberships.models import Membership
from staff.models import User
from tests.factories import ACTOR, member_of

from .telling import Caller, earned, everything, redeemed


@pytest.fixture
def admin(transactional_db: None) -> Client:
    client = Client()
    user = User.objects.create_superuser("root", password=None)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_76_whoever_has_a_ledger_is_erased_and_not_deleted(till: Caller, admin: Client, michael: Membership) -> None:
    earned(till, michael, 100)
    redeemed(till, michael, 30)
    customer = Customer.objects.get(pk=member_of(michael))
    before = everything()
    for method, status in ((admin.get, 200), (admin.post, 409)):
        form = {"reason": "asked to be forgotten", "key": "0" * 32, "step": "confirm", "seen": ""}
        answer = method(f"/desk/customers/{customer.pk}/delete", form)
        assert answer.status_code == status
        assert "Erase the customer instead" in answer.content.decode()
    assert everything() == before

    erase_customer(customer, actor=ACTOR, reason="asked to be forgotten")

    shown = till.reads(f"customers/{customer.pk}")
    assert (shown["status"], shown["name"], shown["number"]) == ("erased", None, customer.number)
    assert till.lines_of(michael) == [("earn", 100, 100), ("redeem", -30, 70)]
    # What the business owes stays until the points of the ended membership have rested.
    assert till.points_of(michael) == {"miles": 70, "status": 0}
    left = till.reads(f"memberships/{michael.pk}")
    assert (left["status"], left["end_reason"]) == ("expired", "customer_closed")
