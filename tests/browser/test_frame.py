"""The frame every page of the desk stands in."""

import pytest
from playwright.sync_api import expect

from staff.models import Role
from tests.browser.helpers import LogIn, Open, assert_sound
from tests.factories import make_program

pytestmark = pytest.mark.browser


def test_an_address_that_leads_nowhere(open_page: Open) -> None:
    page = open_page("/desk/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here that you can see")
    assert_sound(page)


def test_the_menu_unfolds_by_keyboard_one_heading_at_a_time(
    transactional_db: None, log_in: LogIn, open_page: Open
) -> None:
    make_program("sky")
    log_in(Role.SUPPORT_AGENT)
    page = open_page("/desk/claims")
    menu = page.get_by_role("navigation", name="Desk")
    expect(menu.get_by_role("link")).to_have_count(0)
    menu.locator("summary").filter(has_text="Points").focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("link", name="Claims for missing points")).to_have_attribute("aria-current", "page")
    assert_sound(page)
    menu.locator("summary").filter(has_text="Reports").click()
    expect(menu.get_by_role("link", name="Liability")).to_be_visible()
    expect(menu.get_by_role("link", name="Claims for missing points")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(menu.get_by_role("link")).to_have_count(0)
    menu.locator("summary").filter(has_text="Customers").click()
    menu.get_by_role("link", name="Find a customer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Find a customer")
