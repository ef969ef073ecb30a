"""What failed is processed again by the rules of its time, but for those that stopped it: these as they stand now."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from activities.calls import PointsCall
from activities.earning import earn_in_general
from activities.errors import NotFailed
from activities.models import MemberActivity, RewardRule, RuleGroup
from activities.processing import process
from activities.queueing import process_waiting
from activities.reprocessing import queue_again, reprocess
from activities.returnable import ReturnCall
from activities.returning import return_transaction
from activities.reversing import reverse_posting
from activities.rules.releasing import change_rule, create_rule, release_rule, retire_rule
from common import clock
from memberships.models import Membership
from points.reversal_parts import Part
from programs.models import Program
from tests.activities.ruling import effects_of, in_force, purchase, waiting
from tests.activities.sales import sale
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db
ODD = {"do": "credit", "expression": "100 / (activity.amount - 40.0)"}


@pytest.fixture(autouse=True)
def begun() -> Any:
    with clock.frozen(timezone.now() - timedelta(hours=3)):
        yield


def released(program: Program, code: str, *actions: dict[str, Any]) -> RewardRule:
    purchase(program)
    group = RuleGroup.objects.get_or_create(program=program, code="all", defaults={"name": "All"})[0]
    definition = {"activity_types": ["purchase"], "actions": list(actions)}
    rule = create_rule(program, actor=ACTOR, code=code, name=code, group=group, definition=definition)
    release_rule(rule, actor=ACTOR, why="opening")
    return rule


def corrected(rule: RewardRule, *actions: dict[str, Any]) -> None:
    rule.refresh_from_db()
    definition = rule.definition | {"actions": list(actions)}
    change_rule(rule, actor=ACTOR, name=rule.name, group=rule.group, definition=definition)
    release_rule(rule, actor=ACTOR, why="set right")


def failed(membership: Membership) -> MemberActivity:
    activity = waiting(membership, "40.00")
    assert process([activity], actor=ACTOR)[activity.pk].activity.status == "failed"
    return activity


def again(activity: MemberActivity) -> str:
    """An hour later each time."""
    with clock.frozen(clock.now() + timedelta(hours=1)):
        return str(reprocess(activity, actor=ACTOR).activity.status)


def later(step: Any) -> None:
    with clock.frozen(clock.now() + timedelta(minutes=30)):
        step()


def test_the_corrected_rule_stands_in_for_the_one_that_failed_and_the_others_stay_those_of_the_time(
    miles: Program, michael_adams: Membership
) -> None:
    odd, sound = released(miles, "odd", ODD), released(miles, "sound", {"do": "credit", "points": 5})
    activity = failed(michael_adams)
    assert again(activity) == "failed"
    later(lambda: corrected(odd, {"do": "credit", "points": 7}))
    later(lambda: corrected(sound, {"do": "credit", "points": 6}))
    assert again(activity) == "processed"
    cited = activity.effects.order_by("position").values_list("rule_version__rule__code", "rule_version__version")
    assert list(cited) == [("odd", 2), ("sound", 1)]
    assert effects_of(activity) == [("credit", "miles", 7), ("credit", "miles", 5)]
    assert_audit_clean()


def test_a_rule_that_was_retired_stops_nothing_any_more(miles: Program, michael_adams: Membership) -> None:
    odd = released(miles, "odd", ODD)
    released(miles, "sound", {"do": "credit", "points": 5})
    activity = failed(michael_adams)
    later(lambda: retire_rule(odd, actor=ACTOR, why="nobody needs it"))
    assert again(activity) == "processed"
    assert effects_of(activity) == [("credit", "miles", 5)]


def test_of_two_rules_that_stop_it_one_after_the_other_both_are_asked_as_they_stand_now(
    miles: Program, michael_adams: Membership
) -> None:
    first, second = released(miles, "first", ODD), released(miles, "second", ODD)
    activity = failed(michael_adams)
    later(lambda: corrected(first, {"do": "credit", "points": 1}))
    assert again(activity) == "failed"
    activity.refresh_from_db()
    assert (activity.problem["rule"], activity.problem["also"]) == ("second", ["first"])
    later(lambda: corrected(second, {"do": "credit", "points": 2}))
    assert again(activity) == "processed"
    assert effects_of(activity) == [("credit", "miles", 1), ("credit", "miles", 2)]
    activity.refresh_from_db()
    assert activity.problem is None


def test_put_back_into_the_queue_it_is_judged_alike(miles: Program, michael_adams: Membership) -> None:
    odd = released(miles, "odd", ODD)
    activities = [failed(michael_adams), failed(michael_adams)]
    later(lambda: corrected(odd, {"do": "credit", "points": 7}))
    with clock.frozen(clock.now() + timedelta(hours=1)):
        assert queue_again(miles, actor=ACTOR, rule="odd") == 2
        assert_audit_clean()
        assert process_waiting(miles, actor=ACTOR) == {"processed": 2}
    assert [effects_of(one) for one in activities] == [[("credit", "miles", 7)]] * 2
    assert_audit_clean()


def test_what_failed_and_was_taken_back_since_waits_no_more_and_has_no_problem(michael_adams: Membership) -> None:
    in_force(michael_adams.program, ODD)
    in_force(michael_adams.program, {"do": "credit", "expression": "100 / activity.amount"}, types=("earn",))
    sold = sale(michael_adams, "40.00")
    earned = earn_in_general(PointsCall(michael_adams.pk, 50), actor=ACTOR)
    assert list(MemberActivity.objects.values_list("status", flat=True)) == ["failed", "failed"]

    return_transaction(sold["id"], ReturnCall("B1"), actor=ACTOR)
    reverse_posting(earned["posting"]["id"], Part("mistake"), actor=ACTOR)

    taken_back = MemberActivity.objects.filter(type__code__in=["purchase", "earn"])
    assert list(taken_back.values_list("status", "problem")) == [("reversed", None)] * 2
    for activity in taken_back:
        with pytest.raises(NotFailed):
            reprocess(activity, actor=ACTOR)
    assert_audit_clean()
