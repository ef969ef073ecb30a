"""Rows of the first sheet of a workbook, streamed; formulas, errors and bombs are refused."""

import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from common.sheets.errors import SheetRefused, Unreadable

# What all parts may unpack to: a workbook of a million short lines stays below it.
UNPACKED = 600 * 1024 * 1024
# Text compresses twenty times at most; what claims more is made to exhaust memory.
RATIO = 200
RATIO_COUNTS_FROM = 10 * 1024 * 1024
BROKEN = "The workbook is damaged or holds no table: save it again as XLSX, or as CSV (UTF-8)."


def xlsx_rows(file: BinaryIO) -> Iterator[tuple[int, Sequence[object]]]:
    """(row, cells) of the first sheet."""
    _refuse_bombs(file)
    try:
        book = load_workbook(file, read_only=True, keep_links=False)
        sheet = book.worksheets[0]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError, SyntaxError) as error:
        raise SheetRefused(BROKEN) from error
    return _rows(sheet)


def _rows(sheet: Any) -> Iterator[tuple[int, Sequence[object]]]:
    rows = sheet.iter_rows()
    number = 0
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except (zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError, SyntaxError, EOFError) as error:
            raise SheetRefused(BROKEN, facts={"line": number + 1}) from error
        number += 1
        yield number, [_value(cell) for cell in row]


def _value(cell: Any) -> object:
    kind = getattr(cell, "data_type", "n")
    if kind == "f":
        return Unreadable(f"Cell {cell.coordinate} holds a formula: copy the sheet and paste its values.", cell.value)
    if kind == "e":
        return Unreadable(f"Cell {cell.coordinate} holds the error {cell.value}.", cell.value)
    return cell.value


def _refuse_bombs(file: BinaryIO) -> None:
    """Sizes as the archive tells them; a part with a document type could define endless entities."""
    try:
        with zipfile.ZipFile(file) as archive:
            for part in archive.infolist():
                many = part.file_size > RATIO_COUNTS_FROM and part.file_size > RATIO * max(part.compress_size, 1)
                if many or b"<!DOCTYPE" in _start(archive, part):
                    raise SheetRefused(BROKEN)
            if sum(part.file_size for part in archive.infolist()) > UNPACKED:
                raise SheetRefused("The workbook is too large: split it, or save it as CSV (UTF-8).")
            if not any(part.filename == "xl/workbook.xml" for part in archive.infolist()):
                raise SheetRefused(BROKEN)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise SheetRefused(BROKEN) from error
    file.seek(0)


def _start(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    if not part.filename.endswith((".xml", ".rels")):
        return b""
    with archive.open(part) as stream:
        return stream.read(2048)
