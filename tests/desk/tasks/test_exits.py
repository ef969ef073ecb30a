"""Deleting and erasing at the desk: obstacles with their cure first, nothing personal left afterwards."""

import subprocess
from typing import Any

import pytest
from django.db import connection

from activities.calls import PointsCall
from activities.earning import earn_in_general
from customers.models import Customer, CustomerStatus
from loyalty_site.postgres.binaries import find_binaries
from memberships.exits import delete_membership
from memberships.models import Member, Membership
from points.models import Adjustment, Hold, Posting
from programs.models import Program
from staff.models import Role
from tests.activities.conftest import earned
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.test_customers import NEW, edited, unmasked
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import ACTOR, account_of, make_program, member_of

pytestmark = pytest.mark.django_db
ERASING = {"reason": "Asked to be forgotten", "sure": "on"}


@pytest.fixture
def michael(michael_adams: Membership) -> Customer:
    return Customer.objects.get(pk=member_of(michael_adams))


def test_a_record_nothing_was_posted_for_is_deleted_with_its_membership(supervisor: Desk, michael: Customer) -> None:
    path = f"customers/{michael.pk}/delete"
    before = everything()
    preview = supervisor.previews(path, reason="Made by mistake")
    assert said(preview) == [
        "The record goes for ever, with everything personal in it.", "1 membership goes along.",
    ]  # fmt: skip
    assert changed(preview) == {"Record": ("there", "gone"), "Memberships": (1, 0)}
    assert everything() == before
    receipt = supervisor.receipt(supervisor.confirms(preview))
    again = supervisor.confirms(preview)
    assert again.status_code == 302
    assert not Customer.objects.exists()
    assert not Membership.objects.exists()
    assert ways(receipt) == {"Find another customer": "/desk/search"}
    assert supervisor.client.get(f"/desk/{path}").status_code == 404
    assert_audit_clean()


def test_obstacles_of_a_deletion_are_listed_with_the_cure(
    supervisor: Desk, michael: Customer, michael_adams: Membership
) -> None:
    earned(michael_adams, 10)
    before = everything()
    page = supervisor.opens(f"customers/{michael.pk}/delete", "ineligible")
    assert said(page) == [
        f"Points were posted to {michael_adams.number}: erase the customer instead.",
        "Erase the customer instead: personal values go, ids, amounts and the ledger stay.",
    ]
    assert [way.url for way in page.context["exits"]][1] == f"/desk/customers/{michael.pk}/erase"
    form = {"reason": "r", "key": "0" * 32, "step": "confirm", "seen": ""}
    assert supervisor.client.post(f"/desk/customers/{michael.pk}/delete", form).status_code == 409
    assert everything() == before


def test_erasing_is_previewed_confirmed_once_and_ends_the_membership(
    supervisor: Desk, michael: Customer, michael_adams: Membership
) -> None:
    earned(michael_adams, 10)
    path = f"customers/{michael.pk}/erase"
    before = everything()
    preview = supervisor.previews(path, **ERASING)
    assert said(preview)[1] == "1 membership ends; its points rest, then expire."
    assert changed(preview) == {"Status": ("active", "erased"), "Memberships not ended": (1, 0)}
    assert everything() == before
    supervisor.receipt(supervisor.confirms(preview))
    after = everything()
    assert supervisor.confirms(preview).status_code == 302
    assert everything() == after
    row = Customer.objects.get()
    assert (row.status, row.name, row.number) == (CustomerStatus.ERASED, None, michael.number)
    assert (Membership.objects.get().end_reason, account_of(michael_adams).balance) == ("customer_closed", 10)
    assert said(supervisor.opens(path, "ineligible")) == ["The customer was erased already."]
    assert_audit_clean()


@pytest.mark.parametrize(
    ("fields", "fault"),
    [({"reason": ""}, "reason: This field is required."), ({"sure": ""}, "sure: This field is required.")],
)
def test_erasing_asks_for_a_reason_and_for_certainty(
    supervisor: Desk, michael: Customer, fields: dict[str, str], fault: str
) -> None:
    before = everything()
    page = supervisor.previews(f"customers/{michael.pk}/erase", **ERASING | fields)
    assert (page.status_code, said(page)) == (400, [fault])
    assert everything() == before


def test_whoever_takes_part_where_one_has_no_right_is_not_erased(michael: Customer) -> None:
    foreign = Desk("fred", Role.SUPERVISOR, make_program("stars"))
    before = everything()
    page = foreign.opens(f"customers/{michael.pk}/erase", "ineligible")
    (told,) = said(page)
    assert told == "The customer takes part in a program you may not erase in: ask somebody with the right in all."
    form = ERASING | {"key": "0" * 32, "step": "confirm", "seen": ""}
    assert foreign.client.post(f"/desk/customers/{michael.pk}/erase", form).status_code == 409
    assert everything() == before


def test_rights(agent: Desk, michael: Customer) -> None:
    before = everything()
    for path in ("delete", "erase"):
        assert agent.client.get(f"/desk/customers/{michael.pk}/{path}").status_code == 403
        form = ERASING | {"key": "0" * 32, "step": "confirm"}
        assert agent.client.post(f"/desk/customers/{michael.pk}/{path}", form).status_code == 403
    assert everything() == before


# Nothing personal is left

MARK = "Xylophonia"
PERSON = NEW | {
    "first_name": f"{MARK}-first", "last_name": f"{MARK}-last", "email": f"{MARK}@example.com",
    "phone": "+4930998877665", "birth_date": "1911-11-11", "lines": f"{MARK} Street 1", "city": MARK,
    "document_number": f"{MARK}123", "notes": f"{MARK} likes tea",
}  # fmt: skip
TRACES = (MARK.casefold(), "1911-11-11", "30998877665")


def dumped() -> str:
    """The whole database as pg_dump writes it, in small letters; bytes stand in it as hexadecimal digits."""
    settings = connection.settings_dict
    where = {"--host": "HOST", "--port": "PORT", "--username": "USER", "--dbname": "NAME"}
    told = [f"{option}={settings[name]}" for option, name in where.items() if settings[name]]
    done = subprocess.run([find_binaries().program("pg_dump"), *told], capture_output=True, text=True, check=True)
    return done.stdout.casefold()


def traces_in(dump: str) -> list[str]:
    """Lines with a mark, as text or as bytes in whatever case it was typed."""
    spelled = [*TRACES, *(text.encode().hex() for text in (MARK, *TRACES))]
    return [line[:200] for line in dump.splitlines() if any(mark in line for mark in spelled)]


def live(agent: Desk, supervisor: Desk, miles: Program) -> Customer:
    """A person who left a mark in every text the desk takes."""
    agent.does("customers/new", **PERSON)
    customer = Customer.objects.get()
    unmasked(agent, customer)
    edit = f"customers/{customer.pk}/edit"
    agent.does(edit, **edited(agent.opens(edit), notes=f"{MARK} likes coffee", reason=f"{MARK} called"))
    agent.does(f"customers/{customer.pk}/enrol", **{f"enrol-{miles.pk}": "on"})
    membership = Membership.objects.get()
    at = f"memberships/{membership.pk}"
    texts = {"reference": f"{MARK} ref", "location": f"{MARK} shop", "note": f"{MARK} note"}
    earn_in_general(PointsCall(membership.pk, 500, **texts), actor=ACTOR)
    give = {"direction": "give", "point_type": "miles", "reason_code": "goodwill", "note": f"{MARK} was kind"}
    agent.does(f"{at}/adjust", points="10", **give)
    agent.does(f"{at}/adjust", points="9000", **give)
    waiting = Adjustment.objects.get(status="waiting")
    supervisor.does(f"adjustments/{waiting.pk}", decision="refuse", note=f"{MARK} again")
    agent.does(f"{at}/hold", points="5", point_type="miles", expires_in="3600", reference=f"{MARK} cart")
    agent.does(f"holds/{Hold.objects.get().pk}/release", reason_code="cancelled")
    sale = Posting.objects.filter(kind="earn").get()
    part = {"extent": "part", "points": "3", "reason_code": "other", "note": f"{MARK} brought it back"}
    supervisor.does(f"postings/{sale.pk}/reverse", **part)
    for task in ("suspend", "reinstate", "pause", "activate"):
        agent.does(f"{at}/{task}", reason=f"{MARK} {task}")
    for task in ("deactivate", "reactivate"):
        agent.does(f"customers/{customer.pk}/{task}", reason=f"{MARK} {task}")
    return customer


@pytest.mark.django_db(transaction=True)
def test_after_an_erasure_by_the_page_no_mark_is_left_in_a_dump(agent: Desk, supervisor: Desk, miles: Program) -> None:
    customer = live(agent, supervisor, miles)
    number = customer.number.casefold()
    assert len(traces_in(dumped())) > 15
    receipts = Posting.objects.count()
    supervisor.does(f"customers/{customer.pk}/erase", reason=f"{MARK} wants it", sure="on")
    dump = dumped()
    assert traces_in(dump) == []
    assert number in dump
    assert Posting.objects.count() == receipts
    assert_audit_clean()


def test_a_receipt_that_named_a_person_is_blanked(agent: Desk, supervisor: Desk, michael: Customer) -> None:
    done = agent.confirms(agent.previews(f"memberships/{member_membership(michael)}/pause", reason="trip"))
    assert agent.client.get(done["Location"]).status_code == 200
    supervisor.does(f"customers/{michael.pk}/erase", **ERASING)
    page: Any = agent.client.get(done["Location"])
    assert page.status_code == 410
    assert "what was done stands" in page.content.decode()


def member_membership(customer: Customer) -> int:
    return Member.objects.get(customer=customer).membership_id


def test_a_membership_gone_meanwhile_is_not_found(agent: Desk, michael_adams: Membership) -> None:
    path = f"/desk/memberships/{michael_adams.pk}/pause"
    preview = agent.previews(path.removeprefix("/desk/"), reason="trip")
    delete_membership(michael_adams, actor=ACTOR, reason="mistake")
    before = everything()
    assert agent.confirms(preview).status_code == 404
    assert everything() == before
