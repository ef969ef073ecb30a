"""Files as people hand them over: every fault is told with its line and column, and nothing is guessed."""

import tracemalloc
import zipfile
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from common.sheets import CellRefused, Column, LineRefused, SheetRefused, cells, open_sheet
from common.sheets.columns import column_table, read_cells
from common.sheets.seen import Seen

COLUMNS = (
    Column("number", "a number", required=True),
    Column("name", "a name"),
    Column("points", "points", cells.whole_number),
    Column("since", "a date", cells.day),
    Column("status", "shown by exports", passed_over=True),
)


def read(content: bytes, **options: Any) -> list[tuple[int, dict[str, Any]]]:
    """Line and values of every line."""
    sheet = open_sheet(BytesIO(content), COLUMNS, **options)
    return [(line.number, read_cells(line.cells, COLUMNS, line=line.number)) for line in sheet.lines]


def refusal(content: bytes, **options: Any) -> str:
    with pytest.raises((SheetRefused, LineRefused)) as refused:
        read(content, **options)
    return refused.value.message


def workbook(*rows: Any) -> bytes:
    book, file = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_common_ways_to_save_a_table_read_alike(encoding: str, separator: str, ending: str) -> None:
    text = ending.join(separator.join(row) for row in (["Number", " NAME ", "points"], ["K1", "Müller", "-5"]))
    assert read(text.encode(encoding)) == [(2, {"number": "K1", "name": "Müller", "points": -5})]


def test_lines_are_counted_as_an_editor_does() -> None:
    text = b'number,name\n\nK1,"Ring 1\nWien"\n,,\nK2,x\n'
    assert read(text) == [(3, {"number": "K1", "name": "Ring 1\nWien"}), (6, {"number": "K2", "name": "x"})]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"name\nx\n", "Line 1 names the columns, and not the right ones. Missing: number. Known are number, name"),
        (b"number,nam,points,\n1,2,3\n", "Line 1 names the columns, and not the right ones. Unknown: nam (column 2)"),
        (b"\nnumber\nK1\n", "The file is empty: the first line names the columns"),
        (b"number,,name\n1,2,3\n", "Unknown: without a name (column 2)"),
        (b"number,number\n1,2\n", "Twice: number"),
        (b"number\nM\xfcller\n", "Line 2 is not UTF-8; the file looks like Latin-1 (Windows). Save it as"),
        (b"number,name\nK1,x\nK2,\x93x\x94\n", "Line 3 is not UTF-8"),
        ("number\nK1".encode("utf-16-le"), "The file is no table"),
        (b'number,name\nK1,x\nK2,"x\nK3,y\n', "Line 3 can't be read: a quotation mark is missing"),
        (b'number,name\nK1,"x"y\n', "Line 2 can't be read: a quotation mark"),
        (b"number\n" + b"x" * 200_000, "Line 2 can't be read"),
        (b"number,name\nK1,x,y\n", "The line has more cells than the header"),
        (b"number,name\n,x\n", "number: This is needed."),
        (b"number,name\n=1,x\n", "number: This cell holds a formula"),
        (b"number,points\nK1,1.000\n", "points: “1.000” is no whole number"),
        (b"number,since\nK1,01/02/2026\n", "other forms could mean two days"),
        (b"number,since\nK1,2026-02-30\n", "is no date"),
        (b"number,since\nK1,46000\n", "is no date"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(content: bytes, says: str) -> None:
    assert says in refusal(content)


def test_every_fault_of_a_line_is_told_at_once() -> None:
    with pytest.raises(LineRefused) as refused:
        read(b"number,points,since\n,x,y\n")
    assert [fault["pointer"] for fault in refused.value.errors] == ["/number", "/points", "/since"]


def test_a_workbook_brings_its_own_types() -> None:
    rows = read(workbook(["number", "name", "points", "since"], [50012, "x", 12.0, date(2026, 1, 2)], [None] * 4))
    assert rows == [(2, {"number": "50012", "name": "x", "points": 12, "since": date(2026, 1, 2)})]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (["K1", "=A1"], "name: Cell B2 holds a formula"),
        (["K1", "#REF!"], "name: Cell B2 holds the error #REF!"),
        ([1234567890123456, "x"], "number: A spreadsheet keeps 15 digits"),
        (["K1", "x", 1.5], "points: “1.5” is no whole number"),
        (["K1", "x", True], "points: “yes” is no whole number"),
        (["K1", "x", 1, 46000], "since: “46000” is no date"),
        (["K1", "x", 1, None, None, None, "more"], "more cells than the header"),
    ],
)
def test_a_cell_of_a_workbook_that_holds_no_value(row: list[Any], says: str) -> None:
    assert says in refusal(workbook(["number", "name", "points", "since"], row))


def test_a_workbook_that_is_none_or_a_bomb_is_refused() -> None:
    def archive(**parts: bytes) -> bytes:
        file = BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
            for name, content in parts.items():
                made.writestr(f"xl/{name}.xml", content)
        return file.getvalue()

    whole = workbook(["number"], ["K1"])
    for content in (
        archive(other=b"x"),
        archive(workbook=b"no xml"),
        archive(workbook=b'<!DOCTYPE x [<!ENTITY a "a">]><workbook/>'),
        archive(workbook=b"0" * 50_000_000),
        whole[: len(whole) // 2],
        b"PK\x03\x04" + b"\x00" * 50,
    ):
        assert "damaged" in refusal(content)


def test_more_lines_than_allowed_are_refused() -> None:
    assert len(read(b"number\n1\n2\n", most_lines=2)) == 2
    assert "more than 2 lines" in refusal(b"number\n1\n\n2\n3\n", most_lines=2)


def test_a_long_file_takes_no_more_memory_than_a_short_one() -> None:
    content = BytesIO(b"number,name\n" + b"".join(b"K%d,Emma Stone\n" % n for n in range(100_000)))
    tracemalloc.start()
    with Seen() as seen:
        for line in open_sheet(content, COLUMNS).lines:
            seen.add(str(line.cells["number"]), line.number)
        assert (seen.line_of("K99999"), seen.line_of("K100000")) == (100_001, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("reader", "cell", "value"),
    [
        (cells.money, "100.50", Decimal("100.50")),
        (cells.money, 100.5, Decimal("100.5")),
        (cells.money, 0.1 + 0.2, Decimal("0.3")),
        (cells.yes_or_no, "Yes", True),
        (cells.yes_or_no, "FALSE", False),
        (cells.yes_or_no, True, True),
        (cells.whole_number, "+7", 7),
        (cells.whole_number, -(10**15) + 1, 1 - 10**15),
        (cells.one_of("person", "organization"), " Person ", "person"),
        (cells.moment, "2026-01-02", date(2026, 1, 2)),
        (cells.moment, "2026-01-02T10:00:00Z", datetime.fromisoformat("2026-01-02T10:00:00+00:00")),
    ],
)
def test_what_a_cell_may_hold(reader: Any, cell: object, value: object) -> None:
    assert reader(cell) == value


@pytest.mark.parametrize(
    ("reader", "cell"),
    [
        (cells.money, "1,5"), (cells.money, "NaN"), (cells.money, "1e3"), (cells.money, "€ 5"),
        (cells.yes_or_no, "maybe"),
        (cells.whole_number, "١٢"), (cells.whole_number, "1_000"), (cells.whole_number, "10.0"),
        (cells.whole_number, str(10**15 + 1)), (cells.one_of("person"), "robot"), (cells.moment, "2026-01-02Tnoon"),
        (cells.day, "20260102"), (cells.day, "2026-W01-1"),
        (cells.day, "0001-01-01"), (cells.moment, "0001-01-01T00:00:00+14:00"),
        (cells.moment, "9999-12-31T23:00:00-12:00"),
    ],
)  # fmt: skip
def test_what_a_cell_may_not_hold(reader: Any, cell: object) -> None:
    with pytest.raises(CellRefused):
        reader(cell)


def test_the_table_of_help_names_every_column() -> None:
    table = column_table(COLUMNS)
    assert "  number  text          a number (needed)" in table
    assert "  status  text          shown by exports (passed over)" in table
    assert len(table.splitlines()) == len(COLUMNS)
