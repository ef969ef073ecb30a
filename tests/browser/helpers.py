"""What browser tests say about a page: the widths it is looked at, that it fits, what axe finds."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from staff.models import User

WIDE, NARROW = 1440, 390
SERIOUS = {"serious", "critical"}
LogIn = Callable[..., User]
Open = Callable[..., Page]

wide_and_narrow = pytest.mark.parametrize("width", [WIDE, NARROW])


def assert_fits(page: Page) -> None:
    """Nothing sticks out to the side."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def assert_accessible(page: Page) -> None:
    """axe finds nothing serious or critical."""
    found = Axe().run(page).response["violations"]
    told = [
        f"{one['id']} ({one['impact']}): {node['html']} {node['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
    assert told == [], told
