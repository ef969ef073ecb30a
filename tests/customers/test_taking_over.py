"""A customer brings a number along from another system."""

import pytest

from customers.creating import create_customer
from customers.errors import CustomerNumberRefused
from customers.finding import customer_by_number
from customers.models import Customer, CustomerNumber
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db


def test_the_number_is_kept_and_answers() -> None:
    emma = create_customer(actor=ACTOR, number=" 50012 ", last_name="Rodriguez")
    assert emma.number == "50012"
    assert customer_by_number("50012") == emma


@pytest.mark.parametrize("number", ["", "50 012", "Ä1", "X" * 21, "-1", "C00000018", "c123456782"])
def test_a_form_that_is_none_or_that_is_drawn_here_is_refused(number: str) -> None:
    with pytest.raises(CustomerNumberRefused):
        create_customer(actor=ACTOR, number=number, last_name="Rodriguez")
    assert (Customer.objects.count(), CustomerNumber.objects.count()) == (0, 0)


def test_a_number_answers_for_one_customer_only() -> None:
    create_customer(actor=ACTOR, number="50012", last_name="Rodriguez")
    with pytest.raises(CustomerNumberRefused) as refused:
        create_customer(actor=ACTOR, number="50012", last_name="Chen")
    assert refused.value.facts == {"number": "50012"}
    assert Customer.objects.count() == 1
