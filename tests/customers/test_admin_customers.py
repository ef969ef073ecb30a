"""Customers at the desk: the forms call the verbs, and a deletion that must not be is refused with advice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client

from common import clock
from common.actor import Actor
from customers.models import Customer
from customers.unmasking import SESSION_KEY
from gateway.models import Event
from memberships.enrolment import enrol
from points.ledger import post
from points.models import Entry, PointAccount
from points.moves import Cause, Credit, NewLot
from programs.models import PointType, Program
from staff.models import User

pytestmark = pytest.mark.django_db
LIST = "/admin/customers/customer/"


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
    return empty | {"kind": "person", "language": "en", "currency": "EUR", "outstanding_balance": "0"} | values


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


def test_the_pages_open(desk: Client, michael_adams: Customer) -> None:
    for page in (LIST, f"{LIST}?q={michael_adams.number}", f"{LIST}add/", f"{LIST}{michael_adams.pk}/change/"):
        assert desk.get(page).status_code == 200, page
    assert desk.get(f"{LIST}{michael_adams.pk}/delete/").status_code == 200


def test_nothing_refers_to_it_so_it_goes(desk: Client, katrin_bauer: Customer) -> None:
    assert desk.post(f"{LIST}{katrin_bauer.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Customer.objects.exists()
    assert set(Customer.history.values_list("email", "name")) == {(None, None)}


@pytest.fixture
def with_points(michael_adams: Customer, agent: Actor) -> Customer:
    program = Program.objects.create(code="summit", name="Summit Club", status="released")
    miles = PointType.objects.create(program=program, code="miles", name="Miles", kind="redeemable", is_default=True)
    membership = enrol(michael_adams, program=program, actor=agent)
    account = PointAccount.objects.get(account_set=membership.own_set_id, point_type=miles)
    now = clock.now()
    with transaction.atomic():
        post(
            "earn",
            program_id=program.pk,
            for_set_id=membership.own_set_id,
            person_id=michael_adams.pk,
            cause=Cause("membership", membership.pk),
            occurred_at=now,
            actor=agent,
            moves=[Credit(account.pk, [NewLot(points=100, earned_at=now, expires_at=now + timedelta(days=9))])],
        )
    return michael_adams


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_customer_with_ledger_entries_is_not_deleted_but_may_be_erased(
    desk: Client, with_points: Customer, everything: Callable[[], Any], settings: Any, named: bool, method: str
) -> None:
    """Whether or not the apps above named their obstacles: pressing delete refuses and says what to do instead."""
    settings.LOYALTY_CUSTOMER_OBSTACLES = ["memberships.exits.obstacles"] if named else []
    settings.LOYALTY_CUSTOMER_DELETERS = []
    before = everything()
    url = f"{LIST}{with_points.pk}/delete/"
    response = desk.get(url) if method == "get" else desk.post(url, {"post": "yes"})
    if named or method == "post":
        assert (response.status_code, response["Location"]) == (302, f"{LIST}{with_points.pk}/change/")
        assert "Erase the customer instead" in told(response)
    assert everything() == before
    assert Entry.objects.count() == 1
