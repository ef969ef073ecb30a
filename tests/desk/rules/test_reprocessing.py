"""Failed activities are processed again at the desk: one, or all of a program."""

import pytest

from activities.models import ActivityStatus, MemberActivity
from activities.processing import process
from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.activities.ruling import in_force, release, waiting
from tests.desk.rules.test_pages import do
from tests.desk.visitor import Visitor
from tests.factories import ACTOR, account_of, make_program


@pytest.fixture
def failed(michael_adams: Membership, miles: Program) -> list[MemberActivity]:
    """Two that divide by 0, for a rule that is corrected since."""
    rule = in_force(miles, {"do": "credit", "expression": "100 / activity.points"}, code="share")
    found = [waiting(michael_adams), waiting(michael_adams)]
    for one in found:
        process([one], actor=ACTOR)
        one.refresh_from_db()
    assert {one.status for one in found} == {ActivityStatus.FAILED}
    before = rule.versions.get()
    release(rule, since=before.released_at, actions=[{"do": "credit", "points": 7}])
    return found


def test_one_is_processed_again_and_says_what_followed(
    agent: Visitor, failed: list[MemberActivity], michael_adams: Membership
) -> None:
    first, second = failed
    receipt = do(agent, "activity-reprocess", first.pk)
    assert "It is processed." in receipt.text
    assert "gave 7 Miles" in receipt.text
    assert account_of(michael_adams).balance == 7
    assert MemberActivity.objects.get(pk=second.pk).status == ActivityStatus.FAILED
    assert "Only what failed is processed again" in agent.reads("activity-reprocess", first.pk).text


def test_a_preview_posts_nothing(agent: Visitor, failed: list[MemberActivity], michael_adams: Membership) -> None:
    page = agent.asks("activity-reprocess", failed[0].pk)
    agent.client.post(page.request["PATH_INFO"], {"key": "0" * 32, "step": "preview"})
    assert MemberActivity.objects.get(pk=failed[0].pk).status == ActivityStatus.FAILED
    assert not michael_adams.own_set.accounts.filter(point_type__code="miles", balance__gt=0).exists()


def test_all_of_a_program_are_processed_again(
    agent: Visitor, failed: list[MemberActivity], michael_adams: Membership, miles: Program
) -> None:
    receipt = do(agent, "activities-reprocess", miles.code)
    assert "2 activities were processed." in receipt.text
    assert account_of(michael_adams).balance == 14
    assert "Nothing failed." in agent.reads("activities-reprocess", miles.code).text


def test_only_who_may_write_activities_in_the_program(failed: list[MemberActivity], miles: Program) -> None:
    auditor, stranger = Visitor(Role.AUDITOR), Visitor(Role.SUPPORT_AGENT, make_program("other"))
    assert auditor.status_of("activity-reprocess", failed[0].pk) == 403
    assert "ask a support agent" in auditor.reads("activity", failed[0].pk).text
    assert stranger.status_of("activity-reprocess", failed[0].pk) == 404
    assert stranger.status_of("activities-reprocess", miles.code) == 404
