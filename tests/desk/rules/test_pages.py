"""Rules in lists, on their page, through release, change, retirement and copy."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils.formats import date_format

from activities.models import RewardRule, RuleEffect, RuleGroup, RuleRetirement, RuleVersion
from activities.receiving import ActivityCall, receive
from activities.rules.releasing import change_rule, release_rule
from common import clock
from programs.models import Program
from staff.models import Role
from tests.desk.rules.designing import make_campaign, make_designed_program, worth
from tests.desk.rules.forms_of_pages import filled_in
from tests.desk.rules.test_editor import CREDIT, draft
from tests.desk.visitor import Reader, Visitor
from tests.factories import ACTOR, make_membership


@pytest.fixture
def sky(db: None) -> Program:
    return make_designed_program()


@pytest.fixture
def manager(db: None) -> Visitor:
    return Visitor(Role.PROGRAM_MANAGER)


def do(visitor: Visitor, task: str, *args: object, **given: Any) -> Reader:
    """Through form, preview and confirmation to the receipt."""
    page = visitor.asks(task, *args)
    path = page.request["PATH_INFO"]
    preview = visitor.client.post(path, filled_in(page, step="preview", **given))
    assert preview.status_code == 200, Reader(preview.content.decode()).text
    receipt = visitor.client.post(path, filled_in(preview, step="confirm"), follow=True)
    return Reader(receipt.content.decode())


def test_the_list_shows_rules_by_group_with_what_is_in_force(manager: Visitor, sky: Program) -> None:
    rule = draft(sky)
    page = manager.reads("rules", program="sky")
    assert "Base every rule that matches" in page.text
    assert "Basic draft" in page.text
    assert "Purchase: 5 Miles" in page.text
    release_rule(rule, actor=ACTOR, why="agreed")
    assert "Basic in force version 1 · priority 0 Purchase: 5 Miles" in manager.reads("rules", program="sky").text
    values = {
        "name": "Basic",
        "group": rule.group,
        "definition": rule.definition | {"actions": [CREDIT | {"points": 9}]},
    }
    change_rule(rule, actor=ACTOR, **values)
    text = manager.reads("rules", program="sky").text
    assert "Basic in force changed, not released" in text
    assert "Purchase: 5 Miles" in text


def test_a_release_is_previewed_confirmed_and_shown(manager: Visitor, sky: Program) -> None:
    rule = draft(sky)
    receipt = do(manager, "rule-release", rule.pk, why="Agreed with marketing")
    assert "Basic is in force as version 1." in receipt.text
    version = RuleVersion.objects.get()
    assert (version.rule_id, version.version, version.why) == (rule.pk, 1, "Agreed with marketing")
    assert version.released_by_id == manager.user.pk
    page = manager.reads("rule", rule.pk)
    assert "Version 1 released" in page.text
    assert "Agreed with marketing" in page.text
    assert "Nothing yet: no activity matched since it was released." in page.text
    assert "What is written is what is released already" in manager.reads("rule-release", rule.pk).text


def test_a_preview_of_a_release_releases_nothing(manager: Visitor, sky: Program) -> None:
    rule = draft(sky)
    page = manager.asks("rule-release", rule.pk)
    manager.client.post(page.request["PATH_INFO"], filled_in(page, step="preview", why="try"))
    assert RuleVersion.objects.count() == 0


def test_a_release_shows_what_is_another_than_before(manager: Visitor, sky: Program) -> None:
    rule = draft(sky)
    assert "What is another than in version" not in manager.reads("rule-release", rule.pk).text
    release_rule(rule, actor=ACTOR, why="agreed")
    actions = [CREDIT | {"points": 9}]
    change_rule(rule, actor=ACTOR, name="Basic", group=rule.group, definition=rule.definition | {"actions": actions})
    page = manager.reads("rule-release", rule.pk).text
    assert "What is another than in version 1 Then 5 Miles → 9 Miles What it says" in page


def test_a_second_version_is_shown_beside_the_first(manager: Visitor, sky: Program) -> None:
    rule = draft(sky)
    release_rule(rule, actor=ACTOR, why="agreed")
    definition = rule.definition | {"actions": [CREDIT | {"points": 9}], "condition": "activity.amount >= 50.0"}
    change_rule(rule, actor=ACTOR, name="Basic", group=rule.group, definition=definition)
    page = manager.reads("rule", rule.pk)
    assert "Changed since it was released" in page.text
    assert "Then 5 Miles → 9 Miles" in page.text
    do(manager, "rule-release", rule.pk, why="more")
    page = manager.reads("rule", rule.pk)
    assert "Changed since" not in page.text
    assert "Only if always → Amount is at least 50 EUR Then 5 Miles → 9 Miles" in page.text
    assert RuleRetirement.objects.filter(rule_version__version=1).count() == 1


def test_a_rule_is_retired_and_released_again(manager: Visitor, sky: Program) -> None:
    rule = draft(sky)
    release_rule(rule, actor=ACTOR, why="agreed")
    receipt = do(manager, "rule-retire", rule.pk, why="season over")
    assert "Basic applies to nothing that happens from now on." in receipt.text
    rule.refresh_from_db()
    assert rule.status == "retired"
    assert "Basic" not in manager.reads("rules", program="sky").text
    assert "Basic retired" in manager.reads("rules", program="sky", all="yes").text
    assert "It is not in force: it is retired." in manager.reads("rule-retire", rule.pk).text


def test_a_copy_is_a_draft_of_its_own(manager: Visitor, sky: Program) -> None:
    rule = draft(sky)
    receipt = do(manager, "rule-copy", rule.pk, name="Basic, again")
    assert "Basic, again is a draft now." in receipt.text
    copied = RewardRule.objects.exclude(pk=rule.pk).get()
    assert (copied.code, copied.name, copied.status, copied.definition) == (
        "basic-again", "Basic, again", "draft", rule.definition,
    )  # fmt: skip


def test_groups_are_made_and_changed(manager: Visitor, sky: Program) -> None:
    do(manager, "rule-group-new", sky.code, name="Best of", mode="exclusive", rank="3")
    group = RuleGroup.objects.get(code="best-of")
    assert (group.name, group.mode, group.rank) == ("Best of", "exclusive", 3)
    do(manager, "rule-group-edit", group.pk, name="One of", rank="1", why="clearer")
    group.refresh_from_db()
    assert (group.name, group.mode, group.rank, group.code) == ("One of", "exclusive", 1, "best-of")


def test_a_rule_of_a_campaign_waits_for_it(manager: Visitor, sky: Program) -> None:
    rule = draft(sky, campaign=make_campaign(sky))
    release_rule(rule, actor=ACTOR, why="agreed")
    assert "waits for its campaign" in manager.reads("rule", rule.pk).text


def test_a_period_is_told(manager: Visitor, sky: Program) -> None:
    rule = draft(sky, valid_from=date(2020, 1, 1), valid_until=date(2020, 2, 1))
    release_rule(RewardRule.objects.get(pk=rule.pk), actor=ACTOR, why="agreed")
    text = manager.reads("rule", rule.pk).text
    assert "its time is over" in text
    assert "Valid 1 Jan 2020 – 1 Feb 2020" in text


def test_trying_a_rule_reckons_and_writes_nothing(manager: Visitor, sky: Program) -> None:
    rule = draft(sky)
    page = manager.reads("rule-simulate", rule.pk)
    assert "Try it" in page.text
    page = manager.reads("rule-simulate", rule.pk, since="2026-01-01", until="2026-03-01")
    assert "No activity of these types happened in these days." in page.text
    assert manager.status_of("rule-simulate", rule.pk, since="2026-03-01", until="2026-01-01") == 400
    for no_day in ("x", "0001-01-01"):
        assert manager.status_of("rule-simulate", rule.pk, since=no_day, until="2026-01-01") == 400
    assert RuleEffect.objects.count() == 0


def test_list_and_page_say_what_a_rule_did_last_month(manager: Visitor, sky: Program) -> None:
    worth(sky, "0.01")
    rule, anna = draft(sky), make_membership(sky, "Anna")
    release_rule(rule, actor=ACTOR, why="agreed")
    receive(ActivityCall("purchase", anna.pk, amount=Decimal(10), currency="EUR"), actor=ACTOR)
    month = date_format(clock.now().astimezone(sky.zone).date(), "F")
    listed = manager.reads("rules", program="sky").text
    assert f"{month} so far: 1 time, 5 Miles for 1 membership, worth 0.05 EUR" in listed
    page = manager.reads("rule", rule.pk)
    assert "so far 1 time 5 Miles for 1 membership, worth 0.05 EUR" in page.text
    assert page.rows[-1][1:] == ["5"]
    assert page.rows[-2][1:] == ["0"]


def test_of_a_draft_nothing_is_counted(manager: Visitor, sky: Program) -> None:
    draft(sky)
    assert "so far" not in manager.reads("rules", program="sky").text
