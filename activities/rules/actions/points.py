"""Give points, give a multiple, take points."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, ClassVar, Protocol, Self

from activities.rules.actions.base import NEVER_SO_LONG, Plain
from activities.rules.expressions import Compiled
from activities.rules.facts import ActivityFacts
from activities.rules.reader import Fields
from activities.rules.working import MOST_POINTS, Turn

ROUNDINGS = {"down": ROUND_FLOOR, "half_up": ROUND_HALF_UP, "up": ROUND_CEILING}
# Credits say how a part of them is rounded when a part of the sale is returned.
DOWN = {"rounding": "down"}
MOST_CODES = 100


class Figure(Protocol):
    """How many points, and the figures that say why."""

    def of(self, turn: Turn) -> tuple[int, dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Fixed:
    points: int

    def of(self, turn: Turn) -> tuple[int, dict[str, Any]]:
        return self.points, dict(DOWN)


@dataclass(frozen=True, slots=True)
class Formula:
    expression: Compiled

    def of(self, turn: Turn) -> tuple[int, dict[str, Any]]:
        return turn.compute(self.expression), {"expression": self.expression.source, **DOWN}


@dataclass(frozen=True, slots=True)
class Per:
    """So many points for each unit of the amount: of the activity, or of those of its items that are named.

    `rounding` is of the units: down counts full ones, up every one begun.
    """

    per: Decimal
    points: int
    of_items: bool
    categories: frozenset[str] | None
    skus: frozenset[str] | None
    rounding: str

    def of(self, turn: Turn) -> tuple[int, dict[str, Any]]:
        amount = self._amount(turn.working.activity)
        if amount <= 0:
            return 0, {}
        units = int((amount / self.per).to_integral_value(ROUNDINGS[self.rounding]))
        told = {"amount": f"{amount:.2f}", "per": str(self.per), "points_per": self.points, "rounding": self.rounding}
        if self.of_items:
            named = {"categories": self.categories, "skus": self.skus}
            told |= {"of": "items", **{name: sorted(codes) for name, codes in named.items() if codes}}
        return units * self.points, told

    def _amount(self, activity: ActivityFacts) -> Decimal:
        if not self.of_items:
            return activity.amount or Decimal(0)
        named = (
            item
            for item in activity.items
            if (self.categories is None and self.skus is None)
            or item.category in (self.categories or ())
            or item.sku in (self.skus or ())
        )
        return sum((item.amount for item in named), Decimal(0))


@dataclass(frozen=True)
class Credit(Plain):
    do: ClassVar[str] = "credit"
    point_type: str
    figure: Figure
    expires_days: int | None

    @property
    def items_read(self) -> bool:  # type: ignore[override]
        return isinstance(self.figure, Per) and self.figure.of_items

    @property
    def counts_money(self) -> bool:  # type: ignore[override]
        return isinstance(self.figure, Per)

    @classmethod
    def read(cls, fields: Fields) -> Self:
        point_type = fields.point_type() or ""
        expires_days = fields.integer("expires_days", 1, NEVER_SO_LONG)
        figure: Figure
        if fields.has("per"):
            figure = _per(fields)
        elif fields.one_of("points", "expression") == "expression":
            expression = fields.expression("expression", "int")
            figure = Formula(expression) if expression else Fixed(0)
        else:
            figure = Fixed(fields.integer("points", 1, MOST_POINTS) or 0)
        return cls(point_type, figure, expires_days)

    def act(self, turn: Turn) -> None:
        points, because = self.figure.of(turn)
        expires_at = turn.until(self.expires_days)
        turn.credit(self.do, points, because, point_type=self.point_type, expires_at=expires_at)

    def expressions(self) -> Mapping[str, Compiled]:
        return {"expression": self.figure.expression} if isinstance(self.figure, Formula) else {}


def _per(fields: Fields) -> Per:
    per = fields.decimal("per", "0.01", "1000000000", places=2) or Decimal(1)
    points = fields.integer("points", 1, MOST_POINTS, required=True) or 0
    of = fields.code("of", ("amount", "items"), "such amount", required=False) or "amount"
    categories, skus = fields.texts("categories", MOST_CODES), fields.texts("skus", MOST_CODES)
    if of == "amount" and (categories or skus):
        fields.wrong("of", "invalid", "Categories and skus choose items: “of” must be “items”.")
    rounding = fields.code("rounding", ROUNDINGS, "rounding", required=False) or "down"
    return Per(per, points, of == "items", categories, skus, rounding)


@dataclass(frozen=True)
class Multiply(Plain):
    """Adds (factor - 1) times what was credited of the type for this activity so far."""

    do: ClassVar[str] = "multiply"
    point_type: str
    factor: Decimal
    rounding: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(
            fields.point_type() or "",
            fields.decimal("factor", "1.0001", "1000", places=4, required=True) or Decimal(1),
            fields.code("rounding", ROUNDINGS, "rounding", required=False) or "down",
        )

    def act(self, turn: Turn) -> None:
        credited = turn.working.credited.get(self.point_type, 0)
        points = int(((self.factor - 1) * credited).to_integral_value(ROUNDINGS[self.rounding]))
        because = {"factor": str(self.factor), "of_points": credited, "rounding": self.rounding}
        turn.credit(self.do, points, because, point_type=self.point_type)


@dataclass(frozen=True)
class Debit(Plain):
    """Takes points that are there; where there are fewer, none (skip) or those (all)."""

    do: ClassVar[str] = "debit"
    point_type: str
    figure: Fixed | Formula
    all_there_is: bool

    @property
    def points_read(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({self.point_type})

    @classmethod
    def read(cls, fields: Fields) -> Self:
        point_type = fields.point_type() or ""
        if_short = fields.code("if_short", ("skip", "all"), "way", required=True)
        figure: Fixed | Formula = Fixed(0)
        if fields.one_of("points", "expression") == "expression":
            expression = fields.expression("expression", "int")
            figure = Formula(expression) if expression else figure
        else:
            figure = Fixed(fields.integer("points", 1, MOST_POINTS) or 0)
        return cls(point_type, figure, if_short == "all")

    def act(self, turn: Turn) -> None:
        points, because = self.figure.of(turn)
        because.pop("rounding", None)
        turn.debit(points, because, point_type=self.point_type, all_there_is=self.all_there_is)

    def expressions(self) -> Mapping[str, Compiled]:
        return {"expression": self.figure.expression} if isinstance(self.figure, Formula) else {}
