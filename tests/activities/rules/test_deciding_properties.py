"""What holds for any rules, members and activities."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from activities.rules.compiled import CompiledRule
from activities.rules.deciding import carry_forward, decide
from activities.rules.errors import RuleFailed
from activities.rules.facts import Use, UseKey
from activities.rules.working import MOST_EFFECTS, MOST_POINTS
from tests.activities.rules.ruling import activity, member, rule

FORMULAS = st.sampled_from(
    ["activity.amount * 2", "activity.amount / (activity.points - 3)", "0 - activity.points", "points.base / 2",
     "attributes.visits * 1000000000", "activity.attributes.nights * 10", "max(activity.amount, points.base)",
     'double("inf")', "activity.items[0].amount"]
)  # fmt: skip
CONDITIONS = st.sampled_from(
    ["", "activity.amount > 50", "activity.points % 2 == 0", '"vip" in labels', "activity.attributes.nights > 2",
     "activity.amount / activity.points > 10", "attributes.visits < 3"]
)  # fmt: skip
POINTS = st.integers(1, 500)
ACTIONS = st.one_of(
    POINTS.map(lambda n: {"do": "credit", "points": n}),
    st.builds(lambda n, r: {"do": "credit", "per": "7", "points": n, "rounding": r}, POINTS,
              st.sampled_from(["down", "half_up", "up"])),
    FORMULAS.map(lambda text: {"do": "credit", "expression": text}),
    st.sampled_from(["1.5", "2", "1000"]).map(lambda factor: {"do": "multiply", "factor": factor}),
    st.builds(lambda n, way: {"do": "debit", "points": n, "if_short": way}, POINTS, st.sampled_from(["skip", "all"])),
    FORMULAS.map(lambda text: {"do": "add_to_attribute", "attribute": "visits", "expression": text}),
    st.just({"do": "add_label", "label": "vip"}),
)  # fmt: skip
CAPS = st.lists(
    st.builds(
        lambda scope, times, points: {"scope": scope, **({"times": times} if times else {}), "points": points},
        st.sampled_from(["day", "member", "program"]), st.none() | st.integers(1, 3), st.integers(1, 900),
    ),
    max_size=3, unique_by=lambda cap: cap["scope"],
)  # fmt: skip


@st.composite
def rules(draw: Any) -> list[CompiledRule]:
    """Up to six rules in three groups, the second of them exclusive, some of a campaign with a budget."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        group = draw(st.integers(1, 3))
        of_campaign = {"campaign_id": 4, "eligibility": "all", "budget": 600} if draw(st.booleans()) else {}
        actions = draw(st.lists(ACTIONS, min_size=1, max_size=4))
        found.append(
            rule(
                *actions,
                condition=draw(CONDITIONS),
                caps=draw(CAPS),
                group_id=group,
                exclusive=group == 2,
                **of_campaign,
            )  # noqa: E501
        )
    return sorted(found, key=lambda one: one.group_id)


FACTS = st.fixed_dictionaries(
    {
        "amount": st.none() | st.decimals(0, 10**6, places=2),
        "points": st.none() | st.integers(0, 100),
        "attributes": st.dictionaries(
            st.sampled_from(["nights", "color"]),
            st.one_of(st.integers(-5, 9), st.text(max_size=3), st.booleans(), st.none()),
        ),
    }
)
STATES = st.fixed_dictionaries(
    {
        "points": st.fixed_dictionaries({"base": st.integers(0, 600)}),
        "attributes": st.dictionaries(st.just("visits"), st.integers(0, 10**6).map(Decimal)),
        "labels": st.frozensets(st.just("vip")),
        "membership_id": st.integers(1, 2),
    }
)


@settings(max_examples=150, deadline=None)
@given(rules(), st.lists(st.tuples(FACTS, STATES), min_size=1, max_size=8))
def test_caps_and_budgets_hold_over_any_stream(found: list[CompiledRule], stream: list[Any]) -> None:
    """Every failure is RuleFailed: any other would end this test."""
    uses: dict[UseKey, Use] = {}
    budgets: dict[int, int | None] = {4: 600}
    spent = 0
    for facts, state in stream:
        try:
            decision = decide(member(**state, uses=uses, budgets=budgets), activity(**facts), found)
        except RuleFailed as failed:
            assert failed.rule in {one.code for one in found}
            continue
        _check(found, decision.effects, state["points"]["base"])
        spent += sum(one.points for one in decision.effects if one.rule.campaign_id and (one.points or 0) > 0)
        carry_forward(decision, uses, budgets)
    assert budgets == {4: 600 - spent}
    assert spent <= 600
    by_rule = {one.rule_id: one for one in found}
    for key, use in uses.items():
        cap = next(cap for cap in by_rule[key.rule_id].sound().caps if _scope(key) == cap.scope)
        assert cap.points is None or use.points <= cap.points
        assert cap.times is None or use.times <= cap.times


def _scope(key: UseKey) -> str:
    return "day" if key.day else "member" if key.membership_id else "program"


def _check(found: list[CompiledRule], effects: Any, available: int) -> None:
    order = {one.rule_id: place for place, one in enumerate(found)}
    assert [one.position for one in effects] == list(range(1, len(effects) + 1))
    places = [order[one.rule.rule_id] for one in effects]
    assert places == sorted(places)
    assert len(effects) <= MOST_EFFECTS
    assert len({one.rule.rule_id for one in effects if one.rule.exclusive}) <= 1
    assert all(0 < one.points <= MOST_POINTS for one in effects if one.action in ("credit", "multiply"))
    assert -sum(one.points for one in effects if one.action == "debit") <= available


@settings(max_examples=50, deadline=None)
@given(rules(), FACTS, STATES)
def test_the_same_facts_have_the_same_effects(found: list[CompiledRule], facts: Any, state: Any) -> None:
    def once() -> Any:
        try:
            return decide(member(**state), activity(**facts), found)
        except RuleFailed as failed:
            return failed.problem()

    assert once() == once()
