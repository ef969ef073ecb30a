"""What a point was worth, and when: the money value of a point type through its history."""

from collections.abc import Callable
from datetime import datetime
from decimal import Context, Decimal

from programs.models import PointType, Program

Worth = Callable[[int, datetime], Decimal]
# A bigint of points at the largest value a point type takes.
EXACT = Context(prec=60)


def worth_of(program: Program) -> Worth:
    """(point type, moment) -> money value of a point just before that moment, by the program's clock.

    Before the first value that is recorded, that first one.
    """
    rows = PointType.history.filter(program_id=program.pk).order_by("id", "history_date", "history_id")
    read = rows.values_list("id", "history_date", "money_value")
    known: dict[int, list[tuple[datetime, Decimal]]] = {}
    for type_id, changed, value in read:
        known.setdefault(type_id, []).append((changed, value))
    present: dict[int, Decimal] = dict(PointType.objects.filter(program_id=program.pk).values_list("pk", "money_value"))

    def worth(type_id: int, at: datetime) -> Decimal:
        values = known.get(type_id)
        if not values:
            return present[type_id]
        before = [value for changed, value in values if changed + program.clock_offset < at]
        return before[-1] if before else values[0][1]

    return worth


def value_of(points: int, worth: Decimal) -> Decimal:
    """Never rounded, so that values add up as their points do."""
    return EXACT.multiply(Decimal(points), worth)


def amount(value: Decimal) -> str:
    """All its decimals, two at least: sums of such amounts add up to the last digit."""
    exact = value.quantize(Decimal("0.000001"), context=EXACT)
    short = exact.quantize(Decimal("0.01"), context=EXACT)
    return f"{short if short == exact else exact.normalize(EXACT):f}"
