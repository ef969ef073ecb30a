"""What a sheet's columns are called and hold: said once, used to read, to check the header and to explain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.errors import FieldError
from common.sheets import cells
from common.sheets.errors import CellRefused, LineRefused, SheetRefused, Unreadable
from common.sheets.escaping import unescaped

# Where a line keeps that it has more cells than the header.
TOO_MANY = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`read` makes the value of a cell; `passed_over`: our own exports have it, the import leaves it alone."""

    name: str
    about: str
    read: cells.Read = cells.text
    required: bool = False
    passed_over: bool = False

    @property
    def holds(self) -> str:
        names = {"text": "text", "whole_number": "whole number", "day": "date", "moment": "date or time"}
        names |= {"yes_or_no": "yes or no", "money": "amount"}
        return names.get(self.read.__name__, self.read.__doc__ or "text")


def check_header(header: Sequence[str], columns: Sequence[Column], *, line: int) -> list[str]:
    """The names of the columns in the order of the file; every fault of the header in one refusal."""
    names = [name_of(title) for title in header]
    while names and not names[-1]:
        names.pop()
    known = {column.name for column in columns}
    faults = []
    if missing := [column.name for column in columns if column.required and column.name not in names]:
        faults.append(f"missing: {', '.join(missing)}")
    strange = [(at, name or "without a name") for at, name in enumerate(names, 1) if name not in known]
    if unknown := [f"{name} (column {at})" for at, name in strange]:
        faults.append(f"unknown: {', '.join(unknown)}")
    if twice := sorted({name for name in names if name in known and names.count(name) > 1}):
        faults.append(f"twice: {', '.join(twice)}")
    if faults:
        raise SheetRefused(
            f"Line {line} names the columns, and not the right ones. {'; '.join(faults).capitalize()}. "
            f"Known are {', '.join(column.name for column in columns)}.",
            facts={"line": line, "columns": names},
        )
    return names


def name_of(title: str) -> str:
    """What a title in a header names, however it is written."""
    return title.strip().lower().replace(" ", "_").replace("-", "_")


def read_cells(given: Mapping[str, object], columns: Sequence[Column], *, line: int) -> dict[str, Any]:
    """The values of a line, empty cells left out; every fault of the line in one refusal."""
    if isinstance(given.get(TOO_MANY), Unreadable):
        raise LineRefused(str(given[TOO_MANY]), facts={"line": line})
    values: dict[str, Any] = {}
    faults: list[FieldError] = []
    for column in columns:
        cell = given.get(column.name)
        if column.passed_over:
            continue
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if column.required:
                faults.append(_fault(column.name, "This is needed."))
            continue
        try:
            values[column.name] = column.read(_plain(cell))
        except CellRefused as error:
            faults.append(_fault(column.name, str(error)))
    if faults:
        raise LineRefused(_sentence(faults), facts={"line": line}, errors=faults)
    return values


def column_table(columns: Sequence[Column]) -> str:
    """For --help: name, what it holds, what it means."""
    width = max(len(column.name) for column in columns)
    kind = max(len(column.holds) for column in columns)
    return "\n".join(f"  {column.name:<{width}}  {column.holds:<{kind}}  {_about(column)}" for column in columns)


def _about(column: Column) -> str:
    if column.passed_over:
        return f"{column.about} (passed over)"
    return f"{column.about} (needed)" if column.required else column.about


def _plain(cell: object) -> object:
    if isinstance(cell, Unreadable):
        raise CellRefused(cell.reason)
    if not isinstance(cell, str):
        return cell
    if cell.startswith("="):
        raise CellRefused("This cell holds a formula: paste values instead, or write '= for a text.")
    return unescaped(cell)


def _fault(name: str, detail: str) -> FieldError:
    return FieldError(pointer=f"/{name}", code="invalid", detail=detail)


def _sentence(faults: Sequence[FieldError]) -> str:
    return " ".join(f"{fault['pointer'][1:]}: {fault['detail']}" for fault in faults)
