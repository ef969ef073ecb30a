"""Change a tier, set an attribute, add to one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Self

from activities.rules.actions.base import NEVER_SO_LONG, Plain
from activities.rules.errors import RuleFailed
from activities.rules.expressions import Compiled, Expects
from activities.rules.facts import AttributeFact
from activities.rules.names import AttributeName
from activities.rules.reader import Fields
from activities.rules.working import Turn
from programs.models import AttributeType

LARGEST = Decimal(10**15)
PLACES = Decimal("0.0001")
LONGEST_TEXT = 80
EXPECTED: dict[str, Expects] = {AttributeType.NUMBER: "number", AttributeType.FLAG: "bool"}


@dataclass(frozen=True)
class ChangeTier(Plain):
    do: ClassVar[str] = "change_tier"
    tiers_read: ClassVar[bool] = True
    group: str
    tier: str
    rank: int
    only_up: bool
    until_days: int | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        tiers = fields.names.tiers
        group = fields.code("group", tiers, "tier group") or ""
        tier = fields.code("tier", tiers.get(group, {}), "tier in this group") or ""
        rank = tiers.get(group, {}).get(tier, 0)
        until_days = fields.integer("until_days", 1, NEVER_SO_LONG)
        return cls(group, tier, rank, fields.flag("only_up", default=True), until_days)

    def act(self, turn: Turn) -> None:
        working = turn.working
        former = working.tiers.get(self.group)
        if former == self.tier or self.only_up and working.ranks.get(self.group, -1) >= self.rank:
            return
        working.tiers[self.group], working.ranks[self.group] = self.tier, self.rank
        because = {"group": self.group, "tier": self.tier, "former": former}
        until = turn.until(self.until_days)
        if until:
            because["until"] = until.isoformat()
        turn.add(self.do, because, group=self.group, tier=self.tier, only_up=self.only_up, until=until)


@dataclass(frozen=True)
class SetAttribute(Plain):
    do: ClassVar[str] = "set_attribute"
    attributes_read: ClassVar[bool] = True
    attribute: str
    definition: AttributeName
    value: AttributeFact | None
    expression: Compiled | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        code = fields.code("attribute", fields.names.attributes, "attribute") or ""
        definition = fields.names.attributes.get(code, AttributeName(AttributeType.NUMBER))
        value, expression = None, None
        if fields.one_of("value", "expression") == "expression":
            expression = fields.expression("expression", EXPECTED.get(definition.type, "text"))
        elif (raw := fields.raw("value")) is not None:
            try:
                value = fitting(raw, definition)
            except RuleFailed as wrong:
                fields.wrong("value", wrong.why, wrong.message)
        return cls(code, definition, value, expression)

    def act(self, turn: Turn) -> None:
        computed = turn.compute(self.expression) if self.expression else self.value
        because = {"expression": self.expression.source} if self.expression else {}
        is_free = self.definition.type == AttributeType.TEXT
        turn.set_attribute(self.do, self.attribute, fitting(computed, self.definition), because, is_free=is_free)

    def expressions(self) -> Mapping[str, Compiled]:
        return {"expression": self.expression} if self.expression else {}


@dataclass(frozen=True)
class AddToAttribute(Plain):
    """Of a number; without a value it counts from 0."""

    do: ClassVar[str] = "add_to_attribute"
    attributes_read: ClassVar[bool] = True
    attribute: str
    amount: Decimal
    expression: Compiled | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        numbers = {code for code, one in fields.names.attributes.items() if one.type == AttributeType.NUMBER}
        code = fields.code("attribute", numbers, "attribute that is a number") or ""
        amount, expression = Decimal(0), None
        if fields.one_of("amount", "expression") == "expression":
            expression = fields.expression("expression", "number")
        else:
            amount = fields.decimal("amount", f"-{LARGEST}", str(LARGEST), places=4) or amount
        return cls(code, amount, expression)

    def act(self, turn: Turn) -> None:
        added = turn.compute(self.expression) if self.expression else self.amount
        former = turn.working.attributes.get(self.attribute, Decimal(0))
        if not isinstance(former, Decimal):
            raise RuleFailed("wrong_type", f"The attribute “{self.attribute}” is no number.")
        because: dict[str, Any] = {"added": format(added.normalize(), "f")}
        if self.expression:
            because["expression"] = self.expression.source
        turn.set_attribute(self.do, self.attribute, number(former + added), because)

    def expressions(self) -> Mapping[str, Compiled]:
        return {"expression": self.expression} if self.expression else {}


def number(value: Any) -> Decimal:
    """Within what an attribute holds: four places, fifteen digits before them."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise RuleFailed("wrong_type", "The attribute is a number.")
    if not -LARGEST <= value <= LARGEST:
        raise RuleFailed("too_large", f"An attribute is at most {LARGEST:,}.")
    return Decimal(value).quantize(PLACES)


def fitting(value: Any, definition: AttributeName) -> AttributeFact:
    """The value as the attribute's type takes it; raises RuleFailed."""
    match definition.type:
        case AttributeType.NUMBER:
            return number(_from_text(value))
        case AttributeType.FLAG:
            if not isinstance(value, bool):
                raise RuleFailed("wrong_type", "The attribute is yes or no.")
            return value
        case AttributeType.DATE:
            return _day(value)
    if not isinstance(value, str) or not value or len(value) > LONGEST_TEXT:
        raise RuleFailed("wrong_type", f"The attribute is a text of 1 to {LONGEST_TEXT} characters.")
    if definition.type == AttributeType.CHOICE and value not in definition.choices:
        raise RuleFailed("wrong_choice", f"“{value}” is none of: {', '.join(sorted(definition.choices))}.")
    return value


def _from_text(value: Any) -> Any:
    """A number in a definition is written as text, as amounts are."""
    if not isinstance(value, str):
        return value
    try:
        found = Decimal(value)
    except ArithmeticError:
        raise RuleFailed("wrong_type", "The attribute is a number.") from None
    if not found.is_finite():
        raise RuleFailed("not_a_number", "The attribute is a finite number.")
    return found


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise RuleFailed("wrong_type", "The attribute is a date: “2026-12-31”.") from None
