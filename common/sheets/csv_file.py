"""Rows of a CSV file: UTF-8 with or without a mark, or UTF-16 with one; comma, semicolon or tab between cells."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from common.sheets.errors import SheetRefused

SEPARATORS = ",;\t"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
CHUNK = 1 << 16
NO_TABLE = "The file is no table: save it as CSV (UTF-8) or XLSX."


def csv_rows(file: BinaryIO) -> Iterator[tuple[int, Sequence[object]]]:
    """(line, cells): a row with a line break inside a cell is named by its first line."""
    encoding = _encoding(file)
    text = io.TextIOWrapper(io.BufferedReader(_Unclosed(file), CHUNK), encoding=encoding, newline="")
    try:
        separator = _separator(text.readline())
        text.seek(0)
        yield from _rows(text, separator)
    except UnicodeDecodeError as error:
        raise _undecodable(file, encoding) from error


def _rows(text: io.TextIOWrapper, separator: str) -> Iterator[tuple[int, Sequence[object]]]:
    reader = csv.reader(text, delimiter=separator, strict=True)
    first = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise SheetRefused(
                f"Line {first} can't be read: a quotation mark is missing or stands in the wrong place.",
                facts={"line": first, "cause": str(error)},
            ) from error
        yield first, row
        first = reader.line_num + 1


def _encoding(file: BinaryIO) -> str:
    start = file.read(1024)
    file.seek(0)
    if start[:2] in UTF16:
        return "utf-16"
    if b"\x00" in start:
        raise SheetRefused(NO_TABLE)
    return "utf-8-sig"


def _separator(header: str) -> str:
    """The one that occurs most in the header; a comma where there is a single column."""
    return max(SEPARATORS, key=header.count)


def _undecodable(file: BinaryIO, encoding: str) -> SheetRefused:
    """Which line holds what is no UTF-8, and what the file probably is."""
    if encoding == "utf-16":
        return SheetRefused("The file begins like UTF-16 and does not go on so: save it again as CSV (UTF-8).")
    file.seek(0)
    for number, line in enumerate(file, 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return SheetRefused(
                f"Line {number} is not UTF-8; the file looks like Latin-1 (Windows). Save it as “CSV UTF-8”.",
                facts={"line": number},
            )
    return SheetRefused(NO_TABLE)


class _Unclosed(io.RawIOBase):
    """TextIOWrapper closes what it wraps when it is collected; the file is the caller's."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
