"""Conditions and amounts: what they mean, what is refused when saved, what fails when computed."""

import logging
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.rules.errors import RuleFailed, RuleRefused
from activities.rules.expressions import compile_checked, context_of
from activities.rules.facts import ActivityFacts, MemberState
from activities.rules.language.checking import variable
from activities.rules.values import variables
from tests.activities.rules.ruling import NAMES, activity, item, member


def computed(
    source: str, expects: Any = "bool", *, of: ActivityFacts | None = None, state: MemberState | None = None
) -> Any:
    compiled = compile_checked(source, expects=expects, names=NAMES)
    return compiled.run(
        context_of(variables(compiled.reads, state or member(), of or activity()), calls=compiled.calls)
    )


def refusal(source: str, expects: Any = "bool") -> tuple[str, int]:
    with pytest.raises(RuleRefused) as caught:
        compile_checked(source, expects=expects, names=NAMES, pointer="/condition")
    assert caught.value.errors[0]["pointer"] == "/condition"
    return caught.value.errors[0]["code"], caught.value.facts["at"]["/condition"]


def failure(source: str, expects: Any = "bool", **given: Any) -> str:
    with pytest.raises(RuleFailed) as caught:
        computed(source, expects, **given)
    return caught.value.why


SALE = activity(
    points=40,
    channel="till",
    partner="hotel",
    location="Berlin",
    attributes={"color": "red", "nights": 3, "rush": True, "empty": None},
    items=(item("shoes", "80.00", quantity="2"), item("hats", "40.00")),
)
STATE = member(
    tiers={"main": "gold"},
    ranks={"main": 1},
    attributes={"visits": Decimal(4), "vip": True, "since": datetime(2026, 1, 2, tzinfo=UTC).date()},
    labels=frozenset({"vip"}),
    points={"base": 900, "style-points": 5},
    birth_month=11,
    birth_day=22,
    language="de",
)


@pytest.mark.parametrize(
    "true",
    [
        "activity.amount > 50",
        "activity.amount == 120 && activity.amount == 120.00",
        "activity.points * 2 + 1 == 81 && activity.points / 16 == 2.5",
        "activity.amount % 7 == 1",
        'activity.type == "purchase" && activity.currency == "EUR" && activity.channel == "till"',
        'activity.partner == "hotel" && activity.location.startsWith("Ber") && activity.location.contains("rl")',
        'activity.date == "2026-11-22" && activity.month == 11 && activity.day == 22 && activity.hour == 15',
        "activity.weekday in [6, 7]",
        'activity.attributes.color == "red" && activity.attributes["nights"] >= 3 && activity.attributes.rush',
        "has(activity.attributes.color) && !has(activity.attributes.empty)",
        'activity.items.exists(i, i.category == "shoes" && i.amount / i.quantity == 40)',
        'sum(activity.items.filter(i, i.category != "hats").map(i, i.amount)) == 80',
        "size(activity.items) == 2 && activity.items.size() > 1 && activity.items[1].amount == 40",
        'member.type == "standard" && member.is_main && member.days_enrolled == 660 && member.months_enrolled == 21',
        'member.birthday_today && member.birth_month == 11 && member.birth_day == 22 && member.language == "de"',
        'tier.main == "gold" && rank.main >= 1 && tier.main in ["gold", "diamond"]',
        'attributes.visits == 4 && attributes.vip && attributes.since < "2026-06-30"',
        'has(attributes.visits) && !has(attributes.motto) && attributes.motto == ""',
        '"vip" in labels && !("press" in labels) && labels.exists(l, l == "vip")',
        'points.base >= 900 && points["style-points"] == 5',
        "min(3, 1, 2) == 1 && max(activity.points, 50) == 50",
        "floor(2.9) == 2 && ceil(2.1) == 3 && round(2.5) == 3 && int(-2.9) == -2",
        "floor(1.15 * 100) == 115",
        'string(5) == "5" && double("2.5") == 2.5 && "a" + "b" == "ab"',
        "activity.amount > 50 ? true : attributes.vip",
        "-activity.amount < 0 && !(activity.amount < 0)",
    ],
)
def test_expressions_mean_what_they_say(true: str) -> None:
    assert computed(true, of=SALE, state=STATE) is True
    assert computed(f"!({true})", of=SALE, state=STATE) is False


@pytest.mark.parametrize(
    ("source", "whole"),
    [
        ("activity.amount * 2", 240),
        ("activity.amount * 0.1", 12),
        ("1.15 * 100", 115),
        ("0.1 * 3 * 100", 30),
        ("activity.amount / 7", 17),
        ("activity.amount >= 100 ? 50 : 0", 50),
        ("floor(activity.amount / 50) * 10", 20),
        ("0 - 2.5", -3),
    ],
)
def test_whole_numbers_are_rounded_down_without_the_noise_of_doubles(source: str, whole: int) -> None:
    assert computed(source, "int") == whole


def test_a_value_is_a_number_a_text_or_a_flag() -> None:
    assert computed("activity.amount / 8", "value") == Decimal(15)
    assert computed('"x" + activity.currency', "value") == "xEUR"
    assert computed("activity.amount > 1", "value") is True


def test_what_the_activity_does_not_carry_makes_a_comparison_false() -> None:
    bare = activity()
    for asked in ('activity.attributes.color == "red"', "activity.attributes.nights > 3", "activity.attributes.rush"):
        assert computed(asked, of=bare) is False
    assert computed('activity.attributes.color != "red"', of=bare) is False
    assert computed('!has(activity.attributes.color) || activity.attributes.color != "red"', of=bare) is True
    assert failure("activity.attributes.nights * 2", "int", of=bare) == "missing_fact"


def test_without_a_value_attributes_amounts_and_birthdays_are_empty() -> None:
    nothing = activity(amount=None)
    assert computed("attributes.visits == 0 && !attributes.vip && attributes.since == '' && activity.amount == 0 "
                    "&& activity.points == 0 && member.birth_month == 0 && !member.birthday_today "
                    "&& tier.main == '' && rank.main == -1 && points.base == 0", of=nothing)  # fmt: skip


def test_who_is_born_on_the_29th_of_february_has_the_28th_in_other_years() -> None:
    born = member(birth_month=2, birth_day=29)
    for day, expected in ((datetime(2027, 2, 28, 12, tzinfo=UTC), True), (datetime(2028, 2, 28, 12, tzinfo=UTC), False),
                          (datetime(2028, 2, 29, 12, tzinfo=UTC), True)):  # fmt: skip
        assert computed("member.birthday_today", of=activity(at=day), state=born) is expected


@pytest.mark.parametrize(
    ("source", "code", "at"),
    [
        ("", "syntax", 0),
        ("activity.amount >", "syntax", 17),
        ("(activity.amount > 1", "syntax", 20),
        ("activity.amount > 1)", "syntax", 19),
        ("1 < 2 < 3", "syntax", 8),
        ("activity..amount > 1", "syntax", 9),
        ('"abc', "unknown_sign", 0),
        ("activity.amount > 5 €", "unknown_sign", 20),
        ("activity.amount > 1e9", "syntax", 18),
        ("activity.amount > 0x1f", "syntax", 18),
        ('"\\d" == "x"', "syntax", 1),
        ("null == 1", "unknown_name", 0),
        ("amount > 1", "unknown_name", 0),
        ("activity.amonut > 1", "unknown_name", 9),
        ("activity > 1", "wrong_kind", 0),
        ("attributes.visit > 1", "unknown_name", 11),
        ("points.miles > 1", "unknown_name", 7),
        ('tier.main == "platinum"', "unknown_code", 13),
        ('"vp" in labels', "unknown_code", 0),
        ('labels.exists(l, l == "vp")', "unknown_code", 22),
        ('attributes.size in ["small", "huge"]', "unknown_code", 29),
        ('activity.type == "buy"', "unknown_code", 17),
        ("now() > 1", "unknown_function", 0),
        ('activity.location.matches("(a+)+$")', "unknown_function", 18),
        ("activity.amount.floor() > 1", "unknown_function", 16),
        ('activity.amount > "50"', "wrong_kind", 9),
        ("activity.amount + labels > 1", "wrong_kind", 18),
        ("activity.currency", "wrong_kind", 9),
        ("activity.currency && true", "wrong_kind", 9),
        ("labels.map(l, [l]).size() > 1", "wrong_kind", 7),
        ("has(activity.amount)", "wrong_kind", 0),
        ("min(1) == 1", "wrong_number", 0),
        ("activity.amount / 0 > 1", "division_by_zero", 18),
        ("activity.amount % 0.0 > 1", "division_by_zero", 18),
        ("activity.amount > 9999999999999999", "too_large", 18),
        ("labels.exists(a, labels.exists(b, labels.exists(c, c == a)))", "too_deep", 41),
        ("labels.exists(labels, true)", "syntax", 14),
        ("activity.items.all(a, activity.items.exists(b, a.sku == b.sku))", "too_deep", 37),
        ("labels.all(l, sum(activity.items.map(b, b.amount)) > 1)", "too_deep", 33),
    ],
)  # fmt: skip
def test_mistakes_are_refused_where_they_stand(source: str, code: str, at: int) -> None:
    assert refusal(source) == (code, at)


def test_sizes_are_bounded() -> None:
    assert refusal("true || " * 70 + "true")[0] == "too_long"
    assert refusal("(" * 21 + "true" + ")" * 21)[0] == "too_deep"
    assert refusal("!" * 30 + "true")[0] == "too_deep"
    assert refusal("-" * 30 + "1 > 0")[0] == "too_deep"
    assert refusal("[" * 200 + "]" * 200)[0] == "too_deep"
    assert refusal(f"1 in [{', '.join(['1'] * 51)}]")[0] == "too_many"
    assert computed(f"1 in [{', '.join(['1'] * 50)}]") is True
    assert computed("true" + " || true" * 60) is True
    assert computed("1" + "+1" * 240 + " == 241") is True
    assert refusal("1 > 0 ? " * 25 + "true" + " : true" * 25)[0] == "too_deep"


def test_what_an_int_or_a_text_needs_is_checked_when_saved() -> None:
    assert refusal('"a"', "int")[0] == "wrong_kind"
    assert refusal("activity.amount > 1", "int")[0] == "wrong_kind"
    assert refusal("activity.amount", "text")[0] == "wrong_kind"
    assert refusal("labels", "value")[0] == "wrong_kind"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("activity.amount / (activity.points - 40) > 1", "division_by_zero"),
        ("activity.amount % (activity.points - 40) > 1", "division_by_zero"),
        ("activity.items[9].amount > 1", "missing_item"),
        ("activity.items[activity.amount].amount > 1", "missing_item"),
        ("activity.attributes.color > 5", "wrong_type"),
        ("activity.attributes.color + 1 > 5", "wrong_type"),
        ("floor(activity.attributes.color) > 1", "not_computable"),
        ("sum([activity.attributes.color]) > 1", "not_computable"),
        ("activity.attributes.nights", "wrong_type"),
        ('double("abc") > 1', "not_a_number"),
        ('floor(double("nan")) > 1', "not_a_number"),
        ('int("1.200") > 1', "not_a_number"),
        ('activity.attributes.rush && double("inf") > 5', "not_a_number"),
        ("int(activity.attributes.rush) > 0", "not_computable"),
    ],
)
def test_what_can_not_be_computed_fails_with_its_reason(source: str, why: str) -> None:
    assert failure(source, of=SALE) == why


HUGE = " * ".join(["999999999999999"] * 25)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('double("nan")', "not_a_number"),
        ('double("inf")', "not_a_number"),
        ('0 - double("inf")', "not_a_number"),
        (HUGE, "not_a_number"),
        ("999999999999999 * 999999999999999", "too_large"),
        ("-999999999999999 * 2", "too_large"),
        ("activity.amount / (activity.points - 40)", "division_by_zero"),
        ("activity.attributes.color", "wrong_type"),
        ("activity.attributes.rush", "wrong_type"),
    ],
)
def test_nonsense_is_no_number(source: str, why: str) -> None:
    assert failure(source, "int", of=SALE) == why
    assert failure(source, "number", of=SALE) == why


def test_failures_are_told_once_and_not_logged_besides(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        failure("activity.amount / (activity.points - 40) > 1", of=SALE)
    assert caplog.records == []


def test_a_large_sale_is_gone_over_soon() -> None:
    sale = activity(items=tuple(item(f"c{n}", "1.00") for n in range(200)))
    listed = ", ".join(f'"c{n}"' for n in range(50))
    long = f"activity.items.filter(i, [{listed}].exists(c, i.category == c)).map(i, i.amount)"
    began = time.process_time()
    assert computed(f"sum({long}) == 50", of=sale) is True
    assert time.process_time() - began < 1


@pytest.mark.parametrize("path", [("points", "a-b"), ("points", "a_b"), ("points", "a__b"), ("points_a", "b")])
def test_no_two_paths_share_a_variable(path: tuple[str, ...]) -> None:
    others = {("points", "a-b"), ("points", "a_b"), ("points", "a__b"), ("points_a", "b")} - {path}
    assert variable(path) not in {variable(other) for other in others}
    assert variable(path).isidentifier()


WORDS = st.sampled_from(
    ["activity", ".", "amount", "points", "items", "attributes", "labels", "tier", "main", "x", "(", ")", "[", "]",
     ",", "&&", "||", "!", "-", "+", "*", "/", "%", "==", "<", "in", "?", ":", "1", "0", "2.5", '"vip"', "true",
     "exists", "map", "filter", "has", "size", "sum", "min", "double", "int", "color", "string", "all", "floor"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.lists(WORDS, max_size=14).map("".join), st.text(max_size=40)),
    st.sampled_from(["bool", "int", "value"]),
)
def test_any_text_is_refused_or_computed_or_fails(source: str, expects: Any) -> None:
    try:
        computed(source, expects, of=SALE, state=STATE)
    except (RuleRefused, RuleFailed):
        pass


NUMBERS = st.sampled_from(["activity.amount", "activity.points", "attributes.visits", "points.base", "0", "1", "7.5",
                           "999999999999999", "activity.attributes.nights", "activity.attributes.color"])  # fmt: skip
GROWN = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/%"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["floor", "ceil", "round", "int", "-"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(GROWN)
def test_every_sum_is_a_whole_number_or_a_told_failure(source: str) -> None:
    try:
        found = computed(source, "int", of=SALE, state=STATE)
    except (RuleRefused, RuleFailed):
        return
    assert type(found) is int
    assert abs(found) <= 10**15 + 1
