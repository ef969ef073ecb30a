"""The rule editor: from a template or from nothing to a draft, with mistakes where they were made."""

from typing import Any

import pytest
from django.urls import reverse

from activities.models import RewardRule, RuleGroup
from activities.rules.releasing import create_rule, release_rule
from programs.models import Program
from staff.models import Role
from tests.desk.rules.designing import make_campaign, make_designed_program
from tests.desk.rules.forms_of_pages import filled_in
from tests.desk.visitor import Reader, Visitor
from tests.factories import ACTOR, make_program

CREDIT = {"do": "credit", "points": 5}


@pytest.fixture
def sky(db: None) -> Program:
    return make_designed_program()


@pytest.fixture
def manager(db: None) -> Visitor:
    return Visitor(Role.PROGRAM_MANAGER)


def new(visitor: Visitor, program: Program, template: str = "nothing") -> Any:
    return visitor.client.get(reverse("desk:rule-new", args=[program.code]), {"template": template})


def send(visitor: Visitor, page: Any, do: str, **changed: Any) -> Any:
    return visitor.client.post(page.request["PATH_INFO"], filled_in(page, do=do, **changed))


def draft(program: Program, **values: Any) -> RewardRule:
    definition = {"activity_types": ["purchase"], "condition": "", "actions": [CREDIT], "caps": []}
    group = RuleGroup.objects.get(program=program)
    given: dict[str, Any] = {"code": "basic", "name": "Basic", "group": group, "definition": definition}
    return create_rule(program, actor=ACTOR, **(given | values))


def text(response: Any) -> str:
    return Reader(response.content.decode()).text


def test_a_template_is_chosen_changed_and_kept_as_a_draft(manager: Visitor, sky: Program) -> None:
    offered = manager.reads("rule-new", sky.code)
    assert "Purchase: 1 Miles for every 1.00 EUR" in offered.text
    page = new(manager, sky, "threshold")
    assert "Amount is at least 100 EUR" in text(page)
    saved = send(
        manager, page, "save", name="Big baskets", a__0__points="750", c__0__values="80.50", cap__day_times="2"
    )
    rule = RewardRule.objects.get()
    assert saved.status_code == 302
    assert saved["Location"] == f"/desk/rules/{rule.pk}"
    assert (rule.code, rule.name, rule.status, rule.released, rule.priority) == (
        "big-baskets",
        "Big baskets",
        "draft",
        None,
        0,
    )
    assert rule.definition == {
        "activity_types": ["purchase"],
        "condition": "activity.amount >= 80.5",
        "actions": [{"do": "credit", "points": 750}],
        "caps": [{"scope": "day", "times": 2}],
    }


@pytest.mark.parametrize("template", ["per-amount", "weekend", "birthday", "welcome", "category", "tier", "return"])
def test_every_template_is_saved_as_it_comes(manager: Visitor, sky: Program, template: str) -> None:
    saved = send(manager, new(manager, sky, template), "save")
    assert saved.status_code == 302, text(saved)
    assert RewardRule.objects.count() == 1


def test_a_rule_is_put_together_from_nothing_without_a_script(manager: Visitor, sky: Program) -> None:
    page = new(manager, sky)
    page = send(manager, page, "add-condition", add__condition="weekday", name="Sundays", activity_types=["purchase"])
    page = send(manager, page, "add-condition", add__condition="rank-ladder", c__0__values=["7"])
    page = send(manager, page, "add-action", add__action="credit-per", match="any")
    page = send(manager, page, "check", a__0__points="3", a__0__per="2.00", c__1__values="1")
    assert page.status_code == 200
    assert "3 Miles for every 2.00 EUR" in text(page)
    assert "one of these: Day of the week is Sunday Tier reached (Ladder) is at least Gold" in text(page)
    assert RewardRule.objects.count() == 0
    assert send(manager, page, "save").status_code == 302
    assert RewardRule.objects.get().definition["condition"] == "activity.weekday in [7] || rank.ladder >= 1"


def test_a_mistake_in_an_expression_is_shown_where_it_is(manager: Visitor, sky: Program) -> None:
    page = new(manager, sky, "per-amount")
    wrong = send(manager, page, "save", by="hand", hand="activity.amout > 50")
    assert wrong.status_code == 422
    assert RewardRule.objects.count() == 0
    assert "<mark>" in wrong.content.decode()
    assert "amout" in text(wrong)
    assert send(manager, wrong, "save", hand="activity.amount > 50").status_code == 302
    assert RewardRule.objects.get().definition["condition"] == "activity.amount > 50"


def test_several_mistakes_show_at_once_and_nothing_is_kept(manager: Visitor, sky: Program) -> None:
    page = send(manager, new(manager, sky, "per-amount"), "save", name="", a__0__per="x", cap__day_points="0")
    assert page.status_code == 422
    for said in ("This field is required.", "Write a number in digits", "greater than or equal to 1"):
        assert said in text(page)
    assert RewardRule.objects.count() == 0


def test_a_rule_is_changed_and_its_code_stays(manager: Visitor, sky: Program) -> None:
    rule = draft(sky, description="As ever", priority=7)
    page = manager.asks("rule-edit", rule.pk)
    assert send(manager, page, "save", name="Better", a__0__points="6").status_code == 302
    rule.refresh_from_db()
    assert (rule.code, rule.name, rule.description, rule.priority) == ("basic", "Better", "As ever", 7)
    assert rule.definition["actions"] == [{"do": "credit", "points": 6}]


def test_the_group_and_campaign_of_a_rule_in_force_stay(manager: Visitor, sky: Program) -> None:
    campaign = make_campaign(sky)
    rule = draft(sky, campaign=campaign)
    assert "campaign" in filled_in(manager.asks("rule-edit", rule.pk))
    release_rule(rule, actor=ACTOR, why="agreed")
    page = manager.asks("rule-edit", rule.pk)
    assert not {"group", "campaign"} & filled_in(page).keys()
    assert "It stays in the group Base and in the campaign Spring, as long as it is in force" in text(page)
    assert send(manager, page, "save", name="Better").status_code == 302
    rule.refresh_from_db()
    assert (rule.name, rule.group.code, rule.campaign, rule.released) == ("Better", "base", campaign, 1)


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(manager: Visitor, sky: Program) -> None:
    rule = draft(sky)
    page = manager.asks("rule-edit", rule.pk)
    assert send(manager, page, "save", name="First").status_code == 302
    late = send(manager, page, "save", name="Second")
    assert late.status_code == 409
    assert "Somebody else changed the rule" in text(late)
    rule.refresh_from_db()
    assert rule.name == "First"


def test_a_program_without_a_group_gets_one_with_its_first_rule(manager: Visitor, db: None) -> None:
    program = make_program("sun")
    assert send(manager, new(manager, program, "per-amount"), "save").status_code == 302
    assert RuleGroup.objects.get(program=program).name == "General"
    assert RewardRule.objects.get().group.code == "general"


def test_what_a_template_needs_is_named(manager: Visitor, db: None) -> None:
    program = make_program("sun")
    offered = manager.reads("rule-new", program.code)
    assert "Needs first: an attribute that is a number. Made in the back office." in offered.text
    assert new(manager, program, "referral").status_code == 404
    assert new(manager, program, "nonsense").status_code == 404


def test_only_who_designs_the_program_edits(sky: Program) -> None:
    rule = draft(sky)
    auditor, stranger = Visitor(Role.AUDITOR), Visitor(Role.PROGRAM_MANAGER, make_program("other"))
    assert auditor.status_of("rule-edit", rule.pk) == 403
    assert auditor.status_of("rule-new", sky.code) == 403
    assert stranger.status_of("rule-edit", rule.pk) == 404
    assert stranger.status_of("rule-new", sky.code) == 404
    assert "Edit" not in auditor.reads("rule", rule.pk).text


def test_an_empty_form_asks_for_what_is_missing(manager: Visitor, sky: Program) -> None:
    page = send(manager, new(manager, sky), "save")
    assert page.status_code == 422
    assert "Add at least one thing that follows." in text(page)
    assert RewardRule.objects.count() == 0
