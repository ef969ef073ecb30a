"""Opening a sheet by its content, and reading it line by line in flat memory.

tablib, which django-import-export brings, holds a whole sheet in memory; so CSV is read by the standard library and
XLSX by openpyxl's streaming reader, the one tablib uses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from common.sheets.columns import TOO_MANY, Column, check_header, name_of
from common.sheets.csv_file import csv_rows
from common.sheets.errors import SheetRefused, Unreadable
from common.sheets.xlsx_file import xlsx_rows

MORE_CELLS = "The line has more cells than the header: a separator inside a value needs quotes around it."
ZIP = b"PK\x03\x04"
# What old or other programs write, told by name.
FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls)",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
    b"{\\rt": "a text document",
    b"<htm": "a web page",
    b"<!DO": "a web page",
}


@dataclass(frozen=True, slots=True)
class Line:
    """`number` is the line an editor or a spreadsheet shows; `cells` by the name of the column."""

    number: int
    cells: dict[str, object]


@dataclass(frozen=True, slots=True)
class Sheet:
    columns: list[str]
    lines: Iterator[Line]


def open_sheet(file: BinaryIO, columns: Sequence[Column], *, most_lines: int | None = None) -> Sheet:
    """The sheet with its header checked. `file` is binary and seekable. Lines are read as they are asked for, so
    a fault further down is raised (as SheetRefused) when it is reached; empty lines are left out."""
    rows = _rows(file)
    number, header = next(rows, (0, []))
    if not any(str(title or "").strip() for title in header):
        raise SheetRefused("The file is empty: the first line names the columns.")
    names = check_header([str(title or "") for title in header], columns, line=number)
    return Sheet(names, _lines(rows, names, most_lines))


def names_in(file: BinaryIO) -> list[str]:
    """The names in the header as `check_header` would read them, for a file whose columns depend on them."""
    _, header = next(_rows(file), (0, []))
    return [name_of(str(title or "")) for title in header]


def _rows(file: BinaryIO) -> Iterator[tuple[int, Sequence[object]]]:
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    if start == ZIP:
        return xlsx_rows(file)
    for mark, what in FOREIGN.items():
        if start[: len(mark)].lower() == mark.lower():
            raise SheetRefused(f"This is {what}. Save the table as CSV (UTF-8) or XLSX.")
    return csv_rows(file)


def _lines(
    rows: Iterator[tuple[int, Sequence[object]]], names: Sequence[str], most_lines: int | None
) -> Iterator[Line]:
    count = 0
    for number, row in rows:
        if not any(cell is not None and str(cell).strip() for cell in row):
            continue
        count += 1
        if most_lines is not None and count > most_lines:
            raise SheetRefused(
                f"The file has more than {most_lines} lines: split it, or let it be imported by command.",
                facts={"most": most_lines},
            )
        cells = dict(zip(names, row, strict=False))
        if any(cell is not None and str(cell).strip() for cell in row[len(names) :]):
            cells[TOO_MANY] = Unreadable(MORE_CELLS, MORE_CELLS)
        yield Line(number, cells)
