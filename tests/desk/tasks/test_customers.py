"""A customer's record at the desk: made, changed, set aside."""

from datetime import date
from typing import Any

import pytest

from customers.creating import create_customer
from customers.models import Customer
from customers.updating import update_customer
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, changed, confirmation, everything, said, ways
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db
NEW = {
    "kind": "person", "first_name": "Emma", "last_name": "Moore", "email": "Emma@Example.com", "phone": "+43 664 1",
    "birth_date": "1980-04-05", "lines": "Ring 1", "postal_code": "1010", "city": "Wien", "country": "AT",
    "language": "en", "document_kind": "passport", "document_number": "P 1", "document_country": "AT",
}  # fmt: skip


@pytest.fixture
def michael(db: None) -> Customer:
    return create_customer(
        first_name="Michael",
        last_name="Adams",
        email="michael@example.com",
        phone="+43 664 1234567",
        actor=ACTOR,
        details={"addresses": [{"kind": "home", "lines": "Ring 1", "city": "Wien", "country": "AT"}]},
    )


# New


def test_a_new_customer(agent: Desk) -> None:
    before = everything()
    preview = agent.previews("customers/new", **NEW)
    assert said(preview) == ["A record is made for this person."]
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    agent.confirms(preview)
    row = Customer.objects.get()
    assert (row.name, row.email_key, row.birth_date) == ("Emma Moore", "emma@example.com", date(1980, 4, 5))
    assert (row.addresses.get().city, row.identifications.get().number) == ("Wien", "P 1")
    assert ways(receipt)["Enrol in a program"] == f"/desk/customers/{row.pk}/enrol"
    assert "Moore" not in receipt.content.decode()
    assert_audit_clean()


def test_likely_duplicates_are_shown_masked_before_anything_is_made(agent: Desk, michael: Customer) -> None:
    before = everything()
    form = NEW | {"email": "michael@example.com"}
    page = agent.previews("customers/new", **form)
    assert page.status_code == 409
    text = page.content.decode()
    assert f'href="/desk/customers/{michael.pk}"' in text
    assert "M*** A***" in text
    assert "Adams" not in text
    assert everything() == before
    receipt = agent.does("customers/new", **form, allow_duplicate="on")
    assert Customer.objects.count() == 2
    assert "none of them is the customer" in said(receipt)[1]


def test_two_agents_who_enter_one_person_make_one_record(agent: Desk) -> None:
    colleague = Desk("carl", Role.SUPPORT_AGENT)
    mine, theirs = agent.previews("customers/new", **NEW), colleague.previews("customers/new", **NEW)
    agent.confirms(mine)
    page = colleague.confirms(theirs)
    assert page.status_code == 409
    assert "E*** M***" in page.content.decode()
    assert Customer.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"first_name": "", "last_name": ""}, "last_name: A customer needs a name."),
        ({"email": "nonsense"}, "email: Enter a valid email address."),
        ({"phone": "12"}, "phone: This is no phone number."),
        ({"birth_date": "2999-01-01"}, "birth_date: Nobody who lives was born then."),
        ({"birth_date": "yesterday"}, "birth_date: Enter a valid date."),
        ({"language": "english!"}, "language: Write a language as en or de-AT."),
        ({"language": ""}, "language: This field is required."),
        ({"country": "Austria"}, "country: Ensure this value has at most 2 characters (it has 7)."),
        ({"country": "at"}, "country: Two capital letters, as in ISO 3166."),
        ({"city": ""}, "city: This is needed."),
        ({"document_number": ""}, "document_number: A document has a number."),
        ({"document_kind": ""}, "document_kind: Say what document this is."),
        ({"document_country": "X"}, "document_country: Two capital letters, as in ISO 3166."),
        ({"kind": "robot"}, "kind: Select a valid choice. robot is not one of the available choices."),
        ({"last_name": "x" * 81}, "last_name: Ensure this value has at most 80 characters (it has 81)."),
        ({"kind": "organization"}, "first_name: An organization has a name only."),
    ],
)
def test_bad_input_is_told_at_its_field(agent: Desk, fields: dict[str, str], fault: str) -> None:
    before = everything()
    page = agent.previews("customers/new", **NEW | fields)
    assert (page.status_code, page.context["state"]) == (400, "form")
    assert fault in said(page)
    assert everything() == before


# Changed


def edited(page: Any, **fields: str) -> dict[str, str]:
    """The form as it came, with these fields typed over."""
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else str(value) for name, value in values.items()} | fields


def unmasked(desk: Desk, customer: Customer) -> None:
    desk.client.post(f"/desk/customers/{customer.pk}/unmask", {"reason": "correction", "next": "/"})


def test_nobody_edits_what_is_masked(agent: Desk, michael: Customer) -> None:
    page = agent.opens(f"customers/{michael.pk}/edit", "ineligible")
    assert said(page) == ["The contact data are masked. Show them first; that is written down with your reason."]
    assert "michael@example.com" not in page.content.decode()
    assert "customer_asks" in page.content.decode()
    before = everything()
    form = {"email": "other@example.com", "reason": "r", "version": "1", "language": "en"}
    posted = agent.client.post(f"/desk/customers/{michael.pk}/edit", form | {"key": "0" * 32, "step": "confirm"})
    assert posted.status_code == 409
    assert everything() == before


def test_contact_data_are_changed_once_and_the_receipt_names_no_value(agent: Desk, michael: Customer) -> None:
    unmasked(agent, michael)
    path = f"customers/{michael.pk}/edit"
    form = edited(agent.opens(path), email="new@example.com", may_sms="no", city="Graz", reason="The customer told us")
    before = everything()
    preview = agent.previews(path, **form)
    assert changed(preview)["E-mail"] == ("michael@example.com", "new@example.com")
    assert said(preview) == ["Changes: e-mail, address, wishes about being contacted."]
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    agent.confirms(preview)
    row = Customer.objects.get()
    assert (row.email_key, row.version, row.name) == ("new@example.com", 2, "Michael Adams")
    assert (row.addresses.get().city, row.contact_preferences.get().allowed) == ("Graz", False)
    assert row.history.first().history_change_reason == "The customer told us"
    assert said(receipt) == ["Changes: e-mail, address, wishes about being contacted."]
    assert "example.com" not in receipt.content.decode()


def test_who_was_faster_is_told_and_nothing_lost(agent: Desk, michael: Customer) -> None:
    unmasked(agent, michael)
    path = f"customers/{michael.pk}/edit"
    form = edited(agent.opens(path), phone="+43 1 999", reason="told us")
    preview = agent.previews(path, **form)
    update_customer(michael, actor=ACTOR, email="other@example.com")
    before = everything()
    page = agent.client.post(f"/desk/{path}", confirmation(preview))
    assert page.status_code == 412
    assert said(page)[0].startswith("Somebody else changed this customer")
    assert everything() == before


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"email": "nonsense"}, "email: Enter a valid email address."),
        ({"reason": ""}, "reason: This field is required."),
        ({"first_name": "", "last_name": ""}, "last_name: A customer needs a name."),
        ({"version": "x"}, "version: Enter a whole number."),
        ({"may_email": "maybe"}, "may_email: Select a valid choice. maybe is not one of the available choices."),
        ({"city": ""}, "city: This is needed."),
    ],
)
def test_bad_changes_change_nothing(agent: Desk, michael: Customer, fields: dict[str, str], fault: str) -> None:
    unmasked(agent, michael)
    path = f"customers/{michael.pk}/edit"
    form = edited(agent.opens(path), reason="told us") | fields
    before = everything()
    page = agent.previews(path, **form)
    assert page.status_code == 400
    assert fault in said(page)
    assert everything() == before


# Set aside


def test_deactivate_and_back(agent: Desk, michael: Customer) -> None:
    path = f"customers/{michael.pk}/deactivate"
    before = everything()
    preview = agent.previews(path, reason="At the customer's wish")
    assert changed(preview) == {"Status": ("active", "inactive")}
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    agent.confirms(preview)
    row = Customer.objects.get()
    assert (row.status, row.version) == ("inactive", 2)
    assert row.history.first().history_change_reason == "At the customer's wish"
    assert ways(receipt)["Take it back: reactivate"] == f"/desk/customers/{michael.pk}/reactivate"
    assert "can't become inactive" in said(agent.opens(path, "ineligible"))[0]
    agent.does(f"customers/{michael.pk}/reactivate", reason="came back")
    assert Customer.objects.get().status == "active"


def test_a_reason_is_needed(agent: Desk, michael: Customer) -> None:
    assert said(agent.previews(f"customers/{michael.pk}/deactivate", reason="")) == ["reason: This field is required."]


def test_rights(michael: Customer) -> None:
    auditor = Desk("otto", Role.AUDITOR)
    before = everything()
    for path in ("new", *(f"{michael.pk}/{name}" for name in ("edit", "deactivate", "reactivate"))):
        assert auditor.client.get(f"/desk/customers/{path}").status_code == 403
        assert auditor.client.post(f"/desk/customers/{path}", {"key": "0" * 32}).status_code == 403
    assert everything() == before
