"""A found card registered at the desk, in a real browser: from the playbook to the receipt and back."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from customers.creating import create_customer
from customers.models import Customer
from memberships.enrolment import enrol
from memberships.models import CardRegistration, Membership
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.browser.helpers import LogIn, Open, assert_sound, mostly_narrow, mostly_wide
from tests.changes import earn
from tests.factories import ACTOR, account_of, make_terms
from tests.memberships.changes.planning import change_program
from tests.registering import found_card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def emma(live_server: LiveServer, miles: Program) -> Customer:
    return create_customer(first_name="Emma", last_name="Moore", phone="+43 664 1234567", actor=ACTOR)


def find(page: Page, heading: str, text: str) -> None:
    """In the box of that section, not in the one above every page."""
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    box = page.get_by_role("main").get_by_role("searchbox").last
    box.fill(text)
    with page.expect_navigation():
        box.press("Enter")


@mostly_wide
def test_somebody_without_a_membership_registers_a_card_with_a_receipt(
    log_in: LogIn, open_page: Open, miles: Program, emma: Customer, width: int
) -> None:
    make_terms(miles, text="Points end after two years.")
    change_program(miles, possession_limit=100)
    card = found_card(miles, 450)
    log_in(Role.SUPPORT_AGENT)
    page = open_page("/desk/playbooks/found-card", width=width)
    assert_sound(page)
    find(page, "The card", f"{card.number_id[:4]} {card.number_id[4:]}")
    expect(page.get_by_text("the number alone is not enough")).to_be_visible()
    assert_sound(page)
    page.get_by_role("link", name="Find the person").click()
    find(page, "Who has it?", "+43 664 1234567")
    assert_sound(page)
    page.get_by_role("link", name=re.compile("For this person")).click()
    expect(page.get_by_text("Points end after two years.")).to_be_visible()
    assert_sound(page)
    page.get_by_label("A receipt of a purchase with this card").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Say where the proof can be found again.")).to_be_visible()
    assert_sound(page)
    page.get_by_label("Reference", exact=True).fill("receipt 1234 of 20 Nov")
    page.get_by_label("The customer accepted the terms").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("The card becomes their main card")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="Register the card").dblclick()
    expect(page.get_by_role("heading", name="Done: Register a found card")).to_be_visible()
    assert_sound(page)
    page.reload()
    membership = Membership.objects.get()
    assert (membership.type, account_of(membership).balance) == ("standard", 450)
    assert CardRegistration.objects.get().proof_reference == "receipt 1234 of 20 Nov"
    assert_audit_clean()


@mostly_narrow
def test_somebody_who_takes_part_gets_the_points_and_it_can_be_undone(
    log_in: LogIn, open_page: Open, miles: Program, emma: Customer, width: int
) -> None:
    membership = enrol(emma, program=miles, actor=ACTOR)
    earn(membership, 100)
    card = found_card(miles, 300)
    log_in(Role.SUPERVISOR)
    page = open_page(f"/desk/customers/{emma.pk}", width=width)
    page.get_by_role("link", name="Playbook: found card").click()
    find(page, "The card", card.number_id)
    page.get_by_role("link", name="Register the card").click()
    expect(page.get_by_text("Nothing more is needed.")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="Preview").click()
    assert_sound(page)
    page.get_by_role("button", name="Register the card").click()
    assert_sound(page)
    assert account_of(membership).balance == 400
    page.get_by_role("link", name="Take it back: undo").click()
    expect(page.get_by_role("heading", name=re.compile("Undo"))).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Customer page").click()
    expect(page.get_by_text("400").first).to_be_visible()
