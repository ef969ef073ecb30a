"""A new customer: its number, keys, details, history and event; what is malformed leaves nothing."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from stdnum import luhn

from common import clock
from common.actor import Actor
from common.errors import Malformed
from customers.creating import create_customer, number_of
from customers.models import Customer, CustomerNumber
from gateway.models import Event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_a_person_is_recorded_whole(agent: Actor) -> None:
    with clock.frozen(NOW):
        made = create_customer(
            first_name=" José ", last_name="García", birth_date=date(1990, 1, 2), email="Jose@Example.com",
            phone="0664 1234567", credit_limit=Decimal("100.50"), notes="Likes\nwindow seats", actor=agent,
            details={"addresses": [{"lines": "Ring 1", "city": "Wien", "country": "AT"}]}, reason="Walked in",
        )  # fmt: skip
    row = Customer.objects.get(pk=made.pk)
    assert (row.kind, row.first_name, row.last_name, row.name) == ("person", "José", "García", "José García")
    assert (row.email, row.email_key) == ("Jose@Example.com", "jose@example.com")
    assert (row.phone, row.phone_key) == ("0664 1234567", "+436641234567")
    assert (row.name_key, row.birth_date) == ("jose garcia", date(1990, 1, 2))
    assert (row.status, row.version, row.currency, row.language) == ("active", 1, "EUR", "en")
    assert (row.customer_since, row.created_at, row.contact_changed_at) == (NOW.date(), NOW, NOW)
    assert (row.credit_limit, row.outstanding_balance) == (Decimal("100.50"), Decimal("0"))
    assert row.notes == "Likes\nwindow seats"
    address = row.addresses.get()
    assert (address.kind, address.lines, address.postal_code, address.city) == ("home", "Ring 1", None, "Wien")
    history = row.history.get()
    assert (history.history_type, history.history_user_id, history.history_channel) == ("+", 21, "desk")
    assert history.history_change_reason == "Walked in"
    event = Event.objects.get()
    assert (event.kind, event.subject_id, event.program_id) == ("customer.created", row.pk, None)
    assert event.facts == {"customer": row.pk, "number": row.number, "kind": "person"}


def test_an_organization_has_a_name_only(agent: Actor) -> None:
    made = create_customer("organization", name="Alpine Tours GmbH", actor=agent, customer_since=date(2020, 5, 1))
    row = Customer.objects.get(pk=made.pk)
    assert (row.kind, row.name, row.first_name, row.last_name) == ("organization", "Alpine Tours GmbH", None, None)
    assert row.customer_since == date(2020, 5, 1)


def test_numbers_are_checked_and_registered(agent: Actor) -> None:
    first = create_customer(name="Cher", actor=agent)
    second = create_customer(name="Sting", actor=agent)
    assert first.number != second.number
    for made in (first, second):
        assert made.number[0] == "C"
        assert len(made.number) == 9
        assert luhn.is_valid(made.number[1:])
        assert CustomerNumber.objects.get(number=made.number).customer == made
    assert number_of(1) == "C00000018"
    assert number_of(12_345_678) == "C123456782"


def test_documents_and_preferences_come_along(michael_adams: Customer) -> None:
    document = michael_adams.identifications.get()
    assert (document.kind, document.country, document.number, document.number_key) == (
        "passport", "AT", "P 123-456", "P123456",
    )  # fmt: skip
    wishes = michael_adams.contact_preferences.order_by("channel").values_list("channel", "allowed")
    assert list(wishes) == [("email", True), ("sms", False)]


LONG = "x" * 300
ADDRESS = {"lines": "Ring 1", "city": "Wien", "country": "AT"}
DOCUMENT = {"kind": "passport", "number": "P1"}


@pytest.mark.parametrize(
    ("values", "pointers"),
    [
        ({"last_name": None}, ["/last_name"]),
        ({"last_name": "   "}, ["/last_name"]),
        ({"first_name": LONG}, ["/first_name"]),
        ({"last_name": LONG}, ["/last_name"]),
        ({"last_name": "Ad\x00ams"}, ["/last_name"]),
        ({"last_name": "Ad\nams"}, ["/last_name"]),
        ({"last_name": "Ad\ud800ams"}, ["/last_name"]),
        ({"last_name": "Adams\u2028"}, ["/last_name"]),
        ({"notes": "a\x07"}, ["/notes"]),
        ({"kind": "robot"}, ["/kind"]),
        ({"kind": None}, ["/kind"]),
        ({"kind": "organization"}, ["/last_name", "/name"]),
        ({"kind": "organization", "last_name": None}, ["/name"]),
        ({"first_name": "Michael", "name": "Somebody Else"}, ["/name"]),
        ({"email": "no address"}, ["/email"]),
        ({"email": "a@b"}, ["/email"]),
        ({"email": f"{LONG}@example.com"}, ["/email"]),
        ({"phone": "none"}, ["/phone"]),
        ({"phone": "1" * 33}, ["/phone"]),
        ({"birth_date": date(2026, 3, 11)}, ["/birth_date"]),
        ({"birth_date": date(1849, 12, 31)}, ["/birth_date"]),
        ({"customer_since": date(2026, 3, 11)}, ["/customer_since"]),
        ({"language": "english please"}, ["/language"]),
        ({"language": None}, ["/language"]),
        ({"currency": "eur"}, ["/currency"]),
        ({"credit_limit": Decimal("-0.01")}, ["/credit_limit"]),
        ({"credit_limit": Decimal("0.001")}, ["/credit_limit"]),
        ({"credit_limit": Decimal("NaN")}, ["/credit_limit"]),
        ({"credit_limit": Decimal(10**14)}, ["/credit_limit"]),
        ({"outstanding_balance": None}, ["/outstanding_balance"]),
        ({"payment_terms": LONG}, ["/payment_terms"]),
        ({"details": {"addresses": [ADDRESS | {"country": "at"}]}}, ["/addresses/0/country"]),
        ({"details": {"addresses": [ADDRESS, ADDRESS | {"city": ""}]}}, ["/addresses/1/city"]),
        ({"details": {"addresses": [ADDRESS | {"lines": LONG}]}}, ["/addresses/0/lines"]),
        ({"details": {"addresses": [ADDRESS | {"kind": "castle"}]}}, ["/addresses/0/kind"]),
        ({"details": {"addresses": [ADDRESS] * 21}}, ["/addresses"]),
        ({"details": {"identifications": [DOCUMENT | {"number": "--"}]}}, ["/identifications/0/number"]),
        ({"details": {"identifications": [DOCUMENT | {"number": LONG}]}}, ["/identifications/0/number"]),
        ({"details": {"identifications": [DOCUMENT | {"kind": "pass"}]}}, ["/identifications/0/kind"]),
        ({"details": {"identifications": [{"number": "P1"}]}}, ["/identifications/0/kind"]),
        ({"details": {"identifications": [DOCUMENT | {"country": "AUT"}]}}, ["/identifications/0/country"]),
        ({"details": {"preferences": {"pigeon": True}}}, ["/preferences/pigeon"]),
        ({"email": "x", "currency": "x", "language": "?"}, ["/currency", "/email", "/language"]),
    ],
)
def test_malformed_values_are_named_and_nothing_is_kept(
    agent: Actor, everything: Callable[[], Any], values: dict[str, Any], pointers: list[str]
) -> None:
    before = everything()
    with clock.frozen(NOW), pytest.raises(Malformed) as error:
        create_customer(actor=agent, **({"last_name": "Adams"} | values))
    assert sorted(fault["pointer"] for fault in error.value.errors) == pointers
    assert everything() == before


@pytest.mark.parametrize(
    "name", ["王小明", "Nguyễn Văn Ô", "🙂", "X Æ A-12", "a" * 80, "'; DROP TABLE", "محمد", "Ω\u0301"]
)
def test_odd_names_are_names(agent: Actor, name: str) -> None:
    made = create_customer(last_name=name, actor=agent)
    assert Customer.objects.get(pk=made.pk).last_name == name


def test_an_unknown_column_is_the_programmers_fault(agent: Actor, everything: Callable[[], Any]) -> None:
    before = everything()
    with pytest.raises(TypeError):
        create_customer(last_name="Adams", status="erased", actor=agent)
    assert everything() == before
