"""The member's own page in a real browser: read on a phone, answered without scripts, nothing told to others."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from memberships.changes.inviting import ask
from memberships.models import MembershipChange
from programs.models import Program
from tests.asking import AGENT, log_of, proposed, reachable, split_of, status_of, token_in
from tests.browser.helpers import NARROW, Open, assert_sound, mostly_narrow, mostly_wide
from tests.changes import pair, people_of, pool_of
from tests.factories import make_program, member_of

pytestmark = pytest.mark.browser

Link = Callable[[MembershipChange, int], str]


@pytest.fixture
def miles(transactional_db: None) -> Program:
    return make_program("miles", name="Sky Miles", brand_color="#0b7285")


@pytest.fixture
def change(miles: Program) -> MembershipChange:
    sides = pair(miles, "Katrin Bauer-Hohenstein", "John Miller")
    reachable(*sides)
    return proposed(*sides)


def link_to(change: MembershipChange, customer_id: int) -> str:
    return f"/consent/{token_in(ask(change, customer_id=customer_id, method='link', actor=AGENT))}"


def katrins(change: MembershipChange) -> str:
    return link_to(change, people_of(change.prime)[0])


@mostly_wide
def test_the_page_is_read_and_answered(open_page: Open, change: MembershipChange, width: int) -> None:
    page = open_page(katrins(change), width=width)
    expect(page.get_by_role("heading", level=1)).to_have_text("Share one account")
    assert_sound(page)
    page.get_by_role("button", name="Yes, I agree").click()
    expect(page.get_by_role("status")).to_contain_text("You agreed on")
    assert_sound(page)
    page.reload()
    assert log_of(change) == [(people_of(change.prime)[0], "given", "link")]
    page.get_by_role("button", name="Take my consent back").click()
    expect(page.get_by_role("status")).to_contain_text("You took your consent back")
    assert_sound(page)
    assert status_of(change) == "awaiting_consent"


@mostly_narrow
def test_a_no_is_said_and_told(open_page: Open, change: MembershipChange, width: int) -> None:
    page = open_page(katrins(change), width=width)
    page.get_by_role("button", name="No, I do not agree").click()
    expect(page.get_by_role("status")).to_contain_text("nothing was changed")
    assert_sound(page)
    assert status_of(change) == "refused"


@mostly_wide
def test_a_split_is_told_and_other_links_lead_to_a_polite_page(open_page: Open, miles: Program, width: int) -> None:
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    reachable(katrin)
    change = split_of(katrin, member_of(john), john, policy="manual", manual_shares={"miles": 300}, freezes=True)
    page = open_page(link_to(change, member_of(katrin)), width=width)
    expect(page.get_by_role("heading", level=1)).to_have_text("John M. leaves the shared account")
    assert_sound(page)
    page = open_page("/consent/somebody-elses", width=width)
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing to answer here")
    assert_sound(page)


def test_it_works_without_scripts_by_keyboard_and_tells_no_referrer(
    browser: Browser, live_server: LiveServer, change: MembershipChange
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": NARROW, "height": 800})
    page: Page = context.new_page()
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request))
    page.goto(f"{live_server.url}{katrins(change)}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Yes, I agree")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("You agreed on")
    assert len(sent) > 3
    assert not any(one.all_headers().get("referer") for one in sent)
    assert context.cookies() == []
    context.close()
