"""Tables for spreadsheet programs: CSV in which no cell is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

# A cell that begins so would be computed by the program that opens the file; numbers are exempt.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> str:
    """The text of a cell; text that looks like a formula gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA_STARTS) else text


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """RFC 4180, UTF-8 when encoded; numbers stay numbers, also negative ones."""
    out = io.StringIO()
    csv.writer(out).writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()
