"""Rules in words, and the templates one begins with."""

from typing import Any

import pytest

from activities.rules.templates import TEMPLATES, template_of
from activities.rules.words import words_of
from tests.activities.rules.worded import BARE, SKY


def told(**definition: Any) -> str:
    given = {"activity_types": ["purchase"], "condition": "", "actions": [], "caps": []} | definition
    return words_of(given, SKY).sentence


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"do": "credit", "points": 1450}, "1,450 Miles"),
        (
            {"do": "credit", "points": 5, "point_type": "tier-miles", "expires_days": 30},
            "5 Tier Miles (usable for 30 days)",
        ),
        ({"do": "credit", "per": "1.00", "points": 2}, "2 Miles for every 1.00 EUR"),
        (
            {"do": "credit", "per": "10", "points": 3, "of": "items", "categories": ["a", "b"], "rounding": "up"},
            "3 Miles for every 10 EUR of the items in “a” or “b”, rounded up",
        ),
        ({"do": "credit", "expression": "2 * 3"}, "Miles as worked out by “2 * 3”"),
        ({"do": "multiply", "factor": "2.5"}, "2.5 times the Miles of the rules before it"),
        ({"do": "debit", "points": 10, "if_short": "skip"}, "takes 10 Miles, none where there are fewer"),
        ({"do": "debit", "points": 10, "if_short": "all"}, "takes 10 Miles, or all there are"),
        (
            {"do": "change_tier", "group": "ladder", "tier": "gold", "until_days": 365},
            "tier Gold in World Flyer, unless higher already for 365 days",
        ),
        ({"do": "change_tier", "group": "gone", "tier": "x", "only_up": False}, "tier x in gone"),
        ({"do": "set_attribute", "attribute": "size", "value": "S"}, "Size becomes S"),
        ({"do": "set_attribute", "attribute": "student", "value": True}, "Student becomes yes"),
        ({"do": "add_to_attribute", "attribute": "visits", "amount": "1.5"}, "Visits grows by 1.5"),
        ({"do": "grant_benefit", "benefit": "lounge", "days": 1}, "benefit Lounge for 1 day"),
        ({"do": "add_label", "label": "vip"}, "label VIP"),
        ({"do": "remove_label", "label": "vip"}, "no longer label VIP"),
        ({"do": "issue_voucher", "reward": "mug"}, "voucher Mug"),
        ({"do": "raise_notice", "notice": "thanks"}, "notice “Thank you” to the member"),
        ({"do": "own", "name": "co2", "parameters": {"factor": 2}}, "own action co2 (factor 2)"),
    ],
)
def test_every_action_in_words(action: dict[str, Any], said: str) -> None:
    assert told(actions=[action]) == f"Purchase: {said}"


def test_the_whole_rule_in_one_sentence() -> None:
    sentence = told(
        activity_types=["purchase", "flight"],
        condition="activity.amount >= 50.0 && rank.ladder >= 1 && !(member.birthday_today)",
        actions=[{"do": "credit", "per": "1.00", "points": 2}, {"do": "add_label", "label": "vip"}],
        caps=[{"scope": "day", "points": 500}, {"scope": "member", "times": 1}, {"scope": "program", "times": 3}],
    )
    assert sentence == (
        "Purchase or Flight: 2 Miles for every 1.00 EUR; label VIP, if Amount is at least 50 EUR and Tier reached "
        "(World Flyer) is at least Gold and not: It is the member's birthday, at most 500 points a day and "
        "membership, at most once a membership, at most 3 times in the whole program"
    )


def test_a_condition_by_hand_stands_as_it_is() -> None:
    words = words_of({"activity_types": [], "condition": "activity.amount>5", "actions": []}, SKY)
    assert (words.by_hand, words.conditions, words.condition) == ("activity.amount>5", (), "activity.amount>5")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.code)
def test_a_template_makes_a_rule_whose_condition_is_rows(template: Any) -> None:
    assert template.missing(SKY) == []
    definition = template.make(SKY)
    words = words_of(definition, SKY)
    assert definition["activity_types"]
    assert words.by_hand == ""
    assert words.actions
    assert template_of(template.code) is template


def test_what_the_templates_say() -> None:
    said = {one.code: words_of(one.make(SKY), SKY).sentence for one in TEMPLATES}
    assert said["weekend"] == (
        "Purchase: 2 times the Miles of the rules before it, if Day of the week is one of Saturday or Sunday"
    )
    assert said["birthday"] == (
        "Purchase: 500 Miles, if It is the member's birthday, at most once a day and membership"
    )
    assert said["tier"] == (
        "Purchase: 1.5 times the Miles of the rules before it, if Tier reached (World Flyer) is at least Gold"
    )
    assert said["return"] == "Return: Visits grows by 1"


def test_a_program_that_lacks_something_is_told_what() -> None:
    assert {one.code: len(one.missing(BARE)) for one in TEMPLATES} == {
        "per-amount": 2, "weekend": 2, "birthday": 2, "welcome": 2, "category": 2, "tier": 3,
        "first-purchase": 2, "threshold": 2, "return": 2, "referral": 3,
    }  # fmt: skip
