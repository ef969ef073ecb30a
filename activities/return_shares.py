"""What a return takes back of a sale: amounts of its lines, and points (domain 1.6, returns in parts). Pure.

Everything is counted from the whole each time, so that parts never drift and the last one leaves nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from activities.errors import ReturnTooLarge, UnknownItem
from points.reversal_shares import Rounding, returned_points

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of a sale and what came back of it so far."""

    id: int
    line: int
    sku: str
    quantity: Decimal
    amount: Decimal
    returned_quantity: Decimal = Decimal(0)
    returned_amount: Decimal = Decimal(0)

    @property
    def left(self) -> Decimal:
        return self.quantity - self.returned_quantity


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One line named by its number or its article; without a quantity all that is left of it."""

    line: int | None = None
    sku: str = ""
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    sold: SoldLine
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Credited:
    """Points one effect moved, of which a return takes its share, rounded as the effect was."""

    type_id: int
    points: int
    rounding: Rounding = Rounding.DOWN


def returned_lines(sold: Sequence[SoldLine], asked: Sequence[AskedItem]) -> list[ReturnedLine]:
    """The lines that come back, each priced by its share. Raises UnknownItem, ReturnTooLarge."""
    lines = {one.line: one for one in sold}
    found = []
    for item in asked:
        line = _named(lines, item)
        quantity = line.left if item.quantity is None else item.quantity
        if not 0 < quantity <= line.left:
            raise _too_many(line, item)
        amount = _share(line.amount, line.returned_quantity + quantity, line.quantity) - line.returned_amount
        found.append(ReturnedLine(line, quantity, amount))
        lines[line.line] = replace(
            line,
            returned_quantity=line.returned_quantity + quantity,
            returned_amount=line.returned_amount + amount,
        )
    return found


def worth(lines: Sequence[SoldLine], returned: Sequence[ReturnedLine], *, sale: Decimal) -> Decimal:
    """Money that comes back with these lines where a sale of `sale` was more or less than its lines: their share of
    it."""
    total = sum((one.amount for one in lines), Decimal(0))
    before = sum((one.returned_amount for one in lines), Decimal(0))
    after = before + sum((one.amount for one in returned), Decimal(0))
    if not total:
        return sale if all_returned(lines, returned) else Decimal(0)
    return _share(sale, after, total) - _share(sale, before, total)


def all_returned(lines: Sequence[SoldLine], returned: Sequence[ReturnedLine]) -> bool:
    """Whether nothing of any line is left."""
    left = {line.line: line.left for line in lines}
    for one in returned:
        left[one.sold.line] -= one.quantity
    return not any(left.values())


def points_due(
    credited: Iterable[Credited], *, returned: Decimal, sold: Decimal, before: Mapping[int, int]
) -> dict[int, int]:
    """Points per type this return takes back, once `returned` of `sold` came back in all and `before` were taken."""
    due: Counter[int] = Counter()
    for one in credited:
        due[one.type_id] += returned_points(
            one.points, returned=_cents(returned), sold=_cents(sold), rounding=one.rounding
        )
    return {
        type_id: points - before.get(type_id, 0) for type_id, points in due.items() if points > before.get(type_id, 0)
    }


def _named(lines: Mapping[int, SoldLine], item: AskedItem) -> SoldLine:
    if item.line is not None:
        found = [lines[item.line]] if item.line in lines else []
    else:
        found = [one for one in lines.values() if one.sku == item.sku]
        # Several lines of one article: the first that still has something left.
        found = [one for one in found if one.left] or found
    if not found:
        named = f"line {item.line}" if item.line is not None else f"article “{item.sku}”"
        raise UnknownItem(
            f"The sale has no {named}. Name a line of it by its number or article.",
            facts={"lines": sorted(lines), "skus": sorted({one.sku for one in lines.values() if one.sku})},
        )
    return found[0]


def _too_many(line: SoldLine, item: AskedItem) -> ReturnTooLarge:
    return ReturnTooLarge(
        f"Of line {line.line} {_plain(line.left)} of {_plain(line.quantity)} can still be returned; "
        f"{_plain(line.quantity if item.quantity is None else item.quantity)} were asked for.",
        facts={"line": line.line, "left": _plain(line.left), "sold": _plain(line.quantity)},
    )


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return amount if part >= whole else (amount * part / whole).quantize(CENT, ROUND_HALF_UP)


def _cents(amount: Decimal) -> int:
    return int((amount * 100).to_integral_value())


def _plain(figure: Decimal) -> str:
    """Without trailing zeros, never in scientific notation."""
    return f"{figure.normalize():f}"
