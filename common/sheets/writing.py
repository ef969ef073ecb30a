"""Writing tables: text is escaped, numbers stay numbers, nothing is held in memory.

Every text of a CSV file is quoted, so that a program splitting at semicolons makes no formula of a cell's middle.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from common.sheets.errors import SheetRefused
from common.sheets.escaping import escaped

Row = Sequence[object]
# What a sheet of a workbook holds below its header.
MOST_ROWS = 1_048_575
BATCH = 200


def write_csv(header: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """The file in pieces, UTF-8 with the mark that spreadsheets look for."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow(header)
    for count, row in enumerate(rows, 1):
        writer.writerow([_cell(value) for value in row])
        if count % BATCH == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def csv_line(row: Row, *, first: bool = False) -> bytes:
    """One line as `write_csv` writes it; the first one with the mark."""
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerow([_cell(value) for value in row])
    return (("\ufeff" if first else "") + buffer.getvalue()).encode()


def write_xlsx(file: BinaryIO, header: Row, rows: Iterable[Row], *, most: int = MOST_ROWS) -> int:
    """Write the workbook into the file; how many rows. It grows on disk, not in memory."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(header)
    count = 0
    for count, row in enumerate(rows, 1):
        if count > most:
            raise SheetRefused(f"A workbook holds {most} rows here: take CSV instead.")
        sheet.append([_workbook_cell(sheet, value) for value in row])
    book.save(file)
    return count


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (datetime, date)):
        return value.isoformat().replace("+00:00", "Z")
    return "" if value is None else escaped(value)


def _workbook_cell(sheet: Any, value: object) -> Any:
    """Texts as texts: a workbook would read = as a formula and drop what it can't hold."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return str(value) if isinstance(value, int) and abs(value) >= 10**15 else value
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    cell = WriteOnlyCell(sheet, value=None)
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", str(_cell(value)))
    cell.data_type = "s"
    return cell
