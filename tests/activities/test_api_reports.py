"""The reports of a program by API: shapes, links, refusals."""

from collections.abc import Callable
from typing import Any

import pytest

from programs.models import Program
from tests.activities.conftest import Caller
from tests.factories import make_membership, make_program
from tests.points.histories import at, coins_in, every_kind
from tests.points.world import earned

MakeCaller = Callable[..., Caller]


@pytest.fixture
def sky(db: None) -> Program:
    program = make_program("sky", time_zone="Europe/Berlin")
    coins_in(program)
    with at(2025, 1, 5):
        michael, katrin = make_membership(program, "Michael Adams"), make_membership(program, "Katrin Bauer")
    every_kind(michael, katrin)
    return program


@pytest.fixture
def analyst(caller: MakeCaller, sky: Program) -> Caller:
    return caller("reports:read", programs=(sky,))


def test_the_report_of_a_month_reconciles(analyst: Caller) -> None:
    body = analyst.get("programs/sky/liability?month=2025-03").json()
    assert set(body) == {
        "program", "month", "time_zone", "from", "to", "complete", "computed_at", "currency", "point_types",
    }  # fmt: skip
    assert [one["point_type"] for one in body["point_types"]] == ["miles", "coins", "status"]
    for one in body["point_types"]:
        assert one["closing"] == one["opening"] + one["earned"] - one["redeemed"] - one["expired"] + one["adjusted"]
        assert one["closing"] == one["opening"] + sum(line["points"] for line in one["lines"])
        assert all(line["points"] == line["credited"] - line["debited"] for line in one["lines"])
    assert body["point_types"][0]["closing"] == 1332


def test_without_a_month_it_is_the_running_one_so_far(analyst: Caller) -> None:
    with at(2025, 4, 1, 0, 30):
        body = analyst.get("programs/sky/liability").json()
    assert (body["month"], body["complete"], body["point_types"][0]["opening"]) == ("2025-04", False, 1332)


@pytest.mark.parametrize("month", ["2025", "2025-3", "2025-00", "2025-13", "march", "2025-03-01", "9999-01", "", "١٢"])
def test_a_bad_month_is_told_as_a_problem(month: str, analyst: Caller) -> None:
    for path in ("liability?", "liability/entries?line=earned&"):
        answer = analyst.get(f"programs/sky/{path}month={month}")
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert answer.json()["errors"][0]["pointer"] == "?month"


def test_each_line_opens_its_entries(analyst: Caller) -> None:
    miles = analyst.get("programs/sky/liability?month=2025-03").json()["point_types"][0]
    for line in miles["lines"]:
        path = f"programs/sky/liability/entries?month=2025-03&point_type=miles&line={line['line']}"
        entries = analyst.get(path).json()["results"]
        assert (len(entries), sum(one["points"] for one in entries)) == (line["entries"], line["points"])
    fields = {
        "id", "membership", "posting", "kind", "reverses", "points", "balance_after", "reason", "occurred_at",
        "recorded_at",
    }  # fmt: skip
    assert all(set(one) == fields and one["membership"] for one in entries)


def test_entries_are_read_page_by_page(analyst: Caller) -> None:
    path = "programs/sky/liability/entries?month=2025-03&line=changed"
    whole = analyst.get(path).json()["results"]
    read, following = [], f"/api/{path}&page_size=4"
    while following:
        body = analyst.client.get(following).json()
        read += body["results"]
        following = body["next"]
    assert read == whole
    assert len(whole) == 6


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ("", 400, "?line"),
        ("line=nothing", 400, "?line"),
        ("line=earned&cursor=x", 400, "?cursor"),
        ("line=earned&cursor=WyIyMDI1IiwxXQ==", 400, "?cursor"),
        ("line=earned&page_size=0", 400, "?page_size"),
        ("line=earned&point_type=none", 422, None),
    ],
)
def test_bad_questions_are_refused(asked: str, status: int, told: str | None, analyst: Caller) -> None:
    answer = analyst.get(f"programs/sky/liability/entries?month=2025-03&{asked}")
    assert answer.status_code == status
    assert [one["pointer"] for one in answer.json()["errors"]] == ([told] if told else [])


def test_the_forecast_shows_weeks_months_and_what_stands_apart(analyst: Caller, sky: Program) -> None:
    with at(2025, 4, 10):
        earned(make_membership(sky, "John Moore"), 50, days=20)
        body = analyst.get("programs/sky/expiry-forecast").json()
    miles: dict[str, Any] = body["point_types"][0]
    assert (miles["next_90_days"]["points"], miles["never"]["points"], miles["balance"]) == (50, 1339, 1389)
    assert [(one["from"], one["to"], one["points"]) for one in miles["weeks"]][2] == ("2025-04-24", "2025-04-30", 50)
    assert [one["month"] for one in miles["months"]][:2] == ["2025-04", "2025-05"]
    assert len(miles["months"]) == 24


@pytest.mark.parametrize("path", ["liability", "liability/entries?line=earned", "expiry-forecast"])
def test_another_program_answers_like_none(path: str, analyst: Caller, caller: MakeCaller) -> None:
    make_program("stars")
    foreign, unknown = (analyst.get(f"programs/{code}/{path}") for code in ("stars", "nowhere"))
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.json() == unknown.json()
    assert caller("memberships:read").get(f"programs/sky/{path}").status_code == 403
