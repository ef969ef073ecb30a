"""Tables that people and other systems hand over as files, and those they get: CSV and XLSX, line by line."""

from common.sheets.columns import Column
from common.sheets.errors import CellRefused, LineRefused, SheetRefused
from common.sheets.reading import Line, open_sheet
from common.sheets.writing import write_csv, write_xlsx

__all__ = [
    "CellRefused",
    "Column",
    "Line",
    "LineRefused",
    "SheetRefused",
    "open_sheet",
    "write_csv",
    "write_xlsx",
]
