"""Definitions are read whole: every mistake at once, each with its pointer."""

from decimal import Decimal
from typing import Any

import pytest

from activities.rules.actions import Credit, SetAttribute
from activities.rules.actions.points import Fixed, Formula, Per
from activities.rules.definition import Definition, computed, read_with_names
from activities.rules.errors import RuleRefused
from tests.activities.rules.ruling import NAMES

GIVE = {"do": "credit", "points": 50}


def read(*actions: Any, **given: Any) -> Definition:
    return read_with_names({"activity_types": ["purchase"], "actions": list(actions) or [GIVE], **given}, NAMES)


def mistakes(raw: Any) -> set[tuple[str, str]]:
    with pytest.raises(RuleRefused) as caught:
        read_with_names(raw, NAMES)
    return {(error["pointer"], error["code"]) for error in caught.value.errors}


def mistakes_of(action: Any) -> set[tuple[str, str]]:
    found = mistakes({"activity_types": ["purchase"], "actions": [action]})
    return {(pointer.removeprefix("/actions/0"), code) for pointer, code in found}


def test_a_definition_is_read() -> None:
    found = read(
        {"do": "credit", "per": "1.50", "points": 2, "of": "items", "categories": ["shoes"], "rounding": "up"},
        {"do": "credit", "point_type": "style-points", "expression": "activity.amount * 2", "expires_days": 30},
        condition="activity.amount > 50",
        caps=[{"scope": "day", "times": 1, "points": 500}, {"scope": "member", "times": 3}],
    )
    per, formula = found.actions
    assert isinstance(per, Credit)
    assert per.figure == Per(Decimal("1.50"), 2, True, frozenset({"shoes"}), None, "up")
    assert per.point_type == "base"
    assert isinstance(formula, Credit)
    assert isinstance(formula.figure, Formula)
    assert formula.point_type == "style-points"
    assert [(cap.scope.value, cap.times, cap.points) for cap in found.caps] == [("day", 1, 500), ("member", 3, None)]
    assert set(computed(found)) == {"/condition", "/actions/1/expression"}
    assert found.reads == {("activity", "amount")}


def test_a_blank_condition_is_always() -> None:
    assert read(condition=" ").condition is None
    assert read().condition is None


def test_every_mistake_is_found_at_once() -> None:
    assert mistakes(
        {
            "activity_types": ["purchase", "buy", 3],
            "condition": "activity.amonut > 1",
            "actions": [
                {"do": "credit", "points": 0},
                {"do": "grant_benefit", "benefit": "longe", "dys": 3},
                {"do": "dance"},
                "credit",
            ],
            "caps": [{"scope": "day"}, {"scope": "week", "times": 1}, {"scope": "member", "times": 0}],
            "bonus": 1,
        }
    ) == {
        ("/activity_types/1", "unknown_code"),
        ("/activity_types/2", "unknown_code"),
        ("/condition", "unknown_name"),
        ("/actions/0/points", "out_of_range"),
        ("/actions/1/benefit", "unknown_code"),
        ("/actions/1/dys", "unknown_field"),
        ("/actions/2/do", "unknown_code"),
        ("/actions/3", "invalid"),
        ("/caps/0", "required"),
        ("/caps/1/scope", "unknown_code"),
        ("/caps/2/times", "out_of_range"),
        ("/bonus", "unknown_field"),
    }


@pytest.mark.parametrize("raw", [None, 5, "x", [], {}, {"activity_types": "purchase", "actions": {}}])
def test_what_is_no_definition_is_refused(raw: Any) -> None:
    assert {"/activity_types", "/actions"} <= {pointer for pointer, _ in mistakes(raw)}


def test_lists_are_bounded() -> None:
    assert mistakes({"activity_types": ["purchase"] * 21, "actions": [GIVE] * 11}) == {
        ("/activity_types", "out_of_range"),
        ("/actions", "out_of_range"),
    }
    assert ("/caps/1/scope", "twice") in mistakes(
        {"activity_types": ["purchase"], "actions": [GIVE], "caps": [{"scope": "day", "times": 1}] * 2}
    )


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"do": "credit"}, {("", "one_of")}),
        ({"do": "credit", "points": 5, "expression": "5"}, {("", "one_of")}),
        ({"do": "credit", "points": 5.0}, {("/points", "invalid")}),
        ({"do": "credit", "points": True}, {("/points", "invalid")}),
        ({"do": "credit", "points": 10**9 + 1}, {("/points", "out_of_range")}),
        ({"do": "credit", "points": 10**4000}, {("/points", "out_of_range")}),
        ({"do": "credit", "points": 5, "point_type": "miles"}, {("/point_type", "unknown_code")}),
        ({"do": "credit", "points": 5, "expires_days": 0}, {("/expires_days", "out_of_range")}),
        ({"do": "credit", "per": "0", "points": 1}, {("/per", "out_of_range")}),
        ({"do": "credit", "per": "NaN", "points": 1}, {("/per", "invalid")}),
        ({"do": "credit", "per": "1.005", "points": 1}, {("/per", "invalid")}),
        ({"do": "credit", "per": 1.5, "points": 1}, {("/per", "invalid")}),
        ({"do": "credit", "per": "1"}, {("/points", "required")}),
        ({"do": "credit", "per": "1", "points": 1, "skus": ["a"]}, {("/of", "invalid")}),
        ({"do": "credit", "per": "1", "points": 1, "of": "items", "skus": [5]}, {("/skus", "invalid")}),
        ({"do": "credit", "per": "1", "points": 1, "rounding": "near"}, {("/rounding", "unknown_code")}),
        ({"do": "credit", "expression": "activity.currency"}, {("/expression", "wrong_kind")}),
        ({"do": "credit", "expression": 5}, {("/expression", "invalid")}),
        ({"do": "multiply", "factor": "1"}, {("/factor", "out_of_range")}),
        ({"do": "multiply"}, {("/factor", "required")}),
        ({"do": "debit", "points": 5}, {("/if_short", "required")}),
        ({"do": "change_tier", "group": "main", "tier": "tin"}, {("/tier", "unknown_code")}),
        ({"do": "change_tier", "group": "x", "tier": "gold"}, {("/group", "unknown_code"), ("/tier", "unknown_code")}),
        ({"do": "change_tier", "group": "main", "tier": "gold", "only_up": 1}, {("/only_up", "invalid")}),
        ({"do": "set_attribute", "attribute": "size", "value": "huge"}, {("/value", "wrong_choice")}),
        ({"do": "set_attribute", "attribute": "vip", "value": "yes"}, {("/value", "wrong_type")}),
        ({"do": "set_attribute", "attribute": "since", "value": "soon"}, {("/value", "wrong_type")}),
        ({"do": "set_attribute", "attribute": "visits", "value": "many"}, {("/value", "wrong_type")}),
        ({"do": "set_attribute", "attribute": "visits", "value": "Infinity"}, {("/value", "not_a_number")}),
        ({"do": "set_attribute", "attribute": "visits", "value": 10**16}, {("/value", "too_large")}),
        ({"do": "set_attribute", "attribute": "motto", "value": "m" * 81}, {("/value", "wrong_type")}),
        ({"do": "set_attribute", "attribute": "motto"}, {("", "one_of")}),
        ({"do": "add_to_attribute", "attribute": "motto", "amount": "1"}, {("/attribute", "unknown_code")}),
        ({"do": "add_label", "label": "vp"}, {("/label", "unknown_code")}),
        ({"do": "issue_voucher", "reward": "car"}, {("/reward", "unknown_code")}),
        ({"do": "raise_notice", "notice": "hi"}, {("/notice", "unknown_code")}),
        ({"do": "own", "name": "dance"}, {("/name", "unknown_code")}),
    ],
)
def test_each_action_says_what_is_wrong(action: Any, expected: set[tuple[str, str]]) -> None:
    assert mistakes_of(action) == expected


def test_a_program_without_a_default_type_must_be_told() -> None:
    names = type(NAMES)(activity_types=NAMES.activity_types, point_types=NAMES.point_types)
    with pytest.raises(RuleRefused) as caught:
        read_with_names({"activity_types": ["purchase"], "actions": [GIVE]}, names)
    assert [error["pointer"] for error in caught.value.errors] == ["/actions/0/point_type"]


def test_figures_written_as_text_or_number_are_the_same() -> None:
    (written,) = read({"do": "set_attribute", "attribute": "visits", "value": "1.5"}).actions
    assert isinstance(written, SetAttribute)
    assert written.value == Decimal("1.5")
    (credit,) = read({"do": "credit", "per": 2, "points": 1}).actions
    assert isinstance(credit, Credit)
    assert credit.figure == Per(Decimal(2), 1, False, None, None, "down")
    (fixed,) = read().actions
    assert isinstance(fixed, Credit)
    assert fixed.figure == Fixed(50)
