"""The commands: what they print, their exit codes, the error file; and two runs of one file at once."""

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from activities.import_columns import COLUMNS
from activities.importing import MembershipImport
from activities.management.commands import import_memberships
from common.sheets.importing import import_file
from customers.importing import CustomerImport
from customers.models import Customer, CustomerNumber
from memberships.models import Membership
from points.models import PointAccount, Posting
from staff.models import Role, StaffRight, User
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, make_customer, make_program
from tests.threads import errors_in, together

SAMPLES = Path(__file__).resolve().parents[2] / "docs" / "samples"


def run(*arguments: str, **options: Any) -> tuple[int, str, str]:
    """Exit code, output, and what went to standard error."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err, **options)
    except CommandError as error:
        return error.returncode, out.getvalue(), f"{err.getvalue()}{error}"
    return 0, out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_the_samples_are_imported_twice_and_once_is_enough() -> None:
    make_program("sky")
    customers, memberships = str(SAMPLES / "customers.csv"), str(SAMPLES / "memberships.csv")
    assert run("import_customers", customers, dry_run=True) == (
        0, "3 lines: 3 new, 0 changed, 0 same, 0 refused. Nothing was written: this was a rehearsal.\n", "",
    )  # fmt: skip
    assert Customer.objects.count() == 0
    assert run("import_customers", customers)[:2] == (0, "3 lines: 3 new, 0 changed, 0 same, 0 refused.\n")
    assert run("import_memberships", "sky", memberships)[:2] == (0, "3 lines: 2 new, 0 changed, 0 same, 0 refused.\n")
    assert run("import_customers", customers)[:2] == (0, "3 lines: 0 new, 0 changed, 3 same, 0 refused.\n")
    assert run("import_memberships", "sky", memberships)[:2] == (0, "3 lines: 0 new, 0 changed, 2 same, 0 refused.\n")
    assert sum(PointAccount.objects.values_list("balance", flat=True)) == 1950
    assert_audit_clean()


@pytest.mark.django_db
def test_refused_lines_are_told_and_written_and_come_in_corrected(tmp_path: Path) -> None:
    make_program("sky")
    for number in ("K1", "K2"):
        make_customer(f"Emma {number}", number=number)
    file, errors = tmp_path / "memberships.csv", tmp_path / "refused.csv"
    file.write_text("customer_number,points\nK1,5\nK2,1.5\nK2,7\n")
    code, out, err = run("import_memberships", "sky", str(file), errors=str(errors))
    assert (code, out) == (1, "3 lines: 1 new, 0 changed, 0 same, 1 refused.\n")
    assert "Line 3: points: “1.5” is no whole number" in err
    rows = list(csv.DictReader(StringIO(errors.read_text("utf-8-sig"))))
    assert [(row["line"], row["customer_number"], row["points"]) for row in rows] == [
        ("3", "K2", "1.5"),
        ("4", "K2", "7"),
    ]
    assert rows[0]["refused_because"].startswith("points: “1.5”")
    assert list(rows[0]) == ["line", "refused_because", *(column.name for column in COLUMNS)]
    errors.write_text(errors.read_text("utf-8-sig").replace("1.5", "15"))
    assert run("import_memberships", "sky", str(errors))[:2] == (0, "2 lines: 1 new, 0 changed, 0 same, 0 refused.\n")
    assert sorted(PointAccount.objects.filter(balance__gt=0).values_list("balance", flat=True)) == [5, 22]


@pytest.mark.django_db
def test_a_file_that_can_not_be_read_exits_with_two(tmp_path: Path) -> None:
    make_program("sky")
    file = tmp_path / "memberships.csv"
    assert run("import_memberships", "sky", str(file))[0] == 2
    file.write_bytes(b"customer_number\nK\xe9\n")
    code, out, err = run("import_memberships", "sky", str(file))
    assert (code, out) == (2, "")
    assert "Line 2 is not UTF-8" in err
    assert run("import_memberships", "none", str(SAMPLES / "memberships.csv"))[0] == 2
    assert run("import_memberships", "sky", str(SAMPLES / "memberships.csv"), as_user="nobody")[0] == 2


@pytest.mark.django_db
def test_in_somebodys_name_their_rights_count(tmp_path: Path) -> None:
    sky = make_program("sky")
    make_customer("Emma Stone", number="K1")
    ann = User.objects.create(username="ann", is_staff=True)
    file = tmp_path / "memberships.csv"
    file.write_text("customer_number,points\nK1,1001\n")
    assert run("import_memberships", "sky", str(file), as_user="ann")[0] == 2
    StaffRight.objects.create(user=ann, role=Role.SUPPORT_AGENT, program=sky)
    code, _, err = run("import_memberships", "sky", str(file), as_user="ann")
    assert code == 1
    assert "more than you may take over alone" in err
    assert Membership.objects.count() == 0


def test_help_teaches_the_columns() -> None:
    command: BaseCommand = import_memberships.Command()
    text = command.create_parser("manage.py", "import_memberships").format_help()
    assert "  customer_number    text" in text
    assert "Exit codes: 0 every line was taken" in text


@pytest.mark.django_db(transaction=True)
@pytest.mark.concurrency
def test_two_runs_of_one_file_at_once_import_it_once(tmp_path: Path) -> None:
    sky = make_program("sky")
    customers, memberships = tmp_path / "customers.csv", tmp_path / "memberships.csv"
    numbers = [f"K{n}" for n in range(300)]
    customers.write_text("number,last_name,email\n" + "".join(f"{n},Lee,{n}@example.com\n" for n in numbers))
    memberships.write_text("customer_number,points\n" + "".join(f"{n},10\n" for n in numbers))

    def importing(path: Path, importer: Any) -> Any:
        with path.open("rb") as file:
            return import_file(file, importer).records

    results = together(*[lambda: importing(customers, CustomerImport(actor=ACTOR))] * 3)
    assert errors_in(results) == []
    assert sorted(one["new"] + one["same"] for one in results) == [300] * 3
    assert (Customer.objects.count(), CustomerNumber.objects.count()) == (300, 300)
    results = together(*[lambda: importing(memberships, MembershipImport(sky, actor=ACTOR))] * 3)
    assert errors_in(results) == []
    assert Membership.objects.count() == 300
    assert sum(one["new"] for one in results) == 300
    assert sum(one["refused"] for one in results) == 0
    assert Posting.objects.filter(kind="opening").count() == 300
    assert_audit_clean()
