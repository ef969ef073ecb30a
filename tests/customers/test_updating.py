"""A change is recorded once with what changed; what is refused or equal leaves everything as it was."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from common import clock
from common.actor import Actor
from common.errors import Malformed, NotFound, Stale
from customers.erasing import erase_customer
from customers.errors import CustomerErased
from customers.exits import delete_customer
from customers.models import Customer
from customers.updating import update_customer
from gateway.models import Event

pytestmark = pytest.mark.django_db
LATER = datetime(2031, 1, 1, tzinfo=UTC)


def test_a_change_of_contact_is_dated(michael_adams: Customer, agent: Actor) -> None:
    with clock.frozen(LATER):
        update_customer(michael_adams, actor=agent, email="new@example.net", reason="Told on the phone")
    row = Customer.objects.get(pk=michael_adams.pk)
    assert (row.email, row.email_key, row.phone_key) == ("new@example.net", "new@example.net", "+436641234567")
    assert (row.contact_changed_at, row.version) == (LATER, 2)
    history = row.history.first()
    assert (history.history_type, history.email, history.history_change_reason) == (
        "~", "new@example.net", "Told on the phone",
    )  # fmt: skip
    event = Event.objects.latest("pk")
    assert (event.kind, event.subject_id) == ("customer.updated", row.pk)
    assert event.facts == {"customer": row.pk, "fields": ["email"]}


def test_other_changes_leave_the_contact_date(michael_adams: Customer, agent: Actor) -> None:
    with clock.frozen(LATER):
        update_customer(michael_adams, actor=agent, last_name="Adams-Bauer", notes="Married")
    row = Customer.objects.get(pk=michael_adams.pk)
    assert (row.name, row.name_key) == ("Michael Adams-Bauer", "michael adams bauer")
    assert row.contact_changed_at == michael_adams.contact_changed_at
    assert Event.objects.latest("pk").facts["fields"] == ["last_name", "name", "notes"]


def test_values_can_be_taken_away(michael_adams: Customer, agent: Actor) -> None:
    update_customer(michael_adams, actor=agent, phone="", birth_date=None)
    row = Customer.objects.get(pk=michael_adams.pk)
    assert (row.phone, row.phone_key, row.birth_date) == (None, None, None)


def test_an_equal_change_writes_nothing(michael_adams: Customer, agent: Actor, everything: Callable[[], Any]) -> None:
    before = everything()
    update_customer(
        michael_adams, actor=agent, email=" Michael.Adams@Example.com ", kind="person", first_name="Michael",
        details={
            "preferences": {"sms": False},
            "identifications": [{"kind": "passport", "country": "AT", "number": "P 123-456"}],
        },
    )  # fmt: skip
    assert everything() == before


def test_lists_are_replaced_and_equal_rows_stay(michael_adams: Customer, agent: Actor) -> None:
    kept = michael_adams.addresses.get()
    home = {"kind": "home", "lines": "Ring 1", "postal_code": "1010", "city": "Wien", "country": "AT"}
    work = {"kind": "work", "lines": "Platz 2\nStiege 3", "city": "Graz", "country": "AT"}
    update_customer(
        michael_adams,
        actor=agent,
        details={"addresses": [work, home], "identifications": [], "preferences": {"sms": True}},
    )
    rows = {row.kind: row for row in michael_adams.addresses.all()}
    assert set(rows) == {"home", "work"}
    assert rows["home"].pk == kept.pk
    assert rows["work"].lines == "Platz 2\nStiege 3"
    assert michael_adams.identifications.count() == 0
    wishes = michael_adams.contact_preferences.order_by("channel").values_list("channel", "allowed")
    assert list(wishes) == [("email", True), ("sms", True)]
    assert Event.objects.latest("pk").facts["fields"] == ["addresses", "identifications", "preferences"]
    assert Customer.objects.get(pk=michael_adams.pk).version == 2


def test_a_national_number_is_read_by_the_address(michael_adams: Customer, agent: Actor) -> None:
    update_customer(michael_adams, actor=agent, phone="0664 7654321")
    assert Customer.objects.get(pk=michael_adams.pk).phone_key == "+436647654321"


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"kind": "organization"}, "/kind"),
        ({"email": "none"}, "/email"),
        ({"first_name": None, "last_name": None}, "/last_name"),
        ({"name": "Somebody Else"}, "/name"),
        ({"customer_since": None}, "/customer_since"),
        ({"details": {"addresses": [{"lines": "x"}]}}, "/addresses/0/country"),
    ],
)
def test_a_malformed_change_leaves_everything(
    michael_adams: Customer, agent: Actor, everything: Callable[[], Any], values: dict[str, Any], pointer: str
) -> None:
    before = everything()
    with pytest.raises(Malformed) as error:
        update_customer(michael_adams, actor=agent, **values)
    assert pointer in [fault["pointer"] for fault in error.value.errors]
    assert everything() == before


def test_half_a_change_is_none(michael_adams: Customer, agent: Actor, everything: Callable[[], Any]) -> None:
    """The columns are fine, the second list is not."""
    before = everything()
    with pytest.raises(Malformed):
        update_customer(
            michael_adams, actor=agent, first_name="Mike", details={"addresses": [], "preferences": {"owl": True}}
        )
    assert everything() == before


def test_the_check_sees_the_row_under_the_lock(
    michael_adams: Customer, agent: Actor, everything: Callable[[], Any]
) -> None:
    stale = Customer.objects.get(pk=michael_adams.pk)
    update_customer(michael_adams, actor=agent, first_name="Mike")
    before = everything()

    def check(row: Customer) -> None:
        if row.version != stale.version:
            raise Stale("Read it again.")

    with pytest.raises(Stale):
        update_customer(stale, actor=agent, first_name="Micha", check=check)
    assert everything() == before


def test_erased_and_deleted_customers_take_no_change(
    michael_adams: Customer, katrin_bauer: Customer, agent: Actor, everything: Callable[[], Any]
) -> None:
    erase_customer(michael_adams, actor=agent, reason="asked")
    delete_customer(katrin_bauer, actor=agent, reason="typo")
    before = everything()
    with pytest.raises(CustomerErased):
        update_customer(michael_adams, actor=agent, first_name="Mike")
    with pytest.raises(NotFound):
        update_customer(katrin_bauer, actor=agent, first_name="Kathrin")
    assert everything() == before
