"""All customers as a table: masked for most, and read back by the import as nothing new."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from common.actor import Actor
from common.errors import NotAllowed
from common.sheets import write_csv
from common.sheets.importing import import_file
from customers.creating import create_customer
from customers.erasing import erase_customer
from customers.exporting import NAMES, check_export, customer_rows
from customers.importing import CustomerImport
from customers.models import Customer
from staff.models import AccessLog, Role, StaffRight, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(michael_adams: Customer, agent: Actor) -> None:
    create_customer("organization", name="=Alpine Tours", actor=agent, credit_limit=Decimal("-0") + 100, notes="a\nb")
    create_customer(name="Cher", actor=agent, birth_date=date(1946, 5, 20))
    create_customer(number="77", first_name="Ann", last_name="Lee", phone="+43 1 22", actor=agent)
    erase_customer(create_customer(name="Gone", actor=agent), actor=agent, reason="wish")


def rows(*, unmasked: bool) -> list[dict[str, Any]]:
    return [dict(zip(NAMES, row, strict=True)) for row in customer_rows(unmasked=unmasked)]


def test_every_value_has_its_column(people: None) -> None:
    michael, alpine, cher, ann = rows(unmasked=True)
    assert (michael["first_name"], michael["name"], michael["email"]) == ("Michael", None, "Michael.Adams@Example.com")
    assert (michael["address_lines"], michael["document_number"], michael["contact_by_sms"]) == (
        "Ring 1", "P 123-456", False,
    )  # fmt: skip
    assert (alpine["kind"], alpine["name"], alpine["credit_limit"]) == ("organization", "=Alpine Tours", Decimal(100))
    assert (cher["name"], cher["birth_date"], ann["number"]) == ("Cher", date(1946, 5, 20), "77")


def test_without_the_right_nobody_is_recognized(people: None) -> None:
    michael = rows(unmasked=False)[0]
    assert (michael["first_name"], michael["last_name"], michael["email"], michael["phone"]) == (
        "M***", "A***", "m***@e***.com", "***67",
    )  # fmt: skip
    hidden = ("birth_date", "address_lines", "postal_code", "city", "document_number", "notes", "payment_terms")
    assert [michael[name] for name in hidden] == ["***", "***", "***", "***", "***56", None, None]
    text = b"".join(write_csv(NAMES, customer_rows(unmasked=False))).decode()
    assert not [word for word in ("Michael", "Adams", "Alpine", "Cher", "1946", "Ring", "Wien") if word in text]


def test_its_own_export_is_nothing_new_to_the_import(people: None, agent: Actor) -> None:
    # Numbers drawn here are no numbers of another system; known ones are found all the same.
    file = BytesIO(b"".join(write_csv(NAMES, customer_rows(unmasked=True))))
    counts = import_file(file, CustomerImport(actor=agent, update=True))
    assert list(counts.records.values()) == [0, 0, 4, 0]


@pytest.mark.parametrize("missing", ["customers:read", "reports:read", "personal:unmask"])
def test_the_rights_it_needs(missing: str) -> None:
    actor = Actor("user", 3, 1, "ann", may=lambda action, program_id: action != missing, programs=None)
    with pytest.raises(NotAllowed):
        check_export(actor, unmasked=True)
    if missing == "personal:unmask":
        check_export(actor, unmasked=False)


def test_the_command_writes_a_workbook_and_logs_it(people: None, tmp_path: Any) -> None:
    ann = User.objects.create(username="ann", is_staff=True)
    StaffRight.objects.create(user=ann, role=Role.SUPPORT_AGENT)
    path = tmp_path / "customers.xlsx"
    call_command("export_customers", str(path), as_user="ann", unmasked=True)
    table = list(load_workbook(path).active.iter_rows(values_only=True))
    assert len(table) == 5
    assert dict(zip(table[0], table[2], strict=True))["name"] == "'=Alpine Tours"
    assert AccessLog.objects.latest("pk").facts == {"unmasked": True, "file": "command", "rows": 4, "whole": True}
    with pytest.raises(CommandError):
        call_command("export_customers", str(tmp_path / "customers.pdf"), as_user="ann")
