"""The list of a bulk award: who gets how many points, by member number or card number (domain 1.6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from common.sheets import Column, LineRefused, SheetRefused, cells, open_sheet
from common.sheets.columns import read_cells
from common.sheets.reading import names_in

MOST_LINES = 5_000
MEMBER, CARD = "member_number", "card_number"
COLUMNS = (
    Column(MEMBER, "who gets the points; or", cells.text),
    Column(CARD, "the number of a card", cells.text),
    Column("points", "whole, from 1 on", cells.whole_number, required=True),
)


@dataclass(frozen=True, slots=True)
class AwardLine:
    """One line of the file; `problem` says what is wrong with it by itself."""

    number: int
    kind: str
    who: str
    points: int | None
    problem: str = ""


def read_list(file: BinaryIO) -> list[AwardLine]:
    """Every line, faulty ones with their problem. Raises SheetRefused where the file is no such list."""
    given = [name for name in names_in(file) if name in (MEMBER, CARD)]
    if len(given) != 1:
        raise SheetRefused(f"The list names people by one column: {MEMBER} or {CARD}.", facts={"columns": given})
    lines = list(_lines(file, given[0]))
    if not lines:
        raise SheetRefused("The list has no line below its header.")
    return lines


def _lines(file: BinaryIO, kind: str) -> Iterator[AwardLine]:
    for line in open_sheet(file, COLUMNS, most_lines=MOST_LINES).lines:
        try:
            values: dict[str, Any] = read_cells(line.cells, COLUMNS, line=line.number)
        except LineRefused as error:
            yield AwardLine(line.number, kind, str(line.cells.get(kind) or "")[:60], None, error.message[:300])
            continue
        who, points = str(values.get(kind, "")).strip(), values["points"]
        problem = ""
        if not who:
            problem = "The line names nobody."
        elif points < 1:
            problem = "A line gives at least one point."
        yield AwardLine(line.number, kind, who[:60], points if points > 0 else None, problem)
