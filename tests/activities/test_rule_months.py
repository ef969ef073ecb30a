"""What each rule did, month by month."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from activities.models import RewardRule, RuleGroup
from activities.receiving import ActivityCall, receive
from activities.rule_months import NAME, RuleMonths, counts_of, months_of_rules
from activities.rules.releasing import create_rule, release_rule
from common import clock
from memberships.models import Membership
from programs.kept import keep_figures
from programs.models import Program
from tests.desk.rules.designing import make_designed_program, worth
from tests.factories import ACTOR, make_membership

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


@pytest.fixture
def sky() -> Program:
    program = make_designed_program(time_zone="Europe/Berlin")
    worth(program, "0.02")
    return program


@pytest.fixture
def rule(sky: Program) -> RewardRule:
    actions = [{"do": "credit", "points": 50}, {"do": "credit", "points": 3, "point_type": "status"}]
    return released(sky, "basic", actions)


@pytest.fixture
def anna(sky: Program) -> Membership:
    return make_membership(sky, "Anna", at=datetime(2025, 1, 1, tzinfo=UTC))


def released(program: Program, code: str, actions: list[dict[str, Any]]) -> RewardRule:
    definition = {"activity_types": ["purchase"], "condition": "", "actions": actions, "caps": []}
    group = RuleGroup.objects.get(program=program)
    with clock.frozen(datetime(2025, 1, 1, tzinfo=UTC)):
        made = create_rule(program, actor=ACTOR, code=code, name=code.title(), group=group, definition=definition)
        release_rule(made, actor=ACTOR, why="agreed")
    return made


def buys(membership: Membership, *days: datetime) -> None:
    for at in days:
        with clock.frozen(at):
            receive(ActivityCall("purchase", membership.pk, amount=Decimal(10), currency="EUR"), actor=ACTOR)


def figures(did: RuleMonths, rule: RewardRule) -> dict[date, tuple[int, int, list[tuple[str, int]], Decimal]]:
    """Of the months in which it did something."""
    return {
        one.month: (one.effects, one.memberships, [(of.code, points) for of, points in one.points], one.worth)
        for one in did.of(rule.pk)
        if one.effects
    }


def test_each_month_tells_how_often_for_how_many_and_which_points(
    sky: Program, rule: RewardRule, anna: Membership
) -> None:
    ben = make_membership(sky, "Ben", at=datetime(2025, 1, 1, tzinfo=UTC))
    buys(anna, datetime(2026, 10, 3, tzinfo=UTC), datetime(2026, 10, 9, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
    buys(ben, datetime(2026, 10, 9, tzinfo=UTC))
    with clock.frozen(NOW):
        did = months_of_rules(sky)
    assert (did.months[0], did.months[-1], len(did.months)) == (date(2025, 12, 1), NOVEMBER, 12)
    assert figures(did, rule) == {
        OCTOBER: (6, 2, [("miles", 150), ("status", 9)], Decimal(3)),
        NOVEMBER: (2, 1, [("miles", 50), ("status", 3)], Decimal(1)),
    }


def test_a_month_is_that_of_the_programs_zone(sky: Program, rule: RewardRule, anna: Membership) -> None:
    """In Berlin it is November already."""
    buys(anna, datetime(2026, 10, 31, 23, 30, tzinfo=UTC))
    with clock.frozen(NOW):
        assert list(figures(months_of_rules(sky), rule)) == [NOVEMBER]


def test_what_gives_no_points_counts_as_often_and_is_worth_nothing(sky: Program, anna: Membership) -> None:
    label = released(sky, "label", [{"do": "add_label", "label": "vip"}])
    buys(anna, datetime(2026, 11, 2, tzinfo=UTC))
    with clock.frozen(NOW):
        assert figures(months_of_rules(sky), label) == {NOVEMBER: (1, 1, [], Decimal(0))}


def test_kept_figures_are_read_back_as_they_were(sky: Program, rule: RewardRule, anna: Membership) -> None:
    buys(anna, datetime(2026, 10, 3, tzinfo=UTC))
    with clock.frozen(NOW):
        counted = months_of_rules(sky)
        assert keep_figures(sky, NAME, counts_of, slow=0)
        buys(anna, datetime(2026, 10, 4, tzinfo=UTC))
        assert figures(months_of_rules(sky), rule) == figures(counted, rule)


def test_a_rule_of_another_program_is_not_counted(sky: Program, rule: RewardRule, anna: Membership) -> None:
    other = make_designed_program("sea")
    elsewhere = released(other, "basic", [{"do": "credit", "points": 7}])
    ben = make_membership(other, "Ben", at=datetime(2025, 1, 1, tzinfo=UTC))
    buys(ben, datetime(2026, 11, 2, tzinfo=UTC))
    with clock.frozen(NOW):
        assert figures(months_of_rules(sky), elsewhere) == {}
        assert list(figures(months_of_rules(other), elsewhere)) == [NOVEMBER]
