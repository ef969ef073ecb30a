"""A program's codes, facts and rules as plain values: no database."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from activities.rules.compiled import CompiledRule
from activities.rules.definition import read_with_names
from activities.rules.facts import ActivityFacts, ItemFacts, MemberState
from activities.rules.names import AttributeName, Names

BERLIN = ZoneInfo("Europe/Berlin")
NAMES = Names(
    activity_types=frozenset({"purchase", "return", "check-in"}),
    point_types=frozenset({"base", "style-points"}),
    default_point_type="base",
    attributes={
        "visits": AttributeName("number"),
        "size": AttributeName("choice", frozenset({"small", "large"})),
        "vip": AttributeName("flag"),
        "since": AttributeName("date"),
        "motto": AttributeName("text"),
    },
    labels=frozenset({"vip", "press"}),
    tiers={"main": {"silver": 0, "gold": 1, "diamond": 2}},
    benefits=frozenset({"lounge"}),
    rewards=frozenset({"ten-off"}),
    notices=frozenset({"thanks"}),
)
# A Sunday, 15:30 in Berlin.
AT = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
_ids = count(1)


def activity(**given: Any) -> ActivityFacts:
    at = given.pop("at", AT)
    facts = {"type": "purchase", "amount": Decimal("120.00"), "currency": "EUR", **given}
    return ActivityFacts(at=at, local=at.astimezone(BERLIN), **facts)


def member(**given: Any) -> MemberState:
    return MemberState(
        **{"membership_id": 7, "type": "standard", "enrolled_at": datetime(2025, 1, 31, tzinfo=UTC), **given}
    )


def item(category: str, amount: str, *, quantity: str = "1", sku: str = "") -> ItemFacts:
    return ItemFacts(sku=sku, category=category, quantity=Decimal(quantity), amount=Decimal(amount))


def rule(*actions: dict[str, Any], names: Names = NAMES, **given: Any) -> CompiledRule:
    """A released rule for purchases; `condition`, `caps` and `types` go into its definition."""
    raw: dict[str, Any] = {"activity_types": given.pop("types", ["purchase"]), "actions": list(actions)}
    raw |= {name: given.pop(name) for name in ("condition", "caps") if name in given}
    definition = read_with_names(raw, names)
    pk = next(_ids)
    fields = {
        "rule_id": pk, "version_id": pk, "version": 3, "code": f"rule-{pk}", "name": "Double points",
        "group_id": 1, "exclusive": False,
    }  # fmt: skip
    return CompiledRule(**{**fields, **given}, activity_types=definition.activity_types, definition=definition)
