"""/desk/reports/analytics: units, overlap, lists."""

import csv

import pytest

from memberships.enrolment import enrol
from programs.models import Program
from staff.models import AccessLog
from tests.desk.visitor import Visitor
from tests.factories import ACTOR, make_customer, make_program

pytestmark = pytest.mark.django_db
MISSING = "/desk/reports/analytics/missing.csv"


def lines_of(visitor: Visitor, address: str) -> list[list[str]]:
    return list(csv.reader(visitor.client.get(address).getvalue().decode("utf-8-sig").splitlines()))


@pytest.fixture
def two() -> tuple[Program, Program]:
    """Ben is only in the first."""
    sky, sea = make_program("sky", business_unit="Air"), make_program("sea", business_unit="Water")
    enrol(make_customer("Ben Birch"), program=sky, actor=ACTOR)
    return sky, sea


def test_it_tells_of_units_and_who_is_only_in_some(two: tuple[Program, Program], auditor: Visitor) -> None:
    page = auditor.client.get("/desk/reports/analytics").content.decode()
    assert page.index(">Air ") < page.index(">Water ")
    assert f"{MISSING}?in=sky&amp;not_in=sea" in page
    assert f"{MISSING}?in=sea&amp;not_in=sky" not in page


def test_nobody_may_be_in_any_program(auditor: Visitor) -> None:
    page = auditor.client.get("/desk/reports/analytics").content.decode()
    assert "There is no program yet that you may see." in page


def test_lists_are_masked_and_written_down(two: tuple[Program, Program], auditor: Visitor) -> None:
    header, line = lines_of(auditor, f"{MISSING}?in=sky&not_in=sea")
    assert header == ["customer_number", "name", "kind", "customer_since"]
    assert line[1:] == ["B*** B***", "person", "2024-01-01"]
    logged = AccessLog.objects.get()
    assert (logged.action, logged.subject_kind) == ("export", "in-sky-not-in-sea")


def test_a_program_out_of_sight_is_not_found(two: tuple[Program, Program], auditor: Visitor) -> None:
    assert auditor.client.get(f"{MISSING}?in=sky&not_in=moon").status_code == 404


def test_every_program_is_a_line_and_every_customer(two: tuple[Program, Program], auditor: Visitor) -> None:
    header, *lines = lines_of(auditor, "/desk/reports/analytics.csv")
    assert header[:4] == ["business_unit", "program", "currency", "first_month"]
    assert [line[:2] for line in lines] == [["Air", "sky"], ["Water", "sea"]]
    _header, line = lines_of(auditor, "/desk/reports/analytics/customers.csv")
    assert line[4:7] == ["1", "1", "0"]
