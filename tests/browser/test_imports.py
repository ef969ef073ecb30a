"""A file is imported by clicks, wide and narrow."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from customers.models import Customer
from loyalty_site.desk import uploads
from staff.models import Role
from tests.browser.helpers import LogIn, Open, assert_sound, mostly_narrow, mostly_wide
from tests.factories import make_program

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FILE = (
    "number,first_name,last_name,email,phone,address_lines,postal_code,city,country\n"
    "50012,Emma,Rodriguez,emma@example.com,+43 664 1234567,Ring 1,1010,Wien,AT\n"
    "10001,John,Chen,john@example.com,,,,,\n"
    "445678,David,Park,no address,,,,,\n"
)


@mostly_wide
def test_a_file_is_looked_at_imported_and_corrected(
    log_in: LogIn, open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(uploads, "FOLDER", tmp_path / "imports")
    make_program("sky", name="Sky Club", brand_color="#d9480f")
    log_in(Role.SUPERVISOR)
    page = open_page("/desk/imports", width=width)
    assert_sound(page)
    page.locator("summary", has_text="Columns of customers").click()
    assert_sound(page)
    file = tmp_path / "customers.csv"
    file.write_text(FILE)
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Look at the file").click()
    page.get_by_role("heading", name="Before the import").wait_for()
    expect(page.get_by_text("email: Enter a valid email address.")).to_be_visible()
    assert_sound(page)
    page.get_by_label("Import the good lines").check()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("heading", name="Imported").wait_for()
    assert_sound(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the refused lines").click()
    assert "no address" in Path(download.value.path()).read_text()
    assert set(Customer.objects.values_list("number", flat=True)) == {"50012", "10001"}


@mostly_narrow
def test_customers_are_exported(log_in: LogIn, open_page: Open, width: int) -> None:
    make_program("sky", name="Sky Club", brand_color="#d9480f")
    log_in(Role.SUPERVISOR)
    page = open_page("/desk/exports", width=width)
    assert_sound(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "customers.csv"
