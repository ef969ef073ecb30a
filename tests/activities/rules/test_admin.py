"""Rules and campaigns in the back office: shown whole, changed nowhere."""

from typing import Any

import pytest
from django.test import Client

from activities.models import CampaignMember, CampaignSpending, RewardRule, RuleEffect, RuleUse, RuleVersion
from programs.models import Program
from staff.models import Role
from tests.factories import counted, make_membership
from tests.ruled import Ruled, add_rules
from tests.staff.world import staff_client


@pytest.fixture
def ruled(club: Program) -> Ruled:
    return add_rules(make_membership(club, "Emma Stone"))


@pytest.fixture
def manager(club: Program) -> Client:
    return staff_client(Role.PROGRAM_MANAGER, club)


def page(client: Client, row: Any) -> str:
    answer = client.get(f"/admin/activities/{row._meta.model_name}/{row.pk}/change/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_rule_shows_what_it_says_and_its_versions(manager: Client, ruled: Ruled) -> None:
    shown = page(manager, ruled.rule)
    assert "&quot;do&quot;: &quot;credit&quot;" in shown
    assert "the fair opens" in shown
    assert "a better name" in shown
    first = RuleVersion.objects.get(version=1)
    assert "Fair bonus" in page(manager, first)


def test_an_effect_says_why(manager: Client, ruled: Ruled) -> None:
    effect = RuleEffect.objects.get()
    assert "Fair bonus for all, version 2, gave 5 Miles." in page(manager, effect)


def test_uses_members_and_spending_are_shown(manager: Client, ruled: Ruled) -> None:
    for model in (RuleUse, CampaignMember, CampaignSpending):
        answer = manager.get(f"/admin/activities/{model._meta.model_name}/")
        assert "Fair" in answer.content.decode()
    assert "Who is in it" in page(manager, ruled.campaign)
    rules = manager.get(f"/admin/activities/rewardrule/?campaign__id__exact={ruled.campaign.pk}")
    assert "Fair bonus for all" in rules.content.decode()


def test_rules_campaigns_and_activities_lead_to_the_desk(manager: Client, ruled: Ruled) -> None:
    assert f"/desk/rules/{ruled.rule.pk}" in page(manager, ruled.rule)
    assert f"/desk/campaigns/{ruled.campaign.pk}" in page(manager, ruled.campaign)
    assert f"/desk/activities/{ruled.activity.pk}" in page(manager, ruled.activity)


def test_no_form_changes_a_rule(manager: Client, ruled: Ruled) -> None:
    before = counted(RewardRule, RewardRule.history.model, RuleVersion)
    for where in ("add/", f"{ruled.rule.pk}/change/", f"{ruled.rule.pk}/delete/"):
        answer = manager.post(f"/admin/activities/rewardrule/{where}", {"name": "Mine", "post": "yes"})
        assert answer.status_code == 403
    ruled.rule.refresh_from_db()
    assert ruled.rule.name == "Fair bonus for all"
    assert counted(RewardRule, RewardRule.history.model, RuleVersion) == before
