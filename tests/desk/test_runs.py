"""The history of runs, program by program."""

from datetime import UTC, datetime, timedelta

import pytest

from programs.models import Program, Run
from staff.models import Role
from tests.desk.visitor import Visitor, cells
from tests.factories import make_program

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ran(program: Program, kind: str = "send_notices", **values: object) -> Run:
    given = {"started_at": NOON, "ended_at": NOON + timedelta(seconds=90), "counts": {"waiting": 1200}} | values
    return Run.objects.create(program=program, kind=kind, **given)


def test_each_run_tells_when_how_long_and_what(miles: Program) -> None:
    ran(miles)
    ran(miles, "review_tiers", counts={}, problem="RuntimeError no more paper")
    ran(miles, "renew_memberships", counts={"lapsed": 2}, dry_run=True, ended_at=None)
    ran(miles, "tidy_up", counts={})
    ran(make_program("stars"), "secret_run")
    page = Visitor(Role.AUDITOR, miles).reads("runs", program="miles")
    assert cells(page, "Notices written") == ["Notices written", "1 Mar 2026, 12:00", "90.0", "done", "written 1,200"]
    assert cells(page, "Tiers reviewed")[3:] == ["stopped RuntimeError no more paper", "–"]
    assert cells(page, "Memberships renewed dry run")[2:] == [
        "–", "running, or cut off", "lapsed for want of payment 2",
    ]  # fmt: skip
    assert cells(page, "Tidy up")[3:] == ["done", "nothing to do"]
    assert "ecret run" not in page.text


def test_one_kind_alone_and_page_by_page(miles: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.desk.runs.PAGE", 2)
    rows = [ran(miles, counts={"waiting": number}) for number in range(3)]
    ran(miles, "review_tiers")
    visitor = Visitor(Role.AUDITOR, miles)
    page = visitor.reads("runs", program="miles", kind="send_notices")
    assert [row[-1] for row in page.rows[1:]] == ["written 2", "written 1"]
    assert f"/desk/runs?program=miles&kind=send_notices&before={rows[1].pk}" in page.links
    older = visitor.reads("runs", program="miles", kind="send_notices", before=str(rows[1].pk))
    assert [row[-1] for row in older.rows[1:]] == ["written 0"]
    assert len(visitor.reads("runs", program="miles", kind="no-such", before="x").rows) == 3


def test_nothing_ran_yet(miles: Program) -> None:
    assert "Nothing has run over this program yet." in Visitor(Role.AUDITOR, miles).reads("runs", program="miles").text
