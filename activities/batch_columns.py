"""What a file of activities holds: fixed columns, and one per attribute that rules read (domain 1.11)."""

import re
from collections.abc import Sequence

from activities.attributes import LONGEST, MOST
from common.sheets import Column, SheetRefused, cells
from common.sheets.cells import Read
from common.sheets.errors import CellRefused

ATTRIBUTE = re.compile(r"attr:([a-z][a-z0-9_]{0,39})(?::(text|number|yes_or_no))?\Z")
NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,6})?\Z")
CURRENCY = re.compile(r"[A-Z]{3}\Z")
# Two decimals of numeric(14, 2).
MOST_AMOUNT = 10**12


def _no_longer_than(most: int) -> Read:
    def text(cell: object) -> str:
        written = cells.text(cell).strip()
        if len(written) > most:
            raise CellRefused(f"This is longer than {most} letters.")
        if "\x00" in written:
            raise CellRefused("This holds a character that is no text.")
        return written

    return text


def _amount(cell: object) -> object:
    """amount"""
    amount = cells.money(cell)
    if not 0 <= amount < MOST_AMOUNT or amount != round(amount, 2):
        raise CellRefused("An amount is not below 0, has two decimals at most and twelve digits before them.")
    return amount


def _currency(cell: object) -> str:
    """three letters"""
    written = cells.text(cell).strip().upper()
    if not CURRENCY.match(written):
        raise CellRefused("A currency has three letters, such as EUR.")
    return written


def _points(cell: object) -> int:
    """whole number"""
    points = cells.whole_number(cell)
    if points <= 0:
        raise CellRefused("Points are more than 0.")
    return points


def _number(cell: object) -> int | float:
    """number"""
    written = cells.text(cell).strip()
    if not NUMBER.match(written):
        raise CellRefused("This is no number: write 1234.5, without separators.")
    return float(written) if "." in written else int(written)


COLUMNS: tuple[Column, ...] = (
    Column("type", "code of an activity type of the program", _no_longer_than(40), required=True),
    Column("card_number", "of the card that was used; this or member_number"),
    Column("member_number", "of the membership; a retired number finds the person's present one"),
    Column("occurred_at", "when it happened", cells.moment, required=True),
    Column("amount", "what was paid", _amount),
    Column("currency", "the program's if empty", _currency),
    Column("points", "of a type that earns: how many", _points),
    Column("reference", "the sender's own number, to search by", _no_longer_than(80)),
    Column("location", "shop, flight, branch", _no_longer_than(80)),
)
ABOUT_ATTRIBUTES = f"""\
  attr:NAME      text, or attr:NAME:number, attr:NAME:yes_or_no: what rules read as activity.attributes.NAME;
                 up to {MOST} of them"""
READ_AS: dict[str | None, Read] = {
    None: _no_longer_than(LONGEST),
    "text": _no_longer_than(LONGEST),
    "number": _number,
    "yes_or_no": cells.yes_or_no,
}


def columns_for(names: Sequence[str]) -> tuple[Column, ...]:
    """The columns of a file whose header has these names; SheetRefused for one that holds too many attributes."""
    found = [(name, match) for name in names if (match := ATTRIBUTE.match(name))]
    codes = [match[1] for _, match in found]
    if len(codes) > MOST:
        raise SheetRefused(f"The file has {len(codes)} attributes; an activity has {MOST} at most.")
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise SheetRefused(f"Attributes that occur twice: {', '.join(twice)}.")
    return COLUMNS + tuple(Column(name, f"attribute {match[1]}", READ_AS[match[2]]) for name, match in found)


def attribute_codes(columns: Sequence[Column]) -> dict[str, str]:
    """By the name of its column the code of each attribute."""
    return {one.name: match[1] for one in columns if (match := ATTRIBUTE.match(one.name))}
