"""The command: what it prints, its exit codes, the error file, the help."""

from pathlib import Path
from typing import Any

import pytest

from activities.management.commands import import_activities
from activities.models import ActivityBatch, ActivityType, MemberActivity, PointFlow
from common import clock
from memberships.models import Membership
from programs.models import Partner, Program
from tests.activities.test_import_commands import run
from tests.factories import make_membership, make_program

pytestmark = pytest.mark.django_db


@pytest.fixture
def sky(db: None) -> Program:
    program = make_program("sky")
    ActivityType.objects.create(program=program, code="stay", name="Stay", flow=PointFlow.NONE)
    return program


@pytest.fixture
def emma(sky: Program) -> Membership:
    return make_membership(sky)


def file_of(folder: Path, *numbers: str) -> str:
    at = clock.now().isoformat()
    file = folder / "night.csv"
    file.write_text("\n".join(["type,member_number,occurred_at", *[f"stay,{number},{at}" for number in numbers], ""]))
    return str(file)


def test_a_file_is_taken_in_under_its_name_and_refused_lines_are_written_to_be_corrected(
    sky: Program, emma: Membership, tmp_path: Path
) -> None:
    file, errors = file_of(tmp_path, emma.number, "SK0000"), tmp_path / "refused.csv"
    code, out, err = run("import_activities", "sky", file, errors=str(errors))
    assert (code, out) == (1, "2 lines: 1 received, 1 refused.\n")
    assert "Line 3: There is no such membership that you can see." in err
    assert ActivityBatch.objects.get().name == "night.csv"
    again = run("import_activities", "sky", file, errors=str(errors))
    assert again[:2] == (1, "2 lines: 1 received, 1 refused; 2 of them by an earlier run.\n")
    errors.write_text(errors.read_text().replace("SK0000", emma.number))
    corrected = run("import_activities", "sky", str(errors), batch="corrected")
    assert corrected[:2] == (0, "1 lines: 1 received, 0 refused.\n")
    assert MemberActivity.objects.filter(membership=emma, status="received").count() == 2


def test_a_rehearsal_writes_nothing(sky: Program, emma: Membership, tmp_path: Path) -> None:
    code, out, _ = run("import_activities", "sky", file_of(tmp_path, emma.number), dry_run=True)
    assert (code, out) == (0, "1 lines: 1 received, 0 refused. Nothing was written: this was a rehearsal.\n")
    assert not ActivityBatch.objects.exists() and not MemberActivity.objects.exists()


@pytest.mark.parametrize(
    "options", [{"partner": "none"}, {"batch": "x" * 81}, {"as_user": "nobody"}, {"program": "none"}, {"file": "none"}]
)
def test_what_can_not_be_taken_ends_with_two_and_writes_nothing(
    sky: Program, emma: Membership, tmp_path: Path, options: dict[str, Any]
) -> None:
    program, file = options.pop("program", "sky"), options.pop("file", file_of(tmp_path, emma.number))
    assert run("import_activities", program, file, **options)[0] == 2
    assert not ActivityBatch.objects.exists()


def test_a_partner_s_file_names_the_partner(sky: Program, emma: Membership, tmp_path: Path) -> None:
    hotel = Partner.objects.create(program=sky, code="hotel", name="Hotel")
    assert run("import_activities", "sky", file_of(tmp_path, emma.number), partner="hotel")[0] == 0
    assert MemberActivity.objects.get().partner_id == hotel.pk


def test_the_help_explains_every_column() -> None:
    told = import_activities.Command().create_parser("manage.py", "import_activities").format_help()
    for column in import_activities.COLUMNS:
        assert f"\n  {column.name} " in told
    assert "attr:NAME" in told
