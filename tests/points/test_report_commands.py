"""The commands of the reports: what they print and write, and how they end."""

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from points.models import DayFigure, KeptDays
from programs.kept import figures_of, keep_figures
from programs.models import KeptFigures, PointType, Program
from tests.factories import make_membership, make_program
from tests.points.histories import at, coins_in, every_kind
from tests.points.world import earned


@pytest.fixture
def sky(db: None) -> Program:
    program = make_program("sky", time_zone="Europe/Berlin", name="Sky")
    miles = PointType.objects.get(program=program, code="miles")
    miles.money_value, miles._history_date = Decimal("0.005"), datetime(2025, 1, 1, tzinfo=UTC)
    miles.save()
    coins_in(program)
    with at(2025, 1, 5):
        michael, katrin = make_membership(program, "Michael Adams"), make_membership(program, "Katrin Bauer")
    every_kind(michael, katrin)
    return program


def printed(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_month_is_printed_line_by_line_and_adds_up(sky: Program) -> None:
    lines = printed("liability_report", "sky", "--month", "2025-03").splitlines()
    assert lines[0] == "Sky, 2025-03 (Europe/Berlin)"
    start = lines.index("Miles (miles), EUR") + 1
    figures = {line[2:24].strip(): line[24:].split() for line in lines[start : start + 13]}
    assert figures["opening"] == ["1,000", "5.00"]
    assert figures["earned"] == ["540", "2.70"]
    assert figures["redeemed"] == ["-260", "-1.30"]
    assert figures["closing"] == ["1,332", "6.66"]
    points = {name: int(value[0].replace(",", "")) for name, value in figures.items()}
    assert points.pop("closing") == sum(points.values())


def test_json_is_what_the_api_answers(sky: Program) -> None:
    document = json.loads(printed("liability_report", "sky", "--month", "2025-03", "--json"))
    assert (document["month"], document["complete"], document["currency"]) == ("2025-03", True, "EUR")
    assert (document["from"], document["to"]) == ("2025-03-01T00:00:00+01:00", "2025-04-01T00:00:00+02:00")
    miles = document["point_types"][0]
    columns = {name: miles[name] for name in ("opening", "earned", "redeemed", "expired", "adjusted", "closing")}
    assert columns == {"opening": 1000, "earned": 540, "redeemed": 260, "expired": 33, "adjusted": 85, "closing": 1332}
    assert miles["value"]["closing"] == "6.66"
    assert miles["value"]["redeemed"] == "1.30"


def test_a_sheet_holds_signed_lines_from_opening_to_closing(sky: Program, tmp_path: Path) -> None:
    file = tmp_path / "march.csv"
    assert printed("liability_report", "sky", "--month", "2025-03", "--csv", str(file)) == f"Wrote {file}.\n"
    rows = list(csv.DictReader(file.open(encoding="utf-8-sig", newline="")))
    miles = [row for row in rows if row["point_type"] == "miles"]
    assert [miles[0]["line"], miles[-1]["line"]] == ["opening", "closing"]
    assert sum(int(row["points"]) for row in miles[:-1]) == int(miles[-1]["points"]) == 1332
    assert (
        printed("liability_report", "sky", "--month", "2025-03", "--csv", "-").splitlines()[0].startswith('"program",')
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["liability_report", "nowhere"], "There is no program “nowhere”."),
        (["liability_report", "sky", "--month", "March"], "Name a month as YYYY-MM, for example 2026-03."),
        (["liability_report", "sky", "--month", "2025-13"], "Name a month as YYYY-MM, for example 2026-03."),
        (["liability_report", "sky", "--month", "0001-01"], "Name a month as YYYY-MM, for example 2026-03."),
        (["liability_report", "sky", "--month", "9999-12"], "9999-12 has not begun yet in Europe/Berlin."),
        (["liability_report", "sky", "--csv", "/nowhere/at/all.csv"], "can't be written: No such file or directory."),
        (["expiry_forecast", "nowhere"], "There is no program “nowhere”."),
        (["expiry_forecast", "sky", "--csv", "/nowhere/at/all.csv"], "can't be written: No such file or directory."),
        (["keep_figures", "nowhere"], "There is no program “nowhere”."),
    ],
)
def test_bad_arguments_end_with_a_message_and_their_exit_code(arguments: list[str], message: str, sky: Program) -> None:
    with pytest.raises(CommandError) as refused:
        printed(*arguments)
    assert message in str(refused.value)
    assert refused.value.returncode == (1 if arguments[0] == "keep_figures" else 2)


def test_the_forecast_is_printed_and_written(sky: Program, tmp_path: Path) -> None:
    membership = make_membership(sky, "John Moore")
    with at(2025, 3, 10):
        earned(membership, 50, days=20)
        text = printed("expiry_forecast", "sky")
        document: Any = json.loads(printed("expiry_forecast", "sky", "--json"))
        sheet = list(csv.DictReader(io.StringIO(printed("expiry_forecast", "sky", "--csv", "-"))))
    assert ["2025-03", "50", "0.25"] in [line.split() for line in text.splitlines()]
    miles = document["point_types"][0]
    assert miles["next_90_days"] == {
        "points": 50, "dated": 50, "if_inactive": 0, "pending": 0, "held": 0, "value": "0.25"
    }  # fmt: skip
    assert miles["never"]["points"] == 1339
    assert [row["points"] for row in sheet if row["period"] == "month" and row["from"] == "2025-03"][0] == "50"


def test_keeping_figures_twice_adds_nothing_and_again_repairs(sky: Program) -> None:
    assert "more days are kept" in printed("keep_figures", "sky")
    count = DayFigure.objects.count()
    assert printed("keep_figures") == "Figures of 0 more days are kept.\n"
    DayFigure.objects.filter(kind="earn").delete()
    printed("keep_figures", "--again")
    assert DayFigure.objects.count() == count
    assert KeptDays.objects.get().program_id == sky.pk


def test_only_what_is_slow_is_kept_and_for_a_day_and_a_half(sky: Program) -> None:
    answers = iter([{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}])

    def compute(program: Program) -> dict[str, Any]:
        assert program == sky
        return next(answers)

    with at(2025, 5, 1) as kept_at:
        assert keep_figures(sky, "slow", compute, slow=0) is True
    with at(2025, 5, 2, 11, 59):
        found = figures_of(sky, "slow", compute)
    assert (found.figures, found.at) == ({"n": 1}, kept_at)
    with at(2025, 5, 2, 12) as now:
        found = figures_of(sky, "slow", compute)
    assert (found.figures, found.at) == ({"n": 2}, now)
    assert keep_figures(sky, "slow", compute, slow=3600) is False
    assert not KeptFigures.objects.exists()
