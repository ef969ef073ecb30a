"""No cell of an export is a formula, and nothing is lost by making it harmless."""

import csv
import io
from decimal import Decimal
from tempfile import TemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.sheets import Column, open_sheet, write_csv, write_xlsx
from common.sheets.cells import text, whole_number
from common.sheets.columns import read_cells
from common.sheets.escaping import escaped, unescaped

DANGEROUS = "=+-@\t\r"
# What a sheet's cell may hold: no lone halves of a character, nothing XML can't write.
TEXT = st.text(
    alphabet=st.one_of(st.sampled_from("=+-@\t'\";, \n"), st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"))),
    max_size=40,
)
COLUMNS = (Column("word", "a word"), Column("points", "points", whole_number))


@given(TEXT)
def test_what_was_escaped_comes_back(word: str) -> None:
    assert unescaped(str(escaped(word))) == word


@given(TEXT)
def test_no_escaped_text_begins_like_a_formula(word: str) -> None:
    assert not str(escaped(word)).startswith(tuple(DANGEROUS))


@pytest.mark.parametrize(("cell", "shown"), [
    ("=1+1", "'=1+1"), ("+43 664", "'+43 664"), ("-5", "'-5"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"),
    ("\rx", "'\rx"), ("'=1", "''=1"), ("O'Hara", "O'Hara"), ("'quoted'", "'quoted'"), ("a=b", "a=b"), ("", ""),
])  # fmt: skip
def test_only_what_a_spreadsheet_would_calculate_is_escaped(cell: str, shown: str) -> None:
    assert escaped(cell) == shown


@pytest.mark.parametrize("value", [-5, 0, 12, Decimal("-1.50"), None, True])
def test_numbers_stay_numbers(value: object) -> None:
    assert escaped(value) is value
    (piece,) = write_csv(["n"], [[-5]])
    assert piece.decode("utf-8-sig") == '"n"\r\n-5\r\n'


def test_every_text_is_quoted_whatever_the_separator_of_the_reader() -> None:
    (piece,) = write_csv(["a"], [["b;=cmd|' /C calc'!A1"]])
    rows = list(csv.reader(io.StringIO(piece.decode("utf-8-sig")), delimiter=";"))
    assert rows == [["a"], ["b;=cmd|' /C calc'!A1"]]


@given(st.lists(st.tuples(TEXT.filter(str.strip), st.integers(-(10**15), 10**15)), min_size=1, max_size=5))
def test_a_csv_file_reads_as_it_was_written(rows: list[tuple[str, int]]) -> None:
    file = io.BytesIO(b"".join(write_csv(["word", "points"], rows)))
    assert [_values(line.cells) for line in open_sheet(file, COLUMNS).lines] == [tuple(row) for row in rows]


@given(st.lists(st.tuples(TEXT.filter(str.strip), st.integers(-(10**15), 10**15)), min_size=1, max_size=3))
def test_a_workbook_reads_as_it_was_written(rows: list[tuple[str, int]]) -> None:
    with TemporaryFile() as file:
        assert write_xlsx(file, ["word", "points"], rows) == len(rows)
        assert [_values(line.cells) for line in open_sheet(file, COLUMNS).lines] == [tuple(row) for row in rows]


def _values(cells: dict[str, object]) -> tuple[str, int]:
    values = read_cells(cells, COLUMNS, line=1)
    return text(values["word"]), values["points"]
