"""Customers at the desk: the forms call the verbs, and a deletion that must not be is refused with advice."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from common import clock
from customers.models import Customer
from customers.unmasking import SESSION_KEY
from gateway.models import Event
from staff.models import User

pytestmark = pytest.mark.django_db
LIST = "/admin/customers/customer/"
ROWS = ("identifications", "addresses", "contact_preferences")


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    user = User.objects.create_superuser("root", password=None)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def told(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def form(**values: str) -> dict[str, str]:
    empty = dict.fromkeys(
        ("first_name", "last_name", "name", "birth_date", "email", "phone", "credit_limit", "payment_terms", "notes"),
        "",
    )
    rows = {f"{name}-{count}_FORMS": "0" for name in ROWS for count in ("TOTAL", "INITIAL")}
    given = {"kind": "person", "language": "en", "currency": "EUR", "outstanding_balance": "0"}
    return empty | rows | given | values


def test_a_customer_is_made_by_the_verb(desk: Client) -> None:
    response = desk.post(f"{LIST}add/", form(first_name="Emma", last_name="Moore", email="Emma@Example.com"))
    assert (response.status_code, response["Location"]) == (302, LIST)
    row = Customer.objects.get()
    assert (row.name, row.email_key, row.number[0]) == ("Emma Moore", "emma@example.com", "C")
    history = row.history.get()
    assert (history.history_channel, history.history_user_id) == ("desk", User.objects.get().pk)
    assert Event.objects.get().kind == "customer.created"


def test_a_likely_duplicate_is_told_and_not_made(
    desk: Client, michael_adams: Customer, everything: Callable[[], Any]
) -> None:
    before = everything()
    response = desk.post(f"{LIST}add/", form(last_name="Adams", email="michael.adams@example.com"))
    assert response.status_code == 302
    assert michael_adams.number in told(response)
    assert everything() == before


def unmask(desk: Client, customer: Customer) -> None:
    session = desk.session
    session[SESSION_KEY] = {str(customer.pk): clock.now().timestamp() + 60}
    session.save()


def test_a_change_keeps_keys_in_step(desk: Client, katrin_bauer: Customer) -> None:
    unmask(desk, katrin_bauer)
    data = form(first_name="Katrin", last_name="Moser", name="Katrin Bauer", email="kat@example.org")
    response = desk.post(f"{LIST}{katrin_bauer.pk}/change/", data)
    assert response.status_code == 302
    row = Customer.objects.get()
    assert (row.name, row.email_key, row.version, row.number) == (
        "Katrin Moser", "kat@example.org", 2, katrin_bauer.number,
    )  # fmt: skip
    assert Event.objects.latest("pk").facts["fields"] == ["email", "last_name", "name"]


def test_rows_are_saved_by_the_verb_too(desk: Client, michael_adams: Customer) -> None:
    unmask(desk, michael_adams)
    home = michael_adams.addresses.get()
    posted = form(
        **{"first_name": "Michael", "last_name": "Adams", "name": "Michael Adams"},
        **{"email": "m@example.com", "change_reason": "moved"},
        **{f"addresses-0-{name}": value for name, value in
           {"id": str(home.pk), "customer": str(michael_adams.pk), "kind": "home", "lines": "Hof 2",
            "postal_code": "1020", "city": "Wien", "country": "AT"}.items()},
        **{"addresses-TOTAL_FORMS": "1", "addresses-INITIAL_FORMS": "1"},
        **{"contact_preferences-TOTAL_FORMS": "1", "contact_preferences-0-channel": "post",
           "contact_preferences-0-allowed": "on"},
    )  # fmt: skip
    response = desk.post(f"{LIST}{michael_adams.pk}/change/", posted)
    assert (response.status_code, response["Location"]) == (302, LIST), told(response)
    row = Customer.objects.get()
    assert (row.addresses.get().lines, row.version) == ("Hof 2", 2)
    assert not row.identifications.exists()
    assert dict(row.contact_preferences.values_list("channel", "allowed")) == {
        "email": True, "sms": False, "post": True,
    }  # fmt: skip
    assert Event.objects.latest("pk").facts["fields"] == [
        "addresses", "birth_date", "email", "identifications", "phone", "preferences",
    ]  # fmt: skip
    assert row.history.latest("history_id").history_change_reason == "moved"


def test_a_fault_of_a_row_saves_nothing(desk: Client, katrin_bauer: Customer, everything: Callable[[], Any]) -> None:
    unmask(desk, katrin_bauer)
    before = everything()
    posted = form(
        **{"first_name": "Kat", "last_name": "Bauer", "addresses-TOTAL_FORMS": "1"},
        **{"addresses-0-kind": "home", "addresses-0-lines": "Hof 2", "addresses-0-city": "Wien",
           "addresses-0-country": "at"},
    )  # fmt: skip
    response = desk.post(f"{LIST}{katrin_bauer.pk}/change/", posted)
    assert "addresses/0/country: Two capital letters" in told(response)
    assert everything() == before


def test_masked_rows_are_shown_and_not_written(
    desk: Client, michael_adams: Customer, everything: Callable[[], Any]
) -> None:
    page = desk.get(f"{LIST}{michael_adams.pk}/change/").content.decode()
    assert "Ring 1" not in page and "P 123-456" not in page and "***56" in page
    before = everything()
    posted = form(**{"addresses-TOTAL_FORMS": "1", "addresses-0-kind": "home", "addresses-0-lines": "Hof 2",
                     "addresses-0-city": "Wien", "addresses-0-country": "AT"})  # fmt: skip
    assert desk.post(f"{LIST}{michael_adams.pk}/change/", posted).status_code == 302
    assert everything() == before


@pytest.mark.parametrize(
    ("term", "found"),
    [("adams", 1), ("Mich", 1), ("dam", 1), ("+43 664 1234567", 1), ("p123456", 1), ("MICHAEL.ADAMS@example.com", 1),
     ("da", 0), ("nobody", 0)],
)  # fmt: skip
def test_a_customer_is_found_by_what_is_known(desk: Client, michael_adams: Customer, term: str, found: int) -> None:
    page = desk.get(LIST, {"q": term}).content.decode()
    assert (f"{LIST}{michael_adams.pk}/change/" in page) == bool(found)


def test_the_pages_open_and_deleting_is_the_desks_task(desk: Client, michael_adams: Customer) -> None:
    for page in (LIST, f"{LIST}?q={michael_adams.number}", f"{LIST}add/", f"{LIST}{michael_adams.pk}/change/"):
        assert desk.get(page).status_code == 200, page
    assert desk.post(f"{LIST}{michael_adams.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Customer.objects.get() == michael_adams
