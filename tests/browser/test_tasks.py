"""The stories of the desk done in a real browser, with the mouse and with the keyboard alone."""

import re

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from activities.calls import PointsCall
from activities.earning import earn_in_general
from customers.creating import create_customer
from memberships.enrolment import enrol
from memberships.models import Membership
from points.models import Adjustment, Posting
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.browser.helpers import LogIn, Open, assert_sound, mostly_narrow, mostly_wide
from tests.factories import ACTOR, account_of, make_terms

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def emma(live_server: LiveServer, miles: Program) -> Membership:
    customer = create_customer(first_name="Emma", last_name="Moore", phone="+43 664 1234567", actor=ACTOR)
    return enrol(customer, program=miles, actor=ACTOR)


@mostly_narrow
def test_wrong_points_were_booked_yesterday(log_in: LogIn, open_page: Open, emma: Membership, width: int) -> None:
    earn_in_general(PointsCall(emma.pk, 500), actor=ACTOR)
    log_in(Role.SUPERVISOR)
    page = open_page("/desk/search", width=width)
    page.get_by_role("searchbox").fill(emma.number)
    page.keyboard.press("Enter")
    page.locator(f'a[href="/desk/postings/{Posting.objects.get().pk}"]').first.click()
    page.get_by_role("link", name="Reverse", exact=True).click()
    assert_sound(page)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("500 of 500 Miles are moved back.")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="Reverse", exact=True).click()
    expect(page.get_by_role("heading", name="Done: Reverse a posting")).to_be_visible()
    assert_sound(page)
    page.get_by_role("link", name="Book the right points: adjust").click()
    expect(page.get_by_label("Reason")).to_have_value("booked-wrongly")
    page.get_by_label("Points", exact=True).fill("50")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Book it").dblclick()
    expect(page.get_by_role("heading", name="Done: Adjust points")).to_be_visible()
    page.reload()
    page.go_back()
    assert account_of(emma).balance == 50
    assert Posting.objects.count() == 3
    assert_audit_clean()


@mostly_wide
def test_a_customer_asks_why_points_are_gone(log_in: LogIn, open_page: Open, emma: Membership, width: int) -> None:
    earn_in_general(PointsCall(emma.pk, 500), actor=ACTOR)
    log_in(Role.SUPPORT_AGENT)
    page = open_page("/desk/search", width=width)
    page.get_by_role("searchbox").fill("+43 664 1234567")
    page.keyboard.press("Enter")
    page.locator(f'a[href="/desk/memberships/{emma.pk}"]').first.click()
    page.locator(f'a[href^="/desk/memberships/{emma.pk}/explain"]').first.click()
    expect(page.get_by_text("500").first).to_be_visible()
    assert_sound(page)
    assert Posting.objects.count() == 1


@mostly_narrow
def test_goodwill_above_the_limit_by_keyboard(log_in: LogIn, open_page: Open, emma: Membership, width: int) -> None:
    log_in(Role.SUPPORT_AGENT)
    page = open_page(f"/desk/memberships/{emma.pk}/adjust", width=width)
    page.get_by_label("Points", exact=True).focus()
    page.keyboard.type("5000")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("two hours in the queue")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("it waits for a second person")).to_be_visible()
    page.get_by_role("button", name="Book it").press("Enter")
    expect(page.get_by_role("heading", name="Done: Adjust points")).to_be_visible()
    assert_sound(page)

    log_in(Role.SUPERVISOR)
    page = open_page("/desk/work/adjustments", width=width)
    page.locator(f'a[href="/desk/adjustments/{Adjustment.objects.get().pk}"]').first.click()
    expect(page.get_by_text("two hours in the queue")).to_be_visible()
    page.get_by_label("Approve: book the points").check()
    assert_sound(page)
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("heading", name=re.compile("Done: Decide"))).to_be_visible()
    assert account_of(emma).balance == 5000
    assert_audit_clean()


def test_every_kind_of_form_fits_and_is_accessible(
    log_in: LogIn, open_page: Open, emma: Membership, miles: Program
) -> None:
    make_terms(miles)
    customer = emma.members.get().customer_id
    log_in(Role.ADMIN)
    names = (
        "transfer",
        "redeem",
        "spending-code",
        "hold",
        "convert",
        "activate",
        "pause",
        "suspend",
        "reinstate",
        "renew",
        "terminate",
    )
    paths = [f"memberships/{emma.pk}/{name}" for name in names]
    paths += [f"customers/{customer}/{name}" for name in ("enrol", "edit", "deactivate", "delete", "erase")]
    for path in ["customers/new", *paths]:
        assert_sound(open_page(f"/desk/{path}"))
