"""Actions of one's own: the example of the documentation, and what others may get wrong."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from activities.rules import own
from activities.rules.deciding import decide
from activities.rules.definition import read_with_names
from activities.rules.errors import RuleFailed, RuleRefused
from activities.rules.own import own_action
from activities.rules.telling import sentence, told_of_decided
from tests.activities.rules.ruling import NAMES, activity, member, rule

ROOT = Path(__file__).resolve().parents[3]
STEPS = {"do": "own", "name": "bonus_by_steps", "parameters": {"steps": "100: 10, 250: 40, 1000: 250"}}


@pytest.fixture(autouse=True)
def example(settings: Any) -> Iterator[None]:
    settings.LOYALTY_OWN_ACTIONS = ["examples.own_action"]
    before = dict(own.own_actions())
    yield
    own._registered.clear()
    own._registered.update(before)


def registered(answer: Any, name: str = "mine", **given: Any) -> dict[str, Any]:
    """An own action that answers this, or raises it."""

    @own_action(name, **given)
    def act(activity: Any, state: Any, parameters: Mapping[str, Any]) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer(activity, state, parameters) if callable(answer) else answer

    return {"do": "own", "name": name}


def mistakes(action: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(RuleRefused) as caught:
        read_with_names({"activity_types": ["purchase"], "actions": [action]}, NAMES)
    return {(error["pointer"].removeprefix("/actions/0"), error["code"]) for error in caught.value.errors}


@pytest.mark.parametrize(
    ("amount", "labels", "points"),
    [("99.99", [], None), ("300", [], 40), ("1000", [], 250), ("300", ["double"], 80)],
)
def test_the_example_gives_the_bonus_of_the_step(amount: str, labels: list[str], points: int | None) -> None:
    bought = activity(amount=Decimal(amount))
    effects = decide(member(labels=frozenset(labels)), bought, [rule(STEPS)]).effects
    assert [one.points for one in effects] == ([] if points is None else [points])
    if points:
        assert sentence(told_of_decided(effects[0])) == (
            f"Double points, version 3, gave {points} base because the own action bonus_by_steps says so."
        )


def test_the_documentation_shows_the_example_as_it_is() -> None:
    (shown,) = re.findall(r"```python\n(@own_action.*?)```", (ROOT / "docs/rules.md").read_text("utf-8"), re.DOTALL)
    assert shown in (ROOT / "examples/own_action.py").read_text("utf-8")


def test_parameters_are_checked_when_the_rule_is_saved() -> None:
    assert mistakes({**STEPS, "parameters": {}}) == {("/parameters/steps", "required")}
    assert mistakes({**STEPS, "parameters": {"steps": 5, "more": 1}}) == {
        ("/parameters/steps", "invalid"),
        ("/parameters/more", "unknown_field"),
    }
    action = registered([], parameters={"n": int, "rate": Decimal, "on": bool})
    wrong = {"n": 1.5, "rate": "many", "on": "yes"}
    assert mistakes({**action, "parameters": wrong}) == {
        ("/parameters/n", "invalid"), ("/parameters/rate", "invalid"), ("/parameters/on", "invalid")
    }  # fmt: skip


def test_what_is_given_is_as_declared() -> None:
    seen = []
    action = registered(lambda *given: seen.append(given[2]) or [], parameters={"n": int, "rate": Decimal})
    decide(member(), activity(), [rule({**action, "parameters": {"n": 3, "rate": "1.5"}})])
    assert seen == [{"n": 3, "rate": Decimal("1.5")}]


def test_its_effects_are_bounded_and_capped_like_any() -> None:
    action = registered([{"do": "credit", "points": 300}, {"do": "credit", "points": 300}])
    capped = rule(action, {"do": "credit", "points": 300}, caps=[{"scope": "day", "points": 500}])
    effects = decide(member(), activity(), [capped]).effects
    assert [(one.points, one.because.get("own")) for one in effects] == [(300, "mine"), (200, "mine")]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (ValueError("oops"), "own_action_failed"),
        (ZeroDivisionError(), "own_action_failed"),
        (None, "own_action_failed"),
        (5, "own_action_failed"),
        (["credit"], "own_action_wrong"),
        ([{"do": "dance"}], "own_action_wrong"),
        ([{"do": "own", "name": "mine"}], "own_action_wrong"),
        ([{"do": "credit", "points": -5}], "own_action_wrong"),
        ([{"do": "credit", "points": 5, "point_type": "miles"}], "own_action_wrong"),
        ([{"do": "credit", "expression": "0 - 5"}], "nonsense_points"),
        ([{"do": "credit", "points": 1}] * 51, "too_many_effects"),
    ],
)
def test_whatever_it_does_stops_its_own_activity_only(answer: Any, why: str) -> None:
    mine = rule(registered(answer), code="mine")
    with pytest.raises(RuleFailed) as caught:
        decide(member(), activity(), [mine])
    assert (caught.value.why, caught.value.rule) == (why, "mine")


def test_one_that_is_registered_no_more_fails() -> None:
    mine = rule(registered([]))
    own._registered.pop("mine")
    with pytest.raises(RuleFailed) as caught:
        decide(member(), activity(), [mine])
    assert caught.value.why == "unknown_own_action"


def test_two_modules_do_not_share_a_name_and_kinds_are_few() -> None:
    with pytest.raises(ValueError, match="bonus_by_steps"):
        registered([], name="bonus_by_steps")
    with pytest.raises(TypeError, match="list"):
        registered([], name="other", parameters={"codes": list})
