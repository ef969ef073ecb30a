"""One person with two records, told so at the desk, from the work list to the receipt."""

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from customers.creating import create_customer
from customers.models import Customer, MessagePurpose
from customers.outbox import put_message
from memberships.enrolment import enrol
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.browser.helpers import LogIn, Open, assert_sound, mostly_wide
from tests.factories import ACTOR

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def emmas(live_server: LiveServer, miles: Program) -> list[Customer]:
    """Two records with one address; the second takes part, and was sent something."""
    found = [
        create_customer(first_name=name, last_name="Moore", email="emma@example.com", actor=ACTOR, allow_duplicate=True)
        for name in ("Emma", "Ema")
    ]
    membership = enrol(found[1], program=miles, actor=ACTOR)
    put_message(
        found[0], purpose=MessagePurpose.NOTICE, template="none", context={"membership": membership.number},
        program=miles,
    )  # fmt: skip
    return found


@mostly_wide
def test_two_records_are_found_to_be_one_person(
    log_in: LogIn, open_page: Open, emmas: list[Customer], width: int
) -> None:
    stays, goes = emmas
    log_in(Role.SUPPORT_AGENT)
    page = open_page("/desk/work/duplicates", width=width)
    assert_sound(page)
    page.get_by_role("link", name=f"Same person as {stays.number}").click()
    assert_sound(page)
    page.get_by_label("Reason").fill("Same identification document")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text(f"{stays.number} stays and answers to both numbers")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="They are one person").click()
    expect(page.get_by_role("heading", name="Done: One person twice")).to_be_visible()
    assert_sound(page)
    page.get_by_role("link", name="Customer page").click()
    expect(page.get_by_role("heading", name="Messages")).to_be_visible()
    expect(page.get_by_text("the customer has not allowed notices by e-mail")).to_be_visible()
    assert_sound(page)
    goes.refresh_from_db()
    assert goes.merged_into == stays
    assert_audit_clean()
