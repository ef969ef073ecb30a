"""Who sees a customer's personal values: nobody of the staff before asking with a reason, and then for minutes."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from common import clock
from customers.details import replace_details
from customers.models import Customer
from customers.shown import shown_address, shown_customer, shown_document
from customers.unmasking import LASTS
from memberships.models import Membership
from staff.models import AccessLog, Role
from tests.factories import make_customer, make_membership, make_program
from tests.staff.world import staff_client, user_of

pytestmark = pytest.mark.django_db
SECRETS = ("Ophelia", "Quimby", "1971-02-03", "ophelia@quimby.example", "+491701234567", "L01X00T47", "Elm Street",
           "10999", "Smalltown", "net 30 for her", "likes tea")  # fmt: skip


@pytest.fixture
def ophelia(db: None) -> Customer:
    customer = make_customer(
        "Ophelia Quimby",
        first_name="Ophelia",
        last_name="Quimby",
        birth_date="1971-02-03",
        email="ophelia@quimby.example",
        email_key="ophelia@quimby.example",
        phone="+491701234567",
        name_key="ophelia quimby",
        payment_terms="net 30 for her",
        notes="likes tea",
    )
    documents = [{"kind": "passport", "country": "DE", "number": "L01X00T47"}]
    home = [{"kind": "home", "lines": "5 Elm Street", "postal_code": "10999", "city": "Smalltown", "country": "DE"}]
    replace_details(customer, {"identifications": documents, "addresses": home})
    return Customer.objects.get(pk=customer.pk)


def seen(client: Client, path: str) -> set[str]:
    response = client.get(path)
    assert response.status_code == 200, path
    text = response.content.decode()
    return {one for one in SECRETS if one in text}


def ask(client: Client, customer: Customer, **posted: str) -> Any:
    return client.post(f"/desk/customers/{customer.pk}/unmask", {"reason": "verification"} | posted)


def pages(customer: Customer) -> list[str]:
    base = f"/admin/customers/customer/{customer.pk}"
    version = customer.history.latest("history_id").history_id
    return [
        "/admin/customers/customer/",
        f"{base}/change/",
        f"{base}/history/",
        f"{base}/history/{version}/",
        f"/api/customers/{customer.pk}",
        "/api/customers",
        "/api/customers/lookup?email=ophelia@quimby.example",
    ]


def test_a_masked_customer_shows_just_enough_to_be_recognized(ophelia: Customer) -> None:
    shown = shown_customer(ophelia, unmasked=False)
    assert (shown.name, shown.first_name, shown.email, shown.phone, shown.birth_date, shown.notes) == (
        "O*** Q***", "O***", "o***@q***.example", "***67", "***", "***",
    )  # fmt: skip
    assert (shown.number, shown.customer_since, shown.label) == (ophelia.number, ophelia.customer_since, "O*** Q***")
    (document,), (home,) = ophelia.identifications.all(), ophelia.addresses.all()
    assert shown_document(document, unmasked=False).number == "***47"
    assert shown_address(home, unmasked=False).__dict__ == {
        "kind": "home", "lines": "***", "postal_code": "***", "city": "***", "country": "DE",
    }  # fmt: skip


def test_an_unmasked_customer_is_shown_whole(ophelia: Customer) -> None:
    shown = shown_customer(ophelia, unmasked=True)
    assert (shown.name, shown.email, shown.birth_date) == (ophelia.name, ophelia.email, ophelia.birth_date)
    assert shown_document(ophelia.identifications.get(), unmasked=True).number == "L01X00T47"
    assert shown_address(ophelia.addresses.get(), unmasked=True).lines == "5 Elm Street"


def test_a_value_nobody_gave_is_no_stars() -> None:
    shown = shown_customer(Customer(number="C1", customer_since=clock.now().date()), unmasked=False)
    assert (shown.name, shown.email, shown.birth_date, shown.label) == (None, None, None, "C1")


@pytest.mark.parametrize("role", Role)
def test_no_role_sees_personal_values_before_asking(ophelia: Customer, role: Role) -> None:
    client = staff_client(role)
    ophelia.notes, ophelia.email = "likes tea very much", "o.quimby@quimby.example"
    ophelia.save()
    for path in pages(ophelia):
        assert seen(client, path) == set(), path


def test_a_row_that_names_its_customer_shows_no_name(ophelia: Customer) -> None:
    program = make_program()
    membership: Membership = make_membership(program, "Ophelia Quimby")
    client = staff_client(Role.SUPERVISOR)
    for path in (f"membership/{membership.pk}/change/", "member/", "cardholding/", "tierstanding/"):
        assert seen(client, f"/admin/memberships/{path}") == set(), path
    assert seen(client, f"/api/memberships/{membership.pk}") == set()


def test_asking_shows_this_customer_alone_and_is_written_down(ophelia: Customer) -> None:
    other = make_customer("Ophelia Quimby")
    client = staff_client(Role.SUPPORT_AGENT)
    response = ask(client, ophelia, next="/admin/customers/customer/")
    assert (response.status_code, response["Location"]) == (302, "/admin/customers/customer/")
    assert seen(client, f"/admin/customers/customer/{ophelia.pk}/change/") >= {"Ophelia", "ophelia@quimby.example"}
    assert seen(client, f"/api/customers/{ophelia.pk}") >= set(SECRETS)
    assert seen(client, f"/admin/customers/customer/{other.pk}/change/") == set()
    assert seen(client, f"/api/customers/{other.pk}") == set()
    entry = AccessLog.objects.get()
    assert (entry.user, entry.action, entry.subject_kind, entry.subject_id, entry.facts) == (
        user_of(client), "unmask", "customers.customer", ophelia.pk, {"reason": "verification"},
    )  # fmt: skip


def test_it_is_over_after_some_minutes(ophelia: Customer) -> None:
    client = staff_client(Role.SUPPORT_AGENT)
    now = clock.now()
    ask(client, ophelia)
    with clock.frozen(now + LASTS - timedelta(seconds=1)):
        assert seen(client, f"/api/customers/{ophelia.pk}") >= set(SECRETS)
    with clock.frozen(now + LASTS + timedelta(seconds=5)):
        assert seen(client, f"/api/customers/{ophelia.pk}") == set()


def test_it_ends_with_the_right(ophelia: Customer) -> None:
    client = staff_client(Role.SUPPORT_AGENT)
    ask(client, ophelia)
    user_of(client).rights.get().delete()
    user_of(client).rights.create(role=Role.AUDITOR)
    assert seen(client, f"/api/customers/{ophelia.pk}") == set()


@pytest.mark.parametrize("reason", ["", "curiosity"])
def test_without_a_reason_nothing_is_shown(ophelia: Customer, reason: str) -> None:
    client = staff_client(Role.SUPPORT_AGENT)
    response = ask(client, ophelia, reason=reason)
    assert (response.status_code, response["Location"]) == (302, f"/desk/customers/{ophelia.pk}")
    assert seen(client, f"/api/customers/{ophelia.pk}") == set()
    assert not AccessLog.objects.exists()


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PROGRAM_MANAGER, Role.CARD_MANAGER, None])
def test_who_lacks_the_right_asks_in_vain(ophelia: Customer, role: Role | None) -> None:
    client = staff_client(role)
    assert ask(client, ophelia).status_code == 403
    assert "unmasked_until" not in client.session
    assert not AccessLog.objects.exists()


def test_asking_leads_nowhere_else(ophelia: Customer) -> None:
    client = staff_client(Role.SUPPORT_AGENT)
    assert ask(client, ophelia, next="https://evil.example/")["Location"] == f"/desk/customers/{ophelia.pk}"
    assert client.get(f"/desk/customers/{ophelia.pk}/unmask").status_code == 405
    assert client.post("/desk/customers/999999/unmask", {"reason": "legal"}).status_code == 404


def test_a_filter_or_a_search_does_not_spell_a_name_for_who_may_not_see_it(ophelia: Customer) -> None:
    auditor, agent = staff_client(Role.AUDITOR), staff_client(Role.SUPPORT_AGENT)
    for client in (auditor, agent):
        assert client.get("/admin/customers/customer/?email__startswith=o").status_code == 400
        assert client.get("/admin/customers/customer/?birth_date__year=1971").status_code == 400
    page = f"/desk/customers/{ophelia.pk}"
    assert "Location" not in auditor.get("/desk/search?q=Ophel")
    assert auditor.get("/desk/search?q=ophelia quimby")["Location"] == page
    assert agent.get("/desk/search?q=Ophel")["Location"] == page
    link = f"/admin/customers/customer/{ophelia.pk}/change/"
    assert link not in auditor.get("/admin/customers/customer/?q=Ophe").content.decode()
    assert link in auditor.get("/admin/customers/customer/?q=ophelia@quimby.example").content.decode()
    assert link in agent.get("/admin/customers/customer/?q=Ophe").content.decode()


def test_what_is_masked_can_not_be_written(ophelia: Customer) -> None:
    client = staff_client(Role.SUPPORT_AGENT)
    posted = {"email": "other@example.com", "last_name": "Other", "language": "de", "currency": "EUR",
              "outstanding_balance": "0", "credit_limit": ""}  # fmt: skip
    assert client.post(f"/admin/customers/customer/{ophelia.pk}/change/", posted).status_code == 302
    row = Customer.objects.get(pk=ophelia.pk)
    assert (row.email, row.last_name, row.name, row.language) == (
        "ophelia@quimby.example", "Quimby", "Ophelia Quimby", "de",
    )  # fmt: skip
