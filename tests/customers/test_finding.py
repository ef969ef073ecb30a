"""A customer is found by what they say, spelled in any way, and by every number they answer to."""

import pytest

from common.actor import Actor
from customers.creating import create_customer
from customers.erasing import erase_customer
from customers.finding import customer_by_number, find_customers
from customers.models import Customer, CustomerNumber

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"email": "michael.ADAMS@example.com "}, True),
        ({"phone": "+43 (0) 664 123 4567"}, True),
        ({"phone": "0664 1234567", "country": "AT"}, True),
        ({"document": "p123 456"}, True),
        ({"email": "michael.adams@example.com", "phone": "+436641234567", "document": "P123456"}, True),
        ({"phone": "0664 1234567"}, False),
        ({"email": "michael.adams@example.com", "phone": "+436640000000"}, False),
        ({"email": "katrin@example.org", "phone": "+436641234567"}, False),
        ({"document": "-"}, False),
        ({"email": ""}, False),
        ({}, False),
    ],
)
def test_all_that_is_given_must_fit(
    michael_adams: Customer, katrin_bauer: Customer, given: dict[str, str], found: bool
) -> None:
    assert list(find_customers(**given)) == ([michael_adams] if found else [])


def test_several_who_share_a_phone_are_all_found(michael_adams: Customer, agent: Actor) -> None:
    child = create_customer(last_name="Adams", phone="+436641234567", allow_duplicate=True, actor=agent)
    assert list(find_customers(phone="+43 664 1234567")) == [michael_adams, child]


def test_merged_and_erased_records_are_not_found(michael_adams: Customer, katrin_bauer: Customer, agent: Actor) -> None:
    katrin_bauer.merged_into = michael_adams
    katrin_bauer.save()
    assert list(find_customers(email="katrin@example.org")) == []
    erase_customer(michael_adams, actor=agent, reason="asked")
    assert list(find_customers(phone="+436641234567")) == []


def test_a_merged_number_answers_with_the_one_that_lives(michael_adams: Customer, katrin_bauer: Customer) -> None:
    retired = CustomerNumber.objects.get(number=katrin_bauer.number)
    retired.customer = michael_adams
    retired.save()
    assert customer_by_number(f" {katrin_bauer.number.lower()} ") == michael_adams
    assert customer_by_number(michael_adams.number) == michael_adams
    assert customer_by_number("C0") is None
