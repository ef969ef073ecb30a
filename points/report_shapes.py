"""Liability and forecast as the API answers them and as sheets: the same figures under the same names."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from points.forecast import Ending, Forecast, TypeForecast
from points.liability import Liability, TypeMonth
from points.liability_entries import LedgerEntry
from points.liability_lines import COLUMNS, LINES
from programs.money import amount

Sheet = Iterator[list[Any]]


def month_text(month: date) -> str:
    return f"{month:%Y-%m}"


def local(at: datetime, zone: Any) -> str:
    return at.astimezone(zone).isoformat()


def liability_shape(report: Liability, month: date) -> dict[str, Any]:
    """One month of the report."""
    design = report.design
    start, end = report.bounds(month)
    return {
        "program": design.program.code,
        "month": month_text(month),
        "time_zone": design.zone.key,
        "from": local(start, design.zone),
        "to": local(end, design.zone),
        "complete": report.is_over(month),
        "computed_at": local(report.computed_at, design.zone),
        "currency": design.program.currency,
        "point_types": [_row_shape(row) for row in report.of_month(month)],
    }


def _row_shape(row: TypeMonth) -> dict[str, Any]:
    columns = {name: row.column(name) for name in COLUMNS}
    return {
        "point_type": row.point_type.code,
        "name": row.point_type.name,
        "kind": row.point_type.kind,
        "money_value": amount(row.worth),
        "opening": row.opening,
        **columns,
        "closing": row.closing,
        "value": {
            "opening": amount(row.opening_value),
            **{name: amount(row.value(points)) for name, points in columns.items()},
            "revaluation": amount(row.revaluation),
            "closing": amount(row.value(row.closing)),
        },
        "lines": [
            {
                "line": line.code,
                "column": line.column,
                "points": figure.points,
                "credited": figure.credited,
                "debited": figure.debited,
                "entries": figure.entries,
            }
            for line, figure in ((line, row.line(line)) for line in LINES)
        ],
    }


def liability_sheet(report: Liability) -> Sheet:
    """A row per month, type and line, signed as they change the balance: from opening to closing they add up."""
    currency = report.design.program.currency
    yield ["program", "month", "point_type", "line", "points", "value", "currency", "credited", "debited", "entries"]
    for row in report.rows:
        head = [report.design.program.code, month_text(row.month), row.point_type.code]
        yield [*head, "opening", row.opening, _number(row.opening_value), currency, None, None, None]
        yield [*head, "revaluation", 0, _number(row.revaluation), currency, None, None, None]
        for line in LINES:
            one = row.line(line)
            value = _number(row.value(one.points))
            yield [*head, line.code, one.points, value, currency, one.credited, one.debited, one.entries]
        yield [*head, "closing", row.closing, _number(row.value(row.closing)), currency, None, None, None]


def _number(value: Decimal) -> Decimal:
    return Decimal(amount(value))


def forecast_shape(found: Forecast) -> dict[str, Any]:
    design = found.design
    return {
        "program": design.program.code,
        "time_zone": design.zone.key,
        "computed_at": local(found.computed_at, design.zone),
        "currency": design.program.currency,
        "point_types": [_type_shape(one) for one in found.types],
    }


def _type_shape(one: TypeForecast) -> dict[str, Any]:
    return {
        "point_type": one.point_type.code,
        "name": one.point_type.name,
        "kind": one.point_type.kind,
        "expiry": one.point_type.expiry_policy,
        "money_value": amount(one.point_type.money_value),
        "balance": one.balance,
        "debt": one.debt,
        "overdue": _ending_shape(one, one.overdue),
        "next_90_days": _ending_shape(one, one.next_days()),
        "weeks": [
            {"from": first.isoformat(), "to": last.isoformat()} | _ending_shape(one, ending)
            for first, last, ending in one.weeks()
        ],
        "months": [{"month": month_text(month)} | _ending_shape(one, ending) for month, ending in one.months()],
        "later": _ending_shape(one, one.later()),
        "never": _ending_shape(one, one.never),
    }


def _ending_shape(one: TypeForecast, ending: Ending) -> dict[str, Any]:
    return {
        "points": ending.points,
        "dated": ending.dated,
        "if_inactive": ending.if_inactive,
        "pending": ending.pending,
        "held": ending.held,
        "value": amount(one.value(ending.points)),
    }


def forecast_sheet(found: Forecast) -> Sheet:
    """A row per type and time: weeks of the next 90 days overlap the months."""
    currency = found.design.program.currency
    head = "program point_type period from to points dated if_inactive pending held value currency"
    yield head.split()
    for one in found.types:
        for period, first, last, ending in _periods(one):
            figures = [ending.points, ending.dated, ending.if_inactive, ending.pending, ending.held]
            value = _number(one.value(ending.points))
            code = found.design.program.code
            yield [code, one.point_type.code, period, first, last, *figures, value, currency]


def _periods(one: TypeForecast) -> Iterator[tuple[str, str, str, Ending]]:
    yield "overdue", "", "", one.overdue
    for first, last, ending in one.weeks():
        yield "week", first.isoformat(), last.isoformat(), ending
    for month, ending in one.months():
        yield "month", month_text(month), month_text(month), ending
    yield "later", "", "", one.later()
    yield "never", "", "", one.never


def entry_shape(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "posting": entry.posting_id,
        "kind": entry.kind,
        "reverses": entry.reverses,
        "points": entry.amount,
        "balance_after": entry.balance_after,
        "reason": entry.reason_code,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
    }
