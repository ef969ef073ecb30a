"""The dashboard and the reports in a browser: readable at both widths, by keyboard, and clean for axe."""

import pytest
from playwright.sync_api import Page, expect

from points.keeping import keep_days
from programs.models import Program
from staff.models import Role
from tests.browser.helpers import LogIn, Open, assert_sound
from tests.factories import make_membership, make_program
from tests.points.histories import at, coins_in, every_kind
from tests.points.world import earned

pytestmark = pytest.mark.browser

PAGES = {
    "home": ("/desk/?program=sky", "Overview"),
    "liability": ("/desk/reports/liability?program=sky&month=2025-03", "Liability: March 2025"),
    "entries": (
        "/desk/reports/liability/entries?program=sky&month=2025-03&point_type=miles&line=redeemed",
        "Redeemed: Miles, March 2025",
    ),
    "forecast": ("/desk/reports/expiry?program=sky", "Expiry forecast"),
}


@pytest.fixture
def sky(transactional_db: None, log_in: LogIn) -> Program:
    program = make_program("sky", time_zone="Europe/Berlin", name="Sky Club")
    make_program("stars")
    coins_in(program)
    with at(2025, 1, 5):
        michael, katrin = make_membership(program, "Michael Adams"), make_membership(program, "Katrin Bauer")
    every_kind(michael, katrin)
    keep_days(program)
    earned(katrin, 4321, days=30)
    log_in(Role.AUDITOR)
    return program


def opened(open_page: Open, name: str, width: int = 1440) -> Page:
    path, heading = PAGES[name]
    page = open_page(path, width=width)
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    for folded in page.locator("main summary").all():
        folded.click()
    return page


@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_and_axe_finds_nothing_serious(sky: Program, open_page: Open, name: str) -> None:
    page = opened(open_page, name)
    assert_sound(page)


def test_every_chart_has_a_name_and_its_table(sky: Program, open_page: Open) -> None:
    page = opened(open_page, "home", 1440)
    drawings = page.get_by_role("img")
    assert drawings.count() >= 2
    for drawing in drawings.all():
        named = drawing.get_attribute("aria-labelledby")
        assert page.locator(f"#{named}").inner_text().strip()
        # Twelve months in words and figures.
        assert drawing.locator("xpath=ancestor::figure").locator("tbody tr").count() == 12


def test_from_a_figure_to_its_entries_by_keyboard(sky: Program, open_page: Open) -> None:
    page = opened(open_page, "liability", 1440)
    link = page.locator("section").first.get_by_role("link", name="entries: Redeemed")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/liability/entries?**line=redeemed**")
    assert page.locator("tbody tr").count() == 2
    page.get_by_role("link", name="Liability: March 2025").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Liability: March 2025")


def test_another_program_is_chosen_and_a_month(sky: Program, open_page: Open) -> None:
    page = opened(open_page, "liability", 390)
    page.get_by_label("Month", exact=True).fill("2025-02")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Liability: February 2025")
    page.get_by_label("Program", exact=True).select_option("stars")
    page.get_by_role("button", name="Show").click()
    assert "program=stars" in page.url
