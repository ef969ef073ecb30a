"""Reading one cell: what a column accepts, and what is said of everything else.

A cell of a CSV file is a text, one of a workbook may be a number, a date or a yes/no already. Nothing is guessed: a
date in another order or a number with separators could mean two things.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TypeVar
from zoneinfo import ZoneInfo

from common.sheets.errors import CellRefused

# A spreadsheet keeps so many digits of a number and makes the others zero.
EXACT_DIGITS = 15
MOST_POINTS = 10**15
WHOLE = re.compile(r"[+-]?[0-9]{1,19}\Z")
MONEY = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,6})?\Z")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
YES = frozenset({"yes", "true", "1"})
NO = frozenset({"no", "false", "0"})

EARLIEST, LATEST = 1800, 9998

Read = Callable[[object], object]
Moment = TypeVar("Moment", date, datetime)


def text(cell: object) -> str:
    """Any text; a number of a workbook as its digits."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, (int, float)):
        return _digits(cell)
    if isinstance(cell, datetime):
        return (cell.date() if cell.time() == time.min else cell).isoformat()
    return str(cell)


def whole_number(cell: object) -> int:
    """A whole number without separators, bounded so that no sum leaves the database's range."""
    written = text(cell).strip()
    if not WHOLE.match(written):
        raise CellRefused(f"“{_short(written)}” is no whole number: write digits only, without separators.")
    number = int(written)
    if abs(number) > MOST_POINTS:
        raise CellRefused(f"“{_short(written)}” is too large: at most {MOST_POINTS}.")
    return number


def money(cell: object) -> Decimal:
    """An amount with a point before the cents."""
    written = f"{cell:.6f}".rstrip("0").rstrip(".") if isinstance(cell, float) else text(cell).strip()
    if not MONEY.match(written):
        raise CellRefused(f"“{_short(written)}” is no amount: write 1234.50, without separators and currency.")
    try:
        return Decimal(written)
    except InvalidOperation as error:
        raise CellRefused(f"“{_short(written)}” is no amount.") from error


def day(cell: object) -> date:
    """A date as 2026-12-31, or a date cell of a workbook."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    written = text(cell).strip()
    try:
        if not DAY.match(written):
            raise ValueError
        return _within(date.fromisoformat(written))
    except ValueError as error:
        raise CellRefused(
            f"“{_short(written)}” is no date: write 2026-12-31; other forms could mean two days."
        ) from error


def _within(found: Moment) -> Moment:
    """Years in which a day has its first and last instant in every zone."""
    if found.year < EARLIEST or (isinstance(found, datetime) and found.year > LATEST):
        raise ValueError
    return found


def yes_or_no(cell: object) -> bool:
    """yes or no."""
    written = text(cell).strip().lower()
    if written not in YES | NO:
        raise CellRefused(f"“{_short(written)}” is neither yes nor no.")
    return written in YES


def moment(cell: object) -> date | datetime:
    """A date, or a time such as 2026-12-31T18:30:00+01:00; a time without an offset is one of the program's zone."""
    if isinstance(cell, datetime):
        return cell if cell.time() != time.min else cell.date()
    written = text(cell).strip()
    if isinstance(cell, date) or "T" not in written:
        return day(cell)
    try:
        return _within(datetime.fromisoformat(written))
    except ValueError as error:
        raise CellRefused(f"“{_short(written)}” is no time: write 2026-12-31T18:30:00+01:00, or a date.") from error


def in_zone(at: date | datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC; a date is its first instant in the zone."""
    if not isinstance(at, datetime):
        at = datetime.combine(at, time.min)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def one_of(*choices: str) -> Read:
    """One of these words."""

    def read(cell: object) -> str:
        written = text(cell).strip().lower()
        if written not in choices:
            raise CellRefused(f"“{_short(written)}” is not among {', '.join(choices)}.")
        return written

    read.__doc__ = " or ".join(choices)
    return read


def _digits(number: int | float) -> str:
    if isinstance(number, float):
        if not number.is_integer():
            return repr(number)
        number = int(number)
    if len(str(abs(number))) > EXACT_DIGITS:
        raise CellRefused(f"A spreadsheet keeps {EXACT_DIGITS} digits of a number: make the column one of text.")
    return str(number)


def _short(written: str) -> str:
    return written if len(written) <= 40 else f"{written[:40]}…"
