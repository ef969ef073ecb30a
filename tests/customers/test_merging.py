"""One person with two records: confirmed, taken back, merged; what comes along and what is refused."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from common.actor import Actor
from customers.creating import create_customer
from customers.duplicate_pairs import look_for_duplicates, waiting_to_be_merged
from customers.erasing import erase_customer
from customers.errors import CustomerErased, CustomerNotDeletable, CustomerWrongStatus, NotOnePerson
from customers.exits import close_customer, delete_customer, mark_deceased, reactivate
from customers.finding import customer_by_number, find_customers
from customers.merging import confirm_duplicate, dismiss_pair, merge_customers
from customers.models import Address, ContactPreference, Customer, DuplicateCustomer, Identification, StaffCustomer
from gateway.models import Event
from staff.models import User
from tests.audit.helpers import assert_audit_clean

pytestmark = pytest.mark.django_db
HERE = "tests.customers.test_merging"
Everything = Callable[[], Any]
PASSPORT = {"kind": "passport", "country": "AT", "number": "P 123-456"}
RING = {"kind": "home", "lines": "Ring 1", "postal_code": "1010", "city": "Wien", "country": "AT"}
TOWER = {"kind": "work", "lines": "Tower 9", "postal_code": "1220", "city": "Wien", "country": "AT"}


@pytest.fixture
def mike(michael_adams: Customer, agent: Actor) -> Customer:
    """Michael once more: the same passport and address, another wish, something owed, and one address of its own."""
    return create_customer(
        first_name="Mike",
        last_name="Adams",
        email="mike@example.net",
        phone="+43 664 7654321",
        actor=agent,
        allow_duplicate=True,
        customer_since=date(2019, 5, 1),
        outstanding_balance=Decimal("12.50"),
        details={
            "identifications": [PASSPORT, {"kind": "id_card", "country": "AT", "number": "ID 9"}],
            "addresses": [RING, TOWER],
            "preferences": {"email": False, "post": True},
        },
    )


@pytest.fixture
def confirmed(michael_adams: Customer, mike: Customer, agent: Actor) -> DuplicateCustomer:
    return confirm_duplicate(michael_adams, duplicate=mike, actor=agent, reason="same passport")


def refuse(customer: Customer, *, duplicate: Customer, actor: Actor, reason: str) -> None:
    raise NotOnePerson("Both take part.")


def wishes(customer: Customer) -> dict[str, bool]:
    return dict(ContactPreference.objects.filter(customer=customer).values_list("channel", "allowed"))


# Found out, or not


def test_confirming_says_who_stays_and_moves_nothing(
    michael_adams: Customer, mike: Customer, agent: Actor, everything: Everything
) -> None:
    before = list(Customer.objects.order_by("pk").values())
    pair = confirm_duplicate(michael_adams, duplicate=mike, actor=agent, reason="same passport")
    assert (pair.customer_id, pair.duplicate_id, pair.status) == (michael_adams.pk, mike.pk, "confirmed")
    assert (pair.reason, pair.user_id, pair.channel_id, pair.merged_at) == ("same passport", 21, 1, None)
    assert list(Customer.objects.order_by("pk").values()) == before
    assert waiting_to_be_merged([michael_adams.pk, mike.pk]) == {mike.pk}
    after = everything()
    assert confirm_duplicate(michael_adams, duplicate=mike, actor=agent, reason="again") == pair
    assert everything() == after


def test_the_other_record_may_be_the_one_that_stays(
    michael_adams: Customer, mike: Customer, confirmed: DuplicateCustomer, agent: Actor
) -> None:
    turned = confirm_duplicate(mike, duplicate=michael_adams, actor=agent, reason="newer data")
    assert (turned.pk, turned.customer_id, turned.duplicate_id) == (confirmed.pk, mike.pk, michael_adams.pk)
    assert DuplicateCustomer.objects.count() == 1


def test_two_people_leave_the_list_and_may_be_found_one_later(
    michael_adams: Customer, mike: Customer, agent: Actor, everything: Everything
) -> None:
    assert look_for_duplicates("document").groups == ((michael_adams, mike),)
    dismiss_pair(michael_adams, duplicate=mike, actor=agent, reason="father and son")
    assert look_for_duplicates("document").groups == ()
    before = everything()
    dismiss_pair(mike, duplicate=michael_adams, actor=agent, reason="again")
    assert everything() == before
    confirm_duplicate(mike, duplicate=michael_adams, actor=agent, reason="no, one man")
    assert look_for_duplicates("document").groups == ((michael_adams, mike),)


def test_of_three_only_the_one_told_apart_from_all_leaves(
    michael_adams: Customer, mike: Customer, agent: Actor
) -> None:
    third = create_customer(
        first_name="M", last_name="Adams", actor=agent, allow_duplicate=True, details={"identifications": [PASSPORT]}
    )
    dismiss_pair(michael_adams, duplicate=third, actor=agent, reason="two people")
    assert look_for_duplicates("document").groups == ((michael_adams, mike, third),)
    dismiss_pair(mike, duplicate=third, actor=agent, reason="two people")
    assert look_for_duplicates("document").groups == ((michael_adams, mike),)


def test_a_record_waits_for_one_merge_at_a_time(
    michael_adams: Customer,
    mike: Customer,
    katrin_bauer: Customer,
    confirmed: Any,
    agent: Actor,
    everything: Everything,
) -> None:
    before = everything()
    for survivor, duplicate in ((katrin_bauer, mike), (katrin_bauer, michael_adams), (mike, katrin_bauer)):
        with pytest.raises(NotOnePerson, match=f"{mike.number} waits to be merged into {michael_adams.number}"):
            confirm_duplicate(survivor, duplicate=duplicate, actor=agent, reason="?")
    assert everything() == before


def test_what_can_not_be_one_person(michael_adams: Customer, agent: Actor, everything: Everything) -> None:
    shop = create_customer("organization", name="Adams Ltd", actor=agent)
    gone = erase_customer(create_customer(first_name="E", last_name="X", actor=agent), actor=agent, reason="asked")
    before = everything()
    with pytest.raises(NotOnePerson, match="never one"):
        confirm_duplicate(michael_adams, duplicate=shop, actor=agent, reason="?")
    with pytest.raises(NotOnePerson, match="no duplicate of itself"):
        confirm_duplicate(michael_adams, duplicate=michael_adams, actor=agent, reason="?")
    with pytest.raises(CustomerErased):
        confirm_duplicate(michael_adams, duplicate=gone, actor=agent, reason="?")
    assert everything() == before


# Merged


def test_merging_brings_everything_to_the_record_that_stays(
    michael_adams: Customer, mike: Customer, confirmed: DuplicateCustomer, agent: Actor
) -> None:
    user = User.objects.create_user("mike", is_staff=True)
    StaffCustomer.objects.create(user=user, customer=mike)
    merge_customers(michael_adams, duplicate=mike, actor=agent, reason="same passport")
    stays, gone = Customer.objects.get(pk=michael_adams.pk), Customer.objects.get(pk=mike.pk)
    assert (gone.status, gone.merged_into, gone.name, gone.email) == ("closed", stays, "Mike Adams", "mike@example.net")
    assert (stays.status, stays.email, stays.phone) == ("active", "Michael.Adams@Example.com", "+43 664 1234567")
    assert (stays.customer_since, stays.outstanding_balance) == (date(2019, 5, 1), Decimal("12.50"))
    assert gone.outstanding_balance == 0
    documents = Identification.objects.order_by("pk").values_list("customer", "kind", "number")
    assert list(documents) == [(stays.pk, "passport", "P 123-456"), (stays.pk, "id_card", "ID 9")]
    assert list(Address.objects.order_by("pk").values_list("customer", "lines")) == [
        (stays.pk, "Ring 1"),
        (stays.pk, "Tower 9"),
    ]
    assert (wishes(stays), wishes(gone)) == ({"email": False, "sms": False, "post": True}, {})
    assert StaffCustomer.objects.get(user=user).customer == stays
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.merged_at is not None) == ("merged", True)
    assert Event.objects.latest("pk").kind == "customer.merged"
    assert Event.objects.latest("pk").facts == {"customer": stays.pk, "duplicate": gone.pk, "number": gone.number}
    history = gone.history.first()
    assert (history.history_change_reason, history.history_user_id) == ("same passport", 21)
    assert_audit_clean()


def test_the_duplicates_number_answers_the_record_that_stays(
    michael_adams: Customer, mike: Customer, confirmed: DuplicateCustomer, agent: Actor, shop: APIClient
) -> None:
    merge_customers(michael_adams, duplicate=mike, actor=agent, reason="same passport")
    assert customer_by_number(mike.number) == customer_by_number(michael_adams.number) == michael_adams
    assert list(find_customers(email="mike@example.net")) == []
    found = shop.get("/api/customers", {"number": mike.number}).json()["results"]
    assert [one["id"] for one in found] == [michael_adams.pk]
    assert shop.get(f"/api/customers/{mike.pk}").json()["merged_into"] == michael_adams.pk


def test_what_the_record_lacks_is_filled_in(katrin_bauer: Customer, mike: Customer, agent: Actor) -> None:
    was = katrin_bauer.contact_changed_at
    confirm_duplicate(katrin_bauer, duplicate=mike, actor=agent, reason="?")
    stays = merge_customers(katrin_bauer, duplicate=mike, actor=agent, reason="?")
    assert (stays.email, stays.phone, stays.phone_key) == ("katrin@example.org", "+43 664 7654321", "+436647654321")
    assert stays.contact_changed_at > was


def test_records_merged_before_follow(
    michael_adams: Customer, mike: Customer, katrin_bauer: Customer, confirmed: Any, agent: Actor
) -> None:
    merge_customers(michael_adams, duplicate=mike, actor=agent, reason="one")
    confirm_duplicate(katrin_bauer, duplicate=michael_adams, actor=agent, reason="two")
    merge_customers(katrin_bauer, duplicate=michael_adams, actor=agent, reason="two")
    assert set(Customer.objects.exclude(pk=katrin_bauer.pk).values_list("merged_into", flat=True)) == {katrin_bauer.pk}
    assert {customer_by_number(one.number) for one in (mike, michael_adams)} == {katrin_bauer}
    erase_customer(mike, actor=agent, reason="asked")
    assert set(Customer.objects.values_list("status", flat=True)) == {"erased"}


def test_only_what_was_confirmed_is_merged(
    michael_adams: Customer, mike: Customer, agent: Actor, everything: Everything
) -> None:
    before = everything()
    with pytest.raises(NotOnePerson, match="confirm that first"):
        merge_customers(michael_adams, duplicate=mike, actor=agent, reason="?")
    assert everything() == before
    confirm_duplicate(mike, duplicate=michael_adams, actor=agent, reason="the other way round")
    before = everything()
    with pytest.raises(NotOnePerson, match="confirm that first"):
        merge_customers(michael_adams, duplicate=mike, actor=agent, reason="?")
    assert everything() == before


def test_merging_twice_is_refused(
    michael_adams: Customer, mike: Customer, confirmed: Any, agent: Actor, everything: Everything
) -> None:
    merge_customers(michael_adams, duplicate=mike, actor=agent, reason="same passport")
    before = everything()
    for verb in (merge_customers, confirm_duplicate, dismiss_pair):
        with pytest.raises(NotOnePerson, match=f"{mike.number} was merged already"):
            verb(michael_adams, duplicate=mike, actor=agent, reason="?")
    assert everything() == before


def test_conflicts_are_settled_first(
    michael_adams: Customer, mike: Customer, confirmed: Any, agent: Actor, everything: Everything
) -> None:
    def refused(match: str) -> None:
        before = everything()
        with pytest.raises(NotOnePerson, match=match):
            merge_customers(michael_adams, duplicate=mike, actor=agent, reason="?")
        assert everything() == before

    mark_deceased(mike, actor=agent, reason="told")
    refused("has died")
    reactivate(mike, actor=agent, reason="wrong")
    close_customer(michael_adams, actor=agent, reason="left")
    refused("is closed")
    reactivate(michael_adams, actor=agent, reason="back")
    row = Customer.objects.get(pk=mike.pk)
    row.currency = "USD"
    row.save()
    refused("owes 12.50 USD")


def test_an_app_above_may_refuse_and_nothing_is_changed(
    michael_adams: Customer, mike: Customer, confirmed: Any, agent: Actor, everything: Everything, settings: Any
) -> None:
    settings.LOYALTY_CUSTOMER_MERGERS = [f"{HERE}.refuse"]
    before = everything()
    with pytest.raises(NotOnePerson, match="Both take part"):
        merge_customers(michael_adams, duplicate=mike, actor=agent, reason="?")
    assert everything() == before


def test_a_merged_record_lives_no_life_of_its_own(
    michael_adams: Customer, mike: Customer, confirmed: Any, agent: Actor, everything: Everything
) -> None:
    merge_customers(michael_adams, duplicate=mike, actor=agent, reason="same passport")
    before = everything()
    with pytest.raises(CustomerWrongStatus, match=f"was merged into {michael_adams.number}"):
        reactivate(mike, actor=agent, reason="?")
    with pytest.raises(CustomerNotDeletable, match=f"was merged into {michael_adams.number}"):
        delete_customer(mike, actor=agent, reason="?")
    with pytest.raises(CustomerNotDeletable, match="Records were merged into it"):
        delete_customer(michael_adams, actor=agent, reason="?")
    assert everything() == before
