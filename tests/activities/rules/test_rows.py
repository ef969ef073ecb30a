"""Conditions by rows: one canonical expression, read back into the same rows."""

import string
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.rules.comparisons import COMPARISONS, FieldKind, Literal
from activities.rules.fields import Field, fields_of
from activities.rules.rows import Row, Rows, expression_of, rows_of
from tests.activities.rules.worded import SKY

FIELDS: Mapping[str, Field] = fields_of(SKY)


@pytest.mark.parametrize(
    ("row", "expression"),
    [
        (Row("amount", "at_least", ("50",)), "activity.amount >= 50.0"),
        (Row("amount", "below", ("12.5",)), "activity.amount < 12.5"),
        (Row("weekday", "any_of", ("6", "7")), "activity.weekday in [6, 7]"),
        (Row("channel", "none_of", ("web", 'a "b"')), '!(activity.channel in ["web", "a \\"b\\""])'),
        (Row("location", "contains", ("Straße",)), 'activity.location.contains("Straße")'),
        (Row("date", "from", ("2026-12-01",)), 'activity.date >= "2026-12-01"'),
        (Row("birthday", "yes"), "member.birthday_today"),
        (Row("birth_month", "no"), "!(member.birth_month == activity.month)"),
        (Row("days_enrolled", "at_most", ("30",)), "member.days_enrolled <= 30"),
        (Row("tier-ladder", "any_of", ("gold",)), 'tier.ladder in ["gold"]'),
        (Row("rank-over-60", "at_least", ("3",)), 'rank["over-60"] >= 3'),
        (Row("labels", "any_of", ("vip",)), 'labels.exists(one, one in ["vip"])'),
        (Row("category", "none_of", ("shoes",)), '!(activity.items.exists(item, item.category in ["shoes"]))'),
        (
            Row("detail", "any_of", ("red", "blue"), "color"),
            '("color" in activity.attributes && activity.attributes["color"] in ["red", "blue"])',
        ),
        (
            Row("detail", "at_least", ("3",), "nights"),
            '("nights" in activity.attributes && activity.attributes["nights"] >= 3.0)',
        ),
        (Row("attribute-home-store", "any_of", ("Ulm",)), 'attributes["home-store"] in ["Ulm"]'),
        (Row("attribute-student", "no"), "!(attributes.student)"),
        (Row("points-tier-miles", "above", ("100",)), 'points["tier-miles"] > 100'),
    ],
)
def test_a_row_is_written_in_one_way_and_read_back(row: Row, expression: str) -> None:
    assert expression_of(Rows((row,)), FIELDS) == expression
    assert rows_of(expression, FIELDS) == Rows((row,))


def test_rows_hold_together_or_each_by_itself() -> None:
    rows = (Row("amount", "at_least", ("50",)), Row("location", "any_of", ("a && b", "c || d")))
    both = 'activity.amount >= 50.0 && activity.location in ["a && b", "c || d"]'
    assert expression_of(Rows(rows), FIELDS) == both
    assert rows_of(both, FIELDS) == Rows(rows)
    either = both.replace("50.0 && ", "50.0 || ")
    assert expression_of(Rows(rows, any_of_them=True), FIELDS) == either
    assert rows_of(either, FIELDS) == Rows(rows, any_of_them=True)


def test_no_condition_is_no_row() -> None:
    assert expression_of(Rows(), FIELDS) == ""
    assert rows_of("  ", FIELDS) == Rows()


@pytest.mark.parametrize(
    "by_hand",
    [
        "activity.amount>=50.0",
        "activity.amount >= 50",
        "50.0 <= activity.amount",
        "activity.amount >= 50.0 && (activity.hour < 12 || member.is_main)",
        "activity.amount >= 50.0 && activity.hour < 12 || member.is_main",
        "!member.birthday_today",
        'activity.channel == "web"',
        "activity.weekday in []",
        "activity.weekday in [6.0]",
        'tier.gone in ["gold"]',
        '("color" in activity.attributes && activity.attributes["size"] in ["red"])',
        "activity.amount >= 50.0 &&",
        'activity.channel in ["web',
        "true",
    ],
)
def test_what_is_written_otherwise_is_by_hand(by_hand: str) -> None:
    assert rows_of(by_hand, FIELDS) is None


def values_for(field: Field, literal: Literal) -> st.SearchStrategy[str]:
    if field.choices:
        return st.sampled_from(list(field.choices))
    if literal is Literal.WHOLE:
        return st.integers(0, 10**9).map(str)
    if literal is Literal.NUMBER:
        return st.decimals(0, 10**6, places=2).map(lambda one: format(one.normalize(), "f"))
    if field.kind is FieldKind.DATE:
        return st.dates().map(str)
    return st.text(string.printable + "äß漢\\\"'&|()[]", min_size=1, max_size=20)


@st.composite
def made(draw: Any) -> Row:
    field = draw(st.sampled_from(list(FIELDS.values())))
    key = draw(st.sampled_from(list(COMPARISONS[field.kind])))
    comparison = COMPARISONS[field.kind][key]
    values = st.lists(values_for(field, comparison.literal), min_size=1, max_size=4 if comparison.several else 1)
    name = draw(st.text(string.ascii_letters + '"\\ ', min_size=1, max_size=9)) if field.key == "detail" else ""
    return Row(field.key, key, () if comparison.bare else tuple(draw(values)), name)


# Machines are busy: how long an example takes is no rule.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(made(), max_size=5), st.booleans())
def test_whatever_rows_are_put_together_come_back(rows: list[Row], any_of_them: bool) -> None:
    together = Rows(tuple(rows), any_of_them and len(rows) > 1)
    assert rows_of(expression_of(together, FIELDS), FIELDS) == together
