"""The desk in a real browser: at both widths, by keyboard, with what axe says."""

import pytest
from playwright.sync_api import expect

from activities.adjusting import AdjustmentCall, adjust_points
from activities.holding import HoldCall, hold_points
from customers.keys import name_key
from memberships.enrolment import enrol
from memberships.lifecycle import suspend
from memberships.models import Membership
from staff.models import Role
from tests.browser.helpers import NARROW, LogIn, Open, assert_sound
from tests.desk.visitor import earned, redeemed
from tests.factories import ACTOR, make_customer, make_program, make_terms

pytestmark = pytest.mark.browser


@pytest.fixture
def emma(transactional_db: None) -> Membership:
    """In two programs of unlike colors, with something of everything; suspended in the second."""
    sky = make_program("sky", name="SkyConnect Rewards", brand_color="#0b7285")
    make_terms(sky)
    person = make_customer("Emma Stone", email="emma@example.com", name_key=name_key("Emma Stone"))
    other = make_customer("Emma Moore", name_key=name_key("Emma Moore"), email_key="emma@example.com")
    membership = enrol(person, program=sky, actor=ACTOR, accept_terms=True)
    enrol(other, program=sky, actor=ACTOR, accept_terms=True)
    earned(membership, 1_500, reference="R-17", location="Bonn")
    redeemed(membership, 200)
    hold_points(HoldCall(membership.pk, 100, reference="BASKET"), actor=ACTOR)
    adjust_points(AdjustmentCall(membership.pk, 5_000, "goodwill", note="two hours"), actor=ACTOR)
    season = make_program("sun", name="Summer Bonus", brand_color="#ffe066")
    suspend(enrol(person, program=season, actor=ACTOR), actor=ACTOR, reason="misuse")
    make_program("third", name="Third Program")
    return membership


def test_every_page_fits_and_is_accessible(emma: Membership, log_in: LogIn, open_page: Open) -> None:
    log_in(Role.SUPERVISOR)
    person = emma.members.get().customer_id
    posting = redeemed(emma, 50)
    for path in (
        f"customers/{person}", f"memberships/{emma.pk}", f"memberships/{emma.pk}/statement",
        f"memberships/{emma.pk}/explain", f"postings/{posting}", "search", "search?q=emma", "search?q=nobody",
        "work/adjustments", "activities", "work/duplicates",
    ):  # fmt: skip
        page = open_page(f"/desk/{path}")
        assert_sound(page)
    page.emulate_media(color_scheme="dark")
    assert_sound(open_page(f"/desk/customers/{person}"))


def test_from_a_phone_call_to_why_points_are_gone(emma: Membership, log_in: LogIn, open_page: Open) -> None:
    log_in(Role.SUPPORT_AGENT)
    page = open_page("/desk/search")
    page.keyboard.press("/")
    page.keyboard.type(emma.number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("E*** S***")
    page.get_by_role("article").first.get_by_role("link", name="Why this balance?").click()
    expect(page.get_by_role("heading", name="Where points went")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Redeemed")).to_contain_text("−200")


def test_folded_parts_open_without_a_script(emma: Membership, log_in: LogIn, open_page: Open) -> None:
    log_in(Role.SUPPORT_AGENT)
    page = open_page(f"/desk/customers/{emma.members.get().customer_id}", width=NARROW)
    page.get_by_text("Changes: who, when, what, why").click()
    expect(page.get_by_text("– misuse")).to_be_visible()
    assert_sound(page)


def test_the_first_tab_skips_to_the_content(emma: Membership, log_in: LogIn, open_page: Open) -> None:
    log_in(Role.AUDITOR)
    page = open_page("/desk/search")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_paper_holds_the_statement_alone(emma: Membership, log_in: LogIn, open_page: Open) -> None:
    log_in(Role.AUDITOR)
    page = open_page(f"/desk/memberships/{emma.pk}/statement")
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.emulate_media(media="print")
    for gone in (page.locator(".top"), page.locator(".filters"), page.get_by_role("button", name="Print")):
        expect(gone).to_be_hidden()
    expect(page.get_by_text("SkyConnect Rewards")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Redeemed")).to_be_visible()
