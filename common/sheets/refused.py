"""The error file: the refused lines as they came, with the reason; corrected, it is imported again."""

from collections.abc import Iterator, Sequence

from common.sheets.columns import Column
from common.sheets.escaping import unescaped
from common.sheets.importing import Outcome, Record


def header_of(columns: Sequence[Column]) -> list[str]:
    return ["line", "refused_because", *(column.name for column in columns)]


def refused_rows(record: Record, outcome: Outcome, columns: Sequence[Column]) -> Iterator[list[object]]:
    """Every line of the record: it is imported as a whole or not at all."""
    for line in record.lines:
        yield [line.number, outcome.reason, *(_as_given(line.cells.get(column.name)) for column in columns)]


def _as_given(cell: object) -> object:
    """Without the apostrophe it may have come with: writing puts it there again."""
    return unescaped(cell) if isinstance(cell, str) else cell
