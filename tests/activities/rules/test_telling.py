"""Effects in sentences, from the decision and from the row that keeps it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from activities.models import RuleEffect, RuleVersion
from activities.rules.deciding import decide
from activities.rules.telling import sentence, told_of, told_of_decided
from programs.models import PointType
from tests.activities.rules.ruling import activity, item, member, rule

STATE = member(
    points={"base": 30}, labels=frozenset({"press"}), tiers={"main": "silver"}, ranks={"main": 0},
    attributes={"visits": Decimal(4)},
)  # fmt: skip
PER = {"do": "credit", "per": "10", "points": 2}
CASES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (PER, {}, "gave 24 base because 120.00 were paid, 2 for each 10."),
    (
        {**PER, "of": "items", "categories": ["shoes"]}, {},
        "gave 16 base because 80.00 were paid for shoes, 2 for each 10.",
    ),
    ({"do": "credit", "points": 5}, {}, "gave 5 base."),
    (
        {"do": "credit", "points": 5}, {"condition": "activity.weekday in [6, 7]"},
        "gave 5 base because activity.weekday in [6, 7].",
    ),
    (
        {"do": "credit", "expression": "activity.amount / 2"}, {"caps": [{"scope": "day", "points": 50}]},
        "gave 50 base because the formula is activity.amount / 2; of 60 only 50 were left by the most of a day.",
    ),
    ({"do": "debit", "points": 40, "if_short": "all"}, {}, "took 30 base because of 40 only 30 were there."),
    ({"do": "change_tier", "group": "main", "tier": "gold"}, {}, "changed the tier from silver to gold."),
    ({"do": "set_attribute", "attribute": "size", "value": "large"}, {}, "set size to large."),
    ({"do": "set_attribute", "attribute": "motto", "value": "carpe diem"}, {}, "set motto."),
    (
        {"do": "add_to_attribute", "attribute": "visits", "amount": "1.5"}, {},
        "changed visits from 4 to 5.5 because 1.5 were added.",
    ),
    ({"do": "grant_benefit", "benefit": "lounge"}, {}, "granted the benefit lounge."),
    ({"do": "add_label", "label": "vip"}, {}, "added the label vip."),
    ({"do": "remove_label", "label": "press"}, {}, "removed the label press."),
    ({"do": "issue_voucher", "reward": "ten-off"}, {}, "issued the voucher ten-off."),
    ({"do": "raise_notice", "notice": "thanks"}, {}, "sent the notice thanks."),
]  # fmt: skip


@pytest.mark.parametrize(("action", "given", "said"), CASES)
def test_an_effect_is_told_alike_when_decided_and_from_its_row(
    action: dict[str, Any], given: dict[str, Any], said: str
) -> None:
    sale = activity(items=(item("shoes", "80.00"), item("hats", "40.00")))
    (effect,) = decide(STATE, sale, [rule(action, **given)]).effects
    assert sentence(told_of_decided(effect)) == f"Double points, version 3, {said}"
    definition = {"condition": given.get("condition", "")}
    version = RuleVersion(name="Double points", version=3, definition=definition, released_at=datetime.now(UTC))
    row = RuleEffect(rule_version=version, action=effect.action, points=effect.points, because=dict(effect.because))
    row.point_type = PointType(name="base") if effect.point_type else None
    assert told_of(row) == told_of_decided(effect)


def test_a_multiple_says_of_what() -> None:
    rules = [rule({"do": "credit", "points": 25}), rule({"do": "multiply", "factor": "2"})]
    effect = decide(STATE, activity(), rules).effects[1]
    assert sentence(told_of_decided(effect, unit="Style Points")) == (
        "Double points, version 3, gave 25 Style Points more because 2 times the 25 given before."
    )
