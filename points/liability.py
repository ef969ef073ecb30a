"""What a program owes its members in points, month by month, reconciled from the ledger (domain 1.13).

Months are those of the program's zone, half-open, and go by recording time: a month that is over never changes.
Every figure is a sum of entries; days that are over come from the figures kept of them, the rest from the ledger.
Money values are exact: the closing of a month at what a point was worth when it ended, movements too, and where the
worth changed meanwhile the opening points are revalued.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from common import clock
from common.errors import FieldError, Malformed
from points import liability_sql as sql
from points.keeping import kept_days
from points.liability_lines import LINES, SUBTRACTED, LineKind
from programs.design import Design
from programs.expiry import add_months, start_of_day
from programs.models import PointType
from programs.money import value_of, worth_of

MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
FIRST_YEAR = 1971


@dataclass(frozen=True, slots=True)
class Figure:
    """Entries of one line: points credited, points debited, how many."""

    credited: int = 0
    debited: int = 0
    entries: int = 0

    @property
    def points(self) -> int:
        return self.credited - self.debited

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(self.credited + other.credited, self.debited + other.debited, self.entries + other.entries)


@dataclass(frozen=True, slots=True)
class TypeMonth:
    """One point type in one month: opening + every line = closing."""

    point_type: PointType
    month: date
    opening: int
    lines: Mapping[str, Figure]
    worth_before: Decimal
    worth: Decimal

    def line(self, line: LineKind) -> Figure:
        return self.lines.get(line.code, Figure())

    def column(self, name: str) -> int:
        """As the formula has it: what was redeemed or expired is a positive number there."""
        points = sum(self.line(line).points for line in LINES if line.column == name)
        return -points if name in SUBTRACTED else points

    @property
    def closing(self) -> int:
        return self.opening + sum(figure.points for figure in self.lines.values())

    def value(self, points: int) -> Decimal:
        """At what a point was worth at the end of the month."""
        return value_of(points, self.worth)

    @property
    def opening_value(self) -> Decimal:
        """At what a point was worth at the start of the month, as the month before closed with."""
        return value_of(self.opening, self.worth_before)

    @property
    def revaluation(self) -> Decimal:
        """What the opening points gained or lost because a point's worth changed."""
        return self.value(self.opening) - self.opening_value


@dataclass(frozen=True, slots=True)
class Liability:
    """Consecutive months of a program. `kept_through`: the last day read from kept figures."""

    design: Design
    months: tuple[date, ...]
    rows: tuple[TypeMonth, ...]
    computed_at: datetime
    kept_through: date | None

    def of_month(self, month: date) -> list[TypeMonth]:
        return [row for row in self.rows if row.month == month]

    def bounds(self, month: date) -> tuple[datetime, datetime]:
        return bounds(month, self.design)

    def is_over(self, month: date) -> bool:
        return self.bounds(month)[1] <= self.computed_at


def month_of(at: datetime, design: Design) -> date:
    """The first day of the month that moment lies in."""
    return at.astimezone(design.zone).date().replace(day=1)


def this_month(design: Design) -> date:
    return month_of(clock.program_now(design.program), design)


def month_from(text: str | None, design: Design) -> date:
    """YYYY-MM as the first day of that month, the running one for None. Raises Malformed where no report can be."""
    if text is None:
        return this_month(design)
    try:
        month = datetime.strptime(text, "%Y-%m").date() if MONTH.fullmatch(text) else None  # noqa: DTZ007 - no time
    except ValueError:
        month = None
    if month is None or month.year < FIRST_YEAR:
        raise _no_month("Name a month as YYYY-MM, for example 2026-03.")
    if month > this_month(design):
        raise _no_month(f"{text} has not begun yet in {design.zone.key}.")
    return month


def _no_month(detail: str) -> Malformed:
    return Malformed(detail, errors=[FieldError(pointer="?month", code="invalid", detail=detail)])


def bounds(month: date, design: Design) -> tuple[datetime, datetime]:
    """From and until, half-open."""
    return start_of_day(month, design.zone), start_of_day(add_months(month, 1), design.zone)


def liability(design: Design, *, month: date, months: int = 1) -> Liability:
    """The month, with those before it that make `months` in all; every point type has a row in each."""
    first = add_months(month, 1 - months)
    shown = tuple(add_months(first, n) for n in range(months))
    known = kept_days(design)
    computed_at = clock.program_now(design.program)
    opening, moved = _figures(design, first=first, month=month, since=known.until if known else None)
    worth = worth_of(design.program)
    rows = []
    for point_type in in_order(design):
        before = opening.get(point_type.pk, 0)
        for one in shown:
            start, end = bounds(one, design)
            lines = moved.get((point_type.pk, one), {})
            row = TypeMonth(point_type, one, before, lines, worth(point_type.pk, start), worth(point_type.pk, end))
            before = row.closing
            rows.append(row)
    return Liability(design, shown, tuple(rows), computed_at, known.through if known else None)


def in_order(design: Design) -> list[PointType]:
    """The default type first, redeemable ones before qualifying ones."""
    return sorted(design.point_types.values(), key=lambda one: (not one.is_default, one.kind != "redeemable", one.pk))


def _figures(
    design: Design, *, first: date, month: date, since: datetime | None
) -> tuple[dict[int, int], dict[tuple[int, date], dict[str, Figure]]]:
    """Points per type before `first`, and per type and month the lines of the months up to `month`."""
    opening: dict[int, int] = {}
    moved: dict[tuple[int, date], dict[str, Figure]] = {}
    for type_id, one, kind, reverses, *figures in _summed(design, first=first, month=month, since=since):
        figure = Figure(*figures)
        if one is None:
            opening[type_id] = figure.points
        else:
            lines = moved.setdefault((type_id, one), {})
            code = line_code(kind, reverses)
            lines[code] = lines.get(code, Figure()) + figure
    return opening, moved


def line_code(kind: str, reverses: str) -> str:
    """The one line that entries of such postings belong to."""
    return next(line.code for line in LINES if line.takes(kind, reverses))


def _summed(design: Design, *, first: date, month: date, since: datetime | None) -> list[Any]:
    """`since`: the midnight that ends the kept days; from there on the ledger itself is read."""
    end = bounds(month, design)[1]
    parts = [sql.KEPT] if since else []
    if since is None or since < end:
        parts.append(sql.MOVED)
    given = {
        "program": design.program.pk,
        "first": first,
        "before": min(add_months(month, 1), since.astimezone(design.zone).date()) if since else None,
        "zone": design.zone.key,
        "since": since or start_of_day(date(1970, 1, 2), design.zone),
        "until": end,
    }
    return query(sql.BY_MONTH.format(figures=" UNION ALL ".join(f"({part})" for part in parts)), given)


def query(statement: str, given: Mapping[str, Any]) -> list[Any]:
    """The rows; a parameter the statement does not name would have no type to be bound with."""
    named = {name: value for name, value in given.items() if f"%({name})s" in statement}
    with connection.cursor() as cursor:
        cursor.execute(statement, named)
        return list(cursor.fetchall())
