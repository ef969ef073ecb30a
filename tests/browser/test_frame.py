"""The frame every page of the desk stands in."""

import pytest
from playwright.sync_api import expect

from tests.browser.helpers import Open, assert_sound

pytestmark = pytest.mark.browser


def test_an_address_that_leads_nowhere(open_page: Open) -> None:
    page = open_page("/desk/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here that you can see")
    assert_sound(page)
