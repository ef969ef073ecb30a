"""Races for what is left of a cap or a budget, and for the release of a rule.

Each has a control that takes the lock away and must see the damage.
"""

from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.backends.utils import CursorWrapper

from activities.campaigns import create_campaign, start_campaign
from activities.models import Campaign, CampaignSpending, MemberActivity, RewardRule, RuleUse, RuleVersion
from activities.processing import process
from activities.rules import releasing, sql
from activities.rules.errors import RuleUnchanged
from activities.rules.releasing import release_rule
from common import clock
from memberships.models import Membership
from programs.models import Program
from tests.activities.ruling import in_force, waiting
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS = 8
GIVE = {"do": "credit", "points": 30}
PROGRAM_CAP = {"scope": "program", "points": 100}


@pytest.fixture
def miles(transactional_db: None) -> Program:
    return make_program("miles")


@pytest.fixture
def members(miles: Program) -> list[Membership]:
    return [make_membership(miles, f"Member {n}") for n in range(THREADS)]


@pytest.fixture
def fair(miles: Program) -> Campaign:
    today = clock.program_now(miles).date()
    campaign = create_campaign(
        miles, actor=ACTOR, code="fair", name="Fair", valid_from=today, valid_until=today, point_budget=100
    )
    return start_campaign(campaign, actor=ACTOR, why="the fair opens")


def buy_at_once(members: list[Membership]) -> list[Any]:
    """One purchase of each at the same moment; the statuses they came to."""
    activities = [waiting(one) for one in members]
    results = together(*[lambda one=one: process([one], actor=ACTOR) for one in activities])
    assert errors_in(results) == []
    found = MemberActivity.objects.filter(pk__in=[one.pk for one in activities])
    return sorted(found.values_list("status", flat=True))


def given(members: list[Membership]) -> int:
    return sum(account_of(one).balance for one in members)


def test_a_cap_over_the_program_is_given_exactly(miles: Program, members: list[Membership]) -> None:
    in_force(miles, GIVE, caps=(PROGRAM_CAP,))
    assert buy_at_once(members) == ["processed"] * THREADS
    assert given(members) == 100
    assert RuleUse.objects.values_list("times", "points").get() == (4, 100)
    assert_audit_clean()


@pytest.mark.control
def test_control_a_cap_read_without_its_lock_is_exceeded(
    miles: Program, members: list[Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "SHARED_USES", sql.SHARED_USES.replace("FOR NO KEY UPDATE", ""))
    rule = in_force(miles, GIVE, caps=(PROGRAM_CAP,))
    # As after the first use: where the row is new, its insertion alone makes the others wait.
    RuleUse.objects.create(rule=rule)
    buy_at_once(members)
    assert given(members) > 100


def test_a_budget_is_given_exactly(miles: Program, members: list[Membership], fair: Campaign) -> None:
    in_force(miles, GIVE, campaign=fair)
    assert buy_at_once(members) == ["processed"] * THREADS
    assert given(members) == 100
    assert CampaignSpending.objects.get().points == 100
    assert_audit_clean()


@pytest.mark.control
def test_control_a_budget_read_without_its_lock_fails_what_the_table_refuses(
    miles: Program, members: list[Membership], fair: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "BUDGETS", sql.BUDGETS.replace("FOR NO KEY UPDATE", ""))
    in_force(miles, GIVE, campaign=fair)
    assert "failed" in buy_at_once(members)
    assert given(members) <= 100


def release_at_once(rule: RewardRule) -> list[Any]:
    return together(*[lambda: release_rule(rule, actor=ACTOR, why="now") for _ in range(3)])


def test_of_several_releases_at_once_one_makes_a_version(miles: Program) -> None:
    rule = in_force(miles, GIVE)
    rule.definition |= {"condition": "activity.amount > 5"}
    rule.save()
    errors = errors_in(release_at_once(rule))
    assert [type(one) for one in errors] == [RuleUnchanged] * 2
    assert list(RuleVersion.objects.order_by("version").values_list("version", flat=True)) == [1, 2]


@pytest.mark.control
def test_control_without_the_lock_releases_meet_in_the_tables(miles: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(rows: Any) -> list[Any]:
        found = list(rows)
        with connection.cursor() as cursor:
            _wait(cursor)
        return found

    monkeypatch.setattr(releasing, "lock_rows", unlocked)
    rule = in_force(miles, GIVE)
    rule.definition |= {"condition": "activity.amount > 5"}
    rule.save()
    assert IntegrityError in {type(one) for one in errors_in(release_at_once(rule))}


def _wait(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT pg_sleep(0.2)")
