"""The forms of a rule: what is kept fills them in, what they say is what was kept; mistakes stand at their fields."""

from typing import Any

import pytest
from django import forms
from django.http import QueryDict

from activities.desk.rules.editing import RuleForms, forms_of_definition, forms_of_post, rearranged
from activities.rules.definition import read_definition
from activities.rules.templates import TEMPLATES
from activities.rules.vocabulary import vocabulary_of
from programs.design import design_of
from programs.models import Program
from tests.desk.rules.designing import make_campaign, make_designed_program

Definition = dict[str, Any]


@pytest.fixture
def sky(db: None) -> Program:
    return make_designed_program()


def filled(program: Program, definition: Definition) -> RuleForms:
    words = vocabulary_of(design_of(program.pk))
    return forms_of_definition(program, words, definition, initial={"name": "A rule", "group": None})


def as_sent(shown: RuleForms) -> QueryDict:
    """What a browser sends of the forms as they are filled in."""
    sent = QueryDict(mutable=True)
    every: list[forms.Form] = [shown.head, shown.condition, shown.caps, *shown.conditions, *shown.actions]
    for form in every:
        for bound in form:
            value = bound.value()
            if isinstance(value, bool):
                value = "on" if value else None
            if value is None and type(bound.field.widget) is forms.Select:
                value = bound.field.widget.choices[0][0]  # type: ignore[index]  # of a list
            if value not in (None, ""):
                sent.setlist(bound.html_name, list(value) if isinstance(value, list | tuple) else [str(value)])
    for at, row in enumerate(shown.conditions):
        sent[f"c-{at}-field"] = row.asked.key
    for at, action in enumerate(shown.actions):
        sent[f"a-{at}-kind"] = action.key
    if "group" in shown.head.fields and "group" not in sent:
        sent["group"] = str(shown.head.fields["group"].queryset.first().pk)  # type: ignore[attr-defined]
    return sent


def again(shown: RuleForms, **changed: Any) -> RuleForms:
    sent = as_sent(shown)
    for name, value in changed.items():
        sent[name.replace("__", "-")] = value
    return forms_of_post(shown.program, shown.words, sent)


def rule(*actions: Definition, condition: str = "", caps: Any = ()) -> Definition:
    return {"activity_types": ["purchase"], "condition": condition, "actions": list(actions), "caps": list(caps)}


CREDIT = {"do": "credit", "points": 5}


@pytest.mark.parametrize(
    "definition",
    [
        rule({"do": "credit", "points": 500, "point_type": "status", "expires_days": 30}),
        rule({"do": "credit", "points": 2, "per": "1.00"}),
        rule({"do": "credit", "points": 3, "per": "10", "of": "items", "categories": ["a", "b"], "rounding": "up"}),
        rule({"do": "credit", "expression": "activity.points * 2"}),
        rule(CREDIT, {"do": "multiply", "factor": "1.5", "rounding": "half_up"}),
        rule({"do": "debit", "points": 10, "if_short": "skip"}),
        rule({"do": "debit", "expression": "activity.points", "if_short": "all"}),
        rule({"do": "change_tier", "group": "ladder", "tier": "gold", "until_days": 30}),
        rule({"do": "change_tier", "group": "ladder", "tier": "gold", "only_up": False}),
        rule({"do": "set_attribute", "attribute": "number-one", "value": "12.50"}),
        rule({"do": "set_attribute", "attribute": "flag-one", "value": False}),
        rule({"do": "set_attribute", "attribute": "date-one", "value": "2026-12-31"}),
        rule({"do": "set_attribute", "attribute": "choice-one", "value": "S"}),
        rule({"do": "set_attribute", "attribute": "text-one", "expression": "activity.location"}),
        rule({"do": "add_to_attribute", "attribute": "number-one", "amount": "-1.5"}),
        rule({"do": "add_to_attribute", "attribute": "number-one", "expression": "activity.amount"}),
        rule({"do": "grant_benefit", "benefit": "lounge", "days": 7}),
        rule({"do": "add_label", "label": "vip"}, {"do": "remove_label", "label": "vip"}),
        rule({"do": "issue_voucher", "reward": "voucher"}, {"do": "raise_notice", "notice": "thanks"}),
        rule(CREDIT, condition='activity.amount >= 50.0 || activity.channel in ["web", "app"]'),
        rule(CREDIT, condition='!(member.birthday_today) && rank.ladder >= 1 && attributes["number-one"] < 3.5'),
        rule(CREDIT, condition='("color" in activity.attributes && activity.attributes["color"] in ["red"])'),
        rule(CREDIT, condition="activity.amount>50 || (member.is_main && activity.hour < 12)"),
        rule(CREDIT, condition='activity.location in ["Berlin, Mitte"]'),
        rule(CREDIT, caps=[{"scope": "day", "points": 500}, {"scope": "program", "times": 3, "points": 9}]),
    ],
)
def test_what_is_kept_comes_back_as_it_was(sky: Program, definition: Definition) -> None:
    assert read_definition(definition, design=design_of(sky.pk))
    sent = again(filled(sky, definition))
    assert sent.is_valid(), [sent.head.errors, *(one.errors for one in (*sent.conditions, *sent.actions))]
    assert sent.definition() == definition


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.code)
def test_every_template_can_be_kept_as_it_comes(sky: Program, template: Any) -> None:
    words = vocabulary_of(design_of(sky.pk))
    definition = template.make(words)
    assert read_definition(definition, design=design_of(sky.pk))
    sent = again(filled(sky, definition))
    assert sent.is_valid()
    assert read_definition(sent.definition(), design=design_of(sky.pk))
    assert sent.definition() == definition


def test_only_what_rows_can_say_is_shown_as_rows(sky: Program) -> None:
    assert filled(sky, rule(CREDIT, condition="activity.amount >= 50.0")).by_rows
    assert not filled(sky, rule(CREDIT, condition="activity.amount > 50")).by_rows
    assert not filled(sky, rule(CREDIT, condition='activity.location in ["Berlin, Mitte"]')).by_rows


def test_rows_and_actions_are_added_moved_and_removed_without_losing_what_was_typed(sky: Program) -> None:
    shown = filled(sky, rule(CREDIT, {"do": "multiply", "factor": "2"}, condition="activity.amount >= 50.0"))
    sent = again(shown, c__0__values="not a number", name="Typed")
    more = rearranged(again(rearranged(sent, "add-condition:weekday")), "up-action:1")
    more = rearranged(again(more), "remove-action:9")
    assert [row.asked.key for row in more.conditions] == ["amount", "weekday"]
    assert more.conditions[0]["values"].value() == "not a number"
    assert more.head["name"].value() == "Typed"
    assert [one.key for one in more.actions] == ["multiply", "credit-fixed"]
    assert not any(form.errors for form in (*more.conditions, *more.actions, more.head))
    fewer = rearranged(again(more), "remove-condition:0")
    assert [row.asked.key for row in fewer.conditions] == ["weekday"]
    fewer = rearranged(again(fewer), "remove-action:0")
    assert [one.key for one in fewer.actions] == ["credit-fixed"]
    assert fewer.actions[0]["points"].value() == "5"


@pytest.mark.parametrize("do", ["add-condition:nonsense", "add-action:nonsense", "up-action:0", "up-action:x", "x:y"])
def test_what_cannot_be_done_changes_nothing(sky: Program, do: str) -> None:
    shown = rearranged(again(filled(sky, rule(CREDIT))), do)
    assert (len(shown.conditions), [one.key for one in shown.actions]) == (0, ["credit-fixed"])


@pytest.mark.parametrize(
    ("definition", "changed", "where", "said"),
    [
        (rule(CREDIT), {"a__0__points": "1_000"}, ("actions", 0, "points"), "Write a whole number of points"),
        (rule(CREDIT), {"a__0__points": "0"}, ("actions", 0, "points"), "greater than or equal to 1"),
        (
            rule({"do": "credit", "points": 2, "per": "1"}),
            {"a__0__per": "1,5"},
            ("actions", 0, "per"),
            "Write a number",
        ),
        (rule({"do": "credit", "points": 2, "per": "1"}), {"a__0__per": "-1"}, ("actions", 0, "per"), "above 0"),
        (
            rule({"do": "credit", "points": 2, "per": "1"}),
            {"a__0__categories": "shoes"},
            ("actions", 0, "of"),
            "choose the items here",
        ),
        (
            rule({"do": "set_attribute", "attribute": "flag-one", "value": True}),
            {"a__0__value": "perhaps"},
            ("actions", 0, "value"),
            "yes or no",
        ),
        (
            rule({"do": "set_attribute", "attribute": "choice-one", "value": "S"}),
            {"a__0__value": "XL"},
            ("actions", 0, "value"),
            "one of its values: S, M",
        ),
        (
            rule(CREDIT, condition="activity.amount >= 50.0"),
            {"c__0__values": "5O"},
            ("conditions", 0, "values"),
            "Write a number",
        ),
        (rule(CREDIT, condition="activity.hour < 12"), {"c__0__values": "1.5"}, ("conditions", 0, "values"), "whole"),
        (
            rule(CREDIT, condition='activity.channel in ["a"]'),
            {"c__0__values": ", ,"},
            ("conditions", 0, "values"),
            "at",
        ),
        (rule(CREDIT), {"name": ""}, ("head", None, "name"), "required"),
        (
            rule(CREDIT),
            {"valid_from": "2026-02-01", "valid_until": "2026-01-01"},
            ("head", None, "valid_until"),
            "before",
        ),
        (rule(CREDIT), {"cap__day_points": "0"}, ("caps", None, "day_points"), "greater than or equal to 1"),
    ],
)
def test_a_mistake_is_told_at_its_field(
    sky: Program, definition: Definition, changed: Any, where: tuple[str, int | None, str], said: str
) -> None:
    sent = again(filled(sky, definition), **changed)
    assert not sent.is_valid()
    name, index, field = where
    form = getattr(sent, name) if index is None else getattr(sent, name)[index]
    assert said in str(form.errors[field])
    every = [sent.head, sent.condition, sent.caps, *sent.conditions, *sent.actions]
    assert [one.errors for one in every if one is not form] == [{}] * (len(every) - 1)


def test_a_rule_without_an_action_says_so(sky: Program) -> None:
    sent = again(filled(sky, rule()))
    assert not sent.is_valid()
    assert sent.no_action


def test_what_the_engine_finds_is_told_at_the_field(sky: Program) -> None:
    sent = again(filled(sky, rule(CREDIT, {"do": "credit", "expression": "nonsense"}, condition="activity.amout > 5")))
    assert sent.is_valid()
    rest = sent.tell(
        [
            {"pointer": "/condition", "code": "x", "detail": "No such name."},
            {"pointer": "/actions/1/expression", "code": "x", "detail": "No such name there."},
            {"pointer": "/activity_types/0", "code": "x", "detail": "No such type."},
            {"pointer": "/actions/0", "code": "x", "detail": "Somewhere."},
        ]
    )
    assert sent.condition.errors["hand"] == ["No such name."]
    assert sent.actions[1].errors["expression"] == ["No such name there."]
    assert sent.head.errors["activity_types"] == ["No such type."]
    assert rest == ["Somewhere."]


def test_the_code_is_made_of_the_name_and_free(sky: Program) -> None:
    sent = again(filled(sky, rule(CREDIT)), name="Double Points!")
    assert sent.is_valid()
    assert sent.head.cleaned_data["code"] == "double-points"


def test_a_campaign_can_be_chosen_where_there_is_one(sky: Program) -> None:
    assert "campaign" not in filled(sky, rule(CREDIT)).head.fields
    campaign = make_campaign(sky)
    sent = again(filled(sky, rule(CREDIT)), campaign=str(campaign.pk))
    assert sent.is_valid()
    assert sent.head.cleaned_data["campaign"] == campaign
