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
AXE = Axe()

# A story is played at one width and each of its pages looked at in both; the other one is among what takes long.
mostly_wide = pytest.mark.parametrize("width", [WIDE, pytest.param(NARROW, marks=pytest.mark.deep)])
mostly_narrow = pytest.mark.parametrize("width", [pytest.param(WIDE, marks=pytest.mark.deep), NARROW])


def assert_sound(page: Page) -> None:
    """At both widths it fits and axe finds nothing serious: one document, loaded once."""
    opened = page.viewport_size
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page)
        assert_accessible(page)
    if opened is not None:
        page.set_viewport_size(opened)


def assert_fits(page: Page) -> None:
    """Nothing sticks out to the side."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def assert_accessible(page: Page) -> None:
    """axe finds nothing serious or critical."""
    found = AXE.run(page).response["violations"]
    told = [
        f"{one['id']} ({one['impact']}): {node['html']} {node['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
    assert told == [], told
