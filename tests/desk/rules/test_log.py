"""The activity log: what members did, the newest first; and one activity with its why."""

from typing import Any

import pytest

from activities import activity_log
from activities.activity_log import Asked, log_page
from activities.models import ActivityStatus, MemberActivity, RuleEffect, RuleGroup
from activities.rules.releasing import create_rule, release_rule
from memberships.models import Membership
from programs.models import PointType, Program
from staff.models import Role
from tests.desk.visitor import Visitor, cells, earned
from tests.factories import ACTOR, make_membership, make_program


@pytest.fixture
def failed(michael_adams: Membership) -> MemberActivity:
    earned(michael_adams, 10, reference="R-FAILED")
    problem = {"code": "divided_by_zero", "detail": "It divides by 0.", "rule": "basic", "version": 1}
    MemberActivity.objects.update(status=ActivityStatus.FAILED, problem=problem)
    return MemberActivity.objects.get()


def test_a_failed_activity_says_why_in_the_log_and_on_its_page(agent: Visitor, failed: MemberActivity) -> None:
    page = agent.reads("activities", status="failed")
    row = next(row for row in page.rows if "R-FAILED" in row)
    assert row[1:4] == ["Earn", "failed, waiting It divides by 0.", failed.membership.number]
    text = agent.reads("activity", failed.pk).text
    assert "Why it failed It divides by 0." in text
    assert "Nothing: it was not processed." in text


def test_the_failed_rule_is_a_link(agent: Visitor, failed: MemberActivity, miles: Program) -> None:
    rule = released(miles)
    page = agent.reads("activity", failed.pk)
    assert "It was the rule Basic, version 1. Correct and release the rule" in page.text
    assert f"/desk/rules/{rule}" in page.links


def test_the_newest_come_first_and_filters_narrow_them(agent: Visitor, michael_adams: Membership) -> None:
    for points in (10, 20):
        earned(michael_adams, points, reference=f"R-{points}")
    other = make_membership(make_program("other"), "Katrin Bauer")
    earned(other, 30, reference="R-30")
    assert references(agent.reads("activities")) == ["R-30", "R-20", "R-10"]
    assert references(agent.reads("activities", program="other")) == ["R-30"]
    assert references(agent.reads("activities", membership=michael_adams.number)) == ["R-20", "R-10"]
    assert references(agent.reads("activities", reference="R-10")) == ["R-10"]
    assert references(agent.reads("activities", type="redeem")) == []
    assert "Nothing failed." in agent.reads("activities", status="failed").text
    assert "No activity is like that." in agent.reads("activities", membership="nobody").text


def test_foreign_activities_do_not_exist(failed: MemberActivity) -> None:
    stranger = Visitor(Role.SUPPORT_AGENT, make_program("other"))
    assert "Nothing failed." in stranger.reads("activities", status="failed").text
    assert stranger.status_of("activity", failed.pk) == 404
    assert "failed" not in stranger.reads("search").text


def test_the_menu_counts_what_failed_and_not_what_is_queued(agent: Visitor, failed: MemberActivity) -> None:
    assert "Activities 1 waiting" in agent.reads("search").text
    MemberActivity.objects.update(status=ActivityStatus.RECEIVED, problem=None)
    assert "Activities 1 waiting" not in Visitor(Role.SUPPORT_AGENT).reads("search").text


def test_pages_go_on_and_look_at_a_bounded_part_each(
    agent: Visitor, michael_adams: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    for points in range(1, 8):
        earned(michael_adams, points, reference=f"R-{points}")
    monkeypatch.setattr(activity_log, "PAGE", 3)
    monkeypatch.setattr(activity_log, "LOOK", 4)
    found, before = [], None
    # Ids come in blocks of a hundred, so there may be a gap between two of them.
    for _ in range(200):
        page = log_page(Asked(type_code="earn"), actor=ACTOR, before=before)
        found += [one.reference for one in page.rows]
        before = page.before
        if before is None:
            break
    assert found == [f"R-{points}" for points in range(7, 0, -1)]
    sparse = log_page(Asked(type_code="redeem"), actor=ACTOR)
    assert (list(sparse.rows), sparse.before is not None) == ([], True)
    assert "None among the newest ones that were looked at." in agent.reads("activities", type="redeem").text


def test_an_activity_shows_what_the_rules_did_and_why(
    agent: Visitor, michael_adams: Membership, miles: Program
) -> None:
    posting = earned(michael_adams, 10, reference="R-1")
    activity = MemberActivity.objects.get()
    rule = released(miles, condition="activity.amount >= 100.0")
    effect(activity, posting, points=5)
    page = agent.reads("activity", activity.pk)
    said = "Basic, version 1, gave 5 Miles because Amount is at least 100 EUR."
    assert f"Basic version 1 +5 Miles {said}" in page.text
    assert f"/desk/rules/{rule}" in page.links
    assert said in agent.reads("posting", posting).text
    assert "Basic v1 +5" in agent.reads("statement", michael_adams.pk).text
    assert "Basic +5 Amount is at least 100 EUR" in agent.reads("explain", michael_adams.pk).text
    assert said in agent.reads("rule", rule).text


def released(program: Program, *, condition: str = "") -> int:
    group, _ = RuleGroup.objects.get_or_create(program=program, code="base", defaults={"name": "Base"})
    definition = {"activity_types": ["purchase"], "condition": condition, "actions": [{"do": "credit", "points": 5}]}
    rule = create_rule(program, actor=ACTOR, code="basic", name="Basic", group=group, definition=definition)
    release_rule(rule, actor=ACTOR, why="agreed")
    return rule.pk


def effect(activity: MemberActivity, posting: int, *, points: int) -> None:
    """As processing writes it."""
    program = activity.program
    version = program.reward_rules.get(code="basic").versions.get()
    RuleEffect.objects.create(
        activity=activity, program=program, rule_version=version, position=1, action="credit", points=points,
        point_type=PointType.objects.get(program=program, code="miles"), because={"rounding": "down"},
        posting_id=posting,
    )  # fmt: skip


def references(page: Any) -> list[str]:
    rows = [row for row in page.rows if len(row) == 9 and row[0] != cells(page, "Happened")[0]] if page.rows else []
    return [row[7] for row in rows]
