"""What follows from an activity, rule by rule."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from activities.rules.compiled import CompiledRule
from activities.rules.deciding import Decision, carry_forward, decide, points_of
from activities.rules.errors import RuleFailed
from activities.rules.facts import MemberState, Use, UseKey
from tests.activities.rules.ruling import activity, item, member, rule

TODAY = date(2026, 11, 22)
# Ten days after 22 November end with the midnight to 3 December, in Berlin.
TEN_DAYS = datetime(2026, 12, 2, 23, tzinfo=UTC)


def credit(points: int, **given: Any) -> dict[str, Any]:
    return {"do": "credit", "points": points, **given}


def given(decision: Decision) -> list[tuple[str, int | None]]:
    return [(effect.action, effect.points) for effect in decision.effects]


def only(decision: Decision) -> Any:
    (effect,) = decision.effects
    return effect


def failed(rules: list[CompiledRule], state: MemberState | None = None, **facts: Any) -> RuleFailed:
    with pytest.raises(RuleFailed) as caught:
        decide(state or member(), activity(**facts), rules)
    return caught.value


@pytest.mark.parametrize(
    ("rounding", "points"), [(None, 24), ("down", 24), ("half_up", 24), ("up", 26)]
)  # 120.40 are 12.04 tens
def test_points_per_amount_count_units(rounding: str | None, points: int) -> None:
    per = {"do": "credit", "per": "10", "points": 2, **({"rounding": rounding} if rounding else {})}
    effect = only(decide(member(), activity(amount=Decimal("120.40")), [rule(per)]))
    assert (effect.points, effect.point_type, effect.expires_at) == (points, "base", None)
    assert effect.because == {
        "amount": "120.40", "per": "10", "points_per": 2, "rounding": rounding or "down"
    }  # fmt: skip


def test_points_per_amount_of_some_items() -> None:
    sale = activity(items=(item("shoes", "80.00"), item("hats", "30.00", sku="h1"), item("socks", "10.00")))
    per = {"do": "credit", "per": "1", "points": 1, "of": "items"}
    assert only(decide(member(), sale, [rule(per)])).points == 120
    assert only(decide(member(), sale, [rule({**per, "categories": ["shoes"]})])).points == 80
    both = only(decide(member(), sale, [rule({**per, "categories": ["shoes"], "skus": ["h1"]})]))
    assert both.points == 110
    assert both.because["categories"] == ["shoes"]
    assert decide(member(), sale, [rule({**per, "skus": ["h2"]})]).effects == ()


def test_nothing_follows_from_other_types_or_unmet_conditions() -> None:
    rules = [rule(credit(5), types=["return"]), rule(credit(5), condition="activity.amount > 500")]
    assert decide(member(), activity(), rules) == Decision()
    assert decide(member(), activity(amount=None), [rule({"do": "credit", "per": "1", "points": 1})]).effects == ()


def test_a_formula_gives_whole_points_and_says_so() -> None:
    effect = only(
        decide(
            member(), activity(amount=Decimal("1.15")), [rule({"do": "credit", "expression": "activity.amount * 100"})]
        )
    )  # noqa: E501
    assert (effect.points, effect.because) == (115, {"expression": "activity.amount * 100", "rounding": "down"})


@pytest.mark.parametrize("expression", ["0 - 5", "1000000001", "activity.amount * 1000000000"])
def test_nonsense_figures_fail(expression: str) -> None:
    problem = failed([rule({"do": "credit", "expression": expression}, code="odd")]).problem()
    assert (problem["code"], problem["rule"], problem["version"]) == ("nonsense_points", "odd", 3)
    assert failed([rule({"do": "debit", "expression": "0 - 5", "if_short": "all"})]).why == "nonsense_points"


def test_points_that_end_after_days_end_with_a_local_day() -> None:
    assert only(decide(member(), activity(), [rule(credit(5, expires_days=10))])).expires_at == TEN_DAYS


def test_a_multiple_is_of_what_the_rules_before_it_gave() -> None:
    twice = {"do": "multiply", "factor": "2.5"}
    rules = [rule(credit(25)), rule(credit(7, point_type="style-points")), rule(twice), rule(twice), rule(credit(1))]
    decision = decide(member(), activity(), rules)
    # 25, then 1.5 x 25 = 37, then 1.5 x 62 = 93.
    assert given(decision) == [("credit", 25), ("credit", 7), ("multiply", 37), ("multiply", 93), ("credit", 1)]
    assert decision.effects[2].because == {"factor": "2.5", "of_points": 25, "rounding": "down"}
    assert points_of(decision.effects) == {"base": 156, "style-points": 7}
    assert decide(member(), activity(), [rule(twice)]).effects == ()


def test_a_debit_takes_what_is_there_or_nothing() -> None:
    some = member(points={"base": 30})
    assert given(decide(some, activity(), [rule({"do": "debit", "points": 20, "if_short": "skip"})])) == [
        ("debit", -20)
    ]
    assert decide(some, activity(), [rule({"do": "debit", "points": 40, "if_short": "skip"})]).effects == ()
    twice = rule(*[{"do": "debit", "points": 20, "if_short": "all"}] * 3)
    decision = decide(some, activity(), [twice])
    assert given(decision) == [("debit", -20), ("debit", -10)]
    assert decision.effects[1].because == {"asked": 20, "left": 10}


def test_the_first_of_an_exclusive_group_applies_and_the_rest_of_other_groups() -> None:
    rules = [
        rule(credit(1), condition="false", exclusive=True),
        rule(credit(2), exclusive=True),
        rule(credit(3), exclusive=True),
        rule(credit(4), group_id=2),
        rule(credit(5), group_id=2),
    ]
    assert given(decide(member(), activity(), rules)) == [("credit", 2), ("credit", 4), ("credit", 5)]


def test_positions_run_over_the_whole_activity() -> None:
    decision = decide(member(), activity(), [rule(credit(1), credit(2)), rule(credit(3))])
    assert [effect.position for effect in decision.effects] == [1, 2, 3]


def test_a_cap_cuts_and_says_so_then_ends() -> None:
    capped = rule(credit(300), credit(300), caps=[{"scope": "day", "points": 500}, {"scope": "member", "points": 900}])
    first = decide(member(), activity(), [capped])
    assert given(first) == [("credit", 300), ("credit", 200)]
    assert first.effects[1].because == {"rounding": "down", "asked": 300, "limit": "day", "left": 200}
    day, ever = UseKey(capped.rule_id, 7, TODAY), UseKey(capped.rule_id, 7, None)
    assert first.uses == {day: Use(1, 500), ever: Use(1, 500)}
    assert decide(member(uses=first.uses), activity(), [capped]) == Decision()
    next_day = member(uses={ever: Use(1, 500)})
    assert given(decide(next_day, activity(), [capped])) == [("credit", 300), ("credit", 100)]


def test_a_cap_of_times_counts_applications_with_effects() -> None:
    once = rule({"do": "credit", "per": "1", "points": 1}, caps=[{"scope": "member", "times": 1}])
    assert decide(member(), activity(amount=Decimal(0)), [once]) == Decision()
    first = decide(member(), activity(), [once])
    assert first.uses == {UseKey(once.rule_id, 7, None): Use(1, 120)}
    assert decide(member(uses=first.uses), activity(), [once]) == Decision()


def test_a_rule_that_is_used_up_leaves_the_next_of_its_group() -> None:
    bonus = rule(credit(100), exclusive=True, caps=[{"scope": "program", "times": 1}])
    usual = rule(credit(10), exclusive=True)
    assert given(decide(member(), activity(), [bonus, usual])) == [("credit", 100)]
    used = member(uses={UseKey(bonus.rule_id, None, None): Use(1, 100)})
    assert given(decide(used, activity(), [bonus, usual])) == [("credit", 10)]


def test_a_budget_is_never_exceeded_and_shared_by_the_rules_of_a_campaign() -> None:
    first, second = (rule(credit(60), campaign_id=4, eligibility="all", budget=500) for _ in range(2))
    state = member(budgets={4: 100})
    decision = decide(state, activity(), [first, second])
    assert given(decision) == [("credit", 60), ("credit", 40)]
    assert decision.effects[1].because["limit"] == "budget"
    assert decision.spent == {4: 100}
    uses: dict[UseKey, Use] = {}
    budgets: dict[int, int | None] = {4: 100, 5: None}
    carry_forward(decision, uses, budgets)
    assert (uses, budgets) == ({}, {4: 0, 5: None})
    assert decide(member(budgets=budgets), activity(), [first]) == Decision()


def test_a_campaign_is_for_those_it_is_meant_for() -> None:
    labelled = rule(credit(1), campaign_id=4, eligibility="label", label="vip")
    listed = rule(credit(2), campaign_id=5, eligibility="list")
    assert decide(member(), activity(), [labelled, listed]) == Decision()
    meant = member(labels=frozenset({"vip"}), campaigns=frozenset({5}))
    assert given(decide(meant, activity(), [labelled, listed])) == [("credit", 1), ("credit", 2)]


def test_tiers_only_rise_unless_asked() -> None:
    up = {"do": "change_tier", "group": "main", "tier": "gold", "until_days": 10}
    silver, diamond = (
        member(tiers={"main": "silver"}, ranks={"main": 0}),
        member(tiers={"main": "diamond"}, ranks={"main": 2}),
    )  # noqa: E501
    effect = only(decide(silver, activity(), [rule(up, up)]))
    assert (effect.group, effect.tier, effect.only_up, effect.until) == ("main", "gold", True, TEN_DAYS)
    assert effect.because == {"group": "main", "tier": "gold", "former": "silver", "until": TEN_DAYS.isoformat()}
    assert only(decide(member(), activity(), [rule(up)])).because["former"] is None
    assert decide(diamond, activity(), [rule(up)]).effects == ()
    assert only(decide(diamond, activity(), [rule({**up, "only_up": False})])).tier == "gold"


def test_attributes_are_set_and_added_to() -> None:
    def act(*actions: dict[str, Any], **attributes: Any) -> list[tuple[str, Any, Any]]:
        decision = decide(member(attributes=attributes), activity(), [rule(*actions)])
        return [(one.action, one.value, one.because.get("former")) for one in decision.effects]

    add = {"do": "add_to_attribute", "attribute": "visits", "amount": "1.5"}
    assert act(add, add) == [("add_to_attribute", Decimal("1.5"), None), ("add_to_attribute", Decimal(3), "1.5")]
    assert act({**add, "amount": "-2"}, visits=Decimal(4)) == [("add_to_attribute", Decimal(2), "4")]
    computed = {"do": "add_to_attribute", "attribute": "visits", "expression": "activity.amount / 8"}
    assert act(computed) == [("add_to_attribute", Decimal(15), None)]
    flag = {"do": "set_attribute", "attribute": "vip", "expression": "activity.amount > 100"}
    assert act(flag) == [("set_attribute", True, None)]
    assert act(flag, vip=True) == []
    day = {"do": "set_attribute", "attribute": "since", "expression": "activity.date"}
    assert act(day) == [("set_attribute", TODAY, None)]
    assert act({"do": "set_attribute", "attribute": "size", "value": "large"}) == [("set_attribute", "large", None)]


def test_free_texts_are_set_but_kept_out_of_the_effect_which_nobody_can_erase() -> None:
    action = {"do": "set_attribute", "attribute": "motto", "expression": "activity.attributes.said"}
    effect = only(decide(member(), activity(attributes={"said": "Emma was here"}), [rule(action)]))
    assert effect.value == "Emma was here"
    assert effect.because == {"expression": "activity.attributes.said", "attribute": "motto"}


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ({"do": "add_to_attribute", "attribute": "visits", "amount": "1000000000000000"}, "too_large"),
        ({"do": "set_attribute", "attribute": "size", "expression": '"hu" + "ge"'}, "wrong_choice"),
        ({"do": "set_attribute", "attribute": "since", "expression": "activity.currency"}, "wrong_type"),
        ({"do": "set_attribute", "attribute": "motto", "expression": "activity.location"}, "wrong_type"),
        ({"do": "set_attribute", "attribute": "visits", "expression": 'double("nan")'}, "not_a_number"),
    ],
)
def test_values_that_do_not_fit_fail(action: dict[str, Any], why: str) -> None:
    assert failed([rule(action)], member(attributes={"visits": Decimal(1)})).why == why


def test_labels_benefits_vouchers_and_notices() -> None:
    rules = [
        rule({"do": "add_label", "label": "vip"}, {"do": "add_label", "label": "press"}),
        rule({"do": "remove_label", "label": "vip"}, {"do": "remove_label", "label": "vip"}),
        rule({"do": "grant_benefit", "benefit": "lounge", "days": 10}, {"do": "grant_benefit", "benefit": "lounge"}),
        rule(credit(9), {"do": "issue_voucher", "reward": "ten-off"}, {"do": "raise_notice", "notice": "thanks"}),
    ]
    effects = decide(member(labels=frozenset({"vip"})), activity(), rules).effects
    assert [(one.action, one.label) for one in effects[:2]] == [("add_label", "press"), ("remove_label", "vip")]
    assert [(one.benefit, one.until) for one in effects[2:4]] == [("lounge", TEN_DAYS), ("lounge", None)]
    assert effects[5].reward == "ten-off"
    assert effects[6].notice == "thanks"
    assert effects[6].facts == {
        "activity": "purchase", "rule": "Double points", "points": 9, "amount": Decimal("120.00"), "currency": "EUR",
        "date": TODAY,
    }  # fmt: skip


def test_effects_are_bounded() -> None:
    many = [rule(*[credit(1)] * 10) for _ in range(5)]
    assert len(decide(member(), activity(), many).effects) == 50
    assert failed([*many, rule(credit(1))]).why == "too_many_effects"


def test_conditions_read_the_facts_from_before_the_activity() -> None:
    rules = [rule({"do": "add_label", "label": "vip"}), rule(credit(5), condition='"vip" in labels')]
    assert [one.action for one in decide(member(), activity(), rules).effects] == ["add_label"]


def test_a_rule_that_can_not_be_read_any_more_fails_its_activities_only() -> None:
    sound = rule(credit(5))
    broken = CompiledRule(90, 90, 1, "gone", "Gone", 1, False, frozenset({"return"}), None, "The label went.")
    assert given(decide(member(), activity(), [broken, sound])) == [("credit", 5)]
    problem = failed([broken, sound], type="return").problem()
    assert problem == {"code": "broken_rule", "detail": "The label went.", "rule": "gone", "version": 1}


@pytest.mark.parametrize(
    ("condition", "action", "counts"),
    [
        ("", {"do": "credit", "per": "1.00", "points": 1}, False),
        ("", {"do": "credit", "per": "1.00", "points": 1, "of": "items"}, False),
        ("", {"do": "credit", "expression": "activity.amount / 10"}, False),
        ("activity.amount >= 50", {"do": "credit", "points": 5}, False),
        ("activity.items.exists(one, one.amount > 5)", {"do": "credit", "points": 5}, False),
        ('activity.currency == "USD"', {"do": "credit", "per": "1.00", "points": 1}, True),
        ('activity.items.exists(one, one.sku == "hat")', {"do": "credit", "points": 5}, True),
        ("", {"do": "credit", "points": 5}, True),
        ("", {"do": "add_to_attribute", "attribute": "visits", "amount": "1"}, True),
    ],
)
def test_a_rule_that_counts_money_means_that_of_the_program_unless_it_asks_for_the_currency(
    condition: str, action: dict[str, Any], counts: bool
) -> None:
    hat = item("", "120.00", sku="hat")
    asked = rule(action, condition=condition)
    abroad = activity(currency="USD", items=(hat,), foreign=True)
    assert bool(decide(member(), abroad, [asked]).effects) is counts
    home = activity(items=(hat,))
    assert bool(decide(member(), home, [asked]).effects) is ("USD" not in condition)
