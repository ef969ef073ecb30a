"""Reads codes back from their drawings, as a scanner would: Code 128, and QR codes of one block at level Q."""

import re
from collections.abc import Iterator

from barcode.charsets import code128

Matrix = list[list[bool]]
RECTANGLE = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z")
SIZE = re.compile(r'viewBox="0 0 (\d+) (\d+)"')
# Data codewords of a QR code by its version, at level Q.
DATA_CODEWORDS = {1: 13, 2: 22}
NUMERIC, ALPHANUMERIC = 1, 2
SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
MASKS = (
    lambda i, j: (i + j) % 2 == 0,
    lambda i, j: i % 2 == 0,
    lambda i, j: j % 3 == 0,
    lambda i, j: (i + j) % 3 == 0,
    lambda i, j: (i // 2 + j // 3) % 2 == 0,
    lambda i, j: (i * j) % 2 + (i * j) % 3 == 0,
    lambda i, j: ((i * j) % 2 + (i * j) % 3) % 2 == 0,
    lambda i, j: ((i + j) % 2 + (i * j) % 3) % 2 == 0,
)


def modules(svg: str) -> Matrix:
    """What is dark, module by module."""
    width, height = map(int, SIZE.findall(svg)[0])
    found = [[False] * width for _ in range(height)]
    for x, y, wide, high in (map(int, one) for one in RECTANGLE.findall(svg)):
        for row in found[y : y + high]:
            row[x : x + wide] = [True] * wide
    return found


def read_barcode(svg: str) -> str:
    """The text; start, checksum and stop are right."""
    rows = modules(svg)
    assert all(row == rows[0] for row in rows)
    bars = "".join("01"[dark] for dark in rows[0]).strip("0")
    assert bars.endswith(code128.STOP + "11"), bars
    body = bars.removesuffix(code128.STOP + "11")
    values = [code128.CODES.index(body[at : at + 11]) for at in range(0, len(body), 11)]
    *data, check = values
    assert check == sum(value * max(place, 1) for place, value in enumerate(data)) % 103
    return _text(data)


def _text(values: list[int]) -> str:
    charset = {code: name for name, code in code128.START_CODES.items()}[values[0]]
    found = ""
    for value in values[1:]:
        if value in (99, 100, 101) and not (charset == "C" and value == 99):
            charset = {99: "C", 100: "B", 101: "A"}[value]
        elif charset == "C":
            found += f"{value:02d}"
        else:
            found += chr(value + 32)
    return found


def read_qr(svg: str) -> str:
    """The text of a numeric or alphanumeric code; the quiet zone around it is four modules wide."""
    whole = modules(svg)
    assert not any(any(row) for row in (*whole[:4], *whole[-4:]))
    rows = [row[4:-4] for row in whole[4:-4]]
    size = len(rows)
    level, mask = _format(rows)
    assert level == 0b11
    bits = "".join(
        "01"[rows[i][j] != MASKS[mask](i, j)] for i, j in _path(size) if not _is_fixed(i, j, size)
    )  # fmt: skip
    return _decoded(bits[: 8 * DATA_CODEWORDS[(size - 17) // 4]])


def _format(rows: Matrix) -> tuple[int, int]:
    """Level and mask."""
    places = [*((8, j) for j in (0, 1, 2, 3, 4, 5, 7, 8)), (7, 8), *((i, 8) for i in (5, 4, 3, 2, 1, 0))]
    value = int("".join("01"[rows[i][j]] for i, j in places), 2) ^ 0b101010000010010
    return value >> 13, (value >> 10) & 0b111


def _path(size: int) -> Iterator[tuple[int, int]]:
    """From the lower right in columns of two, up and down, past the timing column."""
    rights = [one if one > 6 else one - 1 for one in range(size - 1, 0, -2)]
    for turn, right in enumerate(rights):
        for i in range(size - 1, -1, -1) if turn % 2 == 0 else range(size):
            yield from ((i, right), (i, right - 1))


def _is_fixed(i: int, j: int, size: int) -> bool:
    """Finders with format, timing, and the one alignment pattern of version 2."""
    finders = (i <= 8 and (j <= 8 or j >= size - 8)) or (i >= size - 8 and j <= 8)
    alignment = size == 25 and 16 <= i <= 20 and 16 <= j <= 20
    return finders or i == 6 or j == 6 or alignment


def _decoded(bits: str) -> str:
    mode = int(bits[:4], 2)
    at, count = (14, int(bits[4:14], 2)) if mode == NUMERIC else (13, int(bits[4:13], 2))
    assert mode in (NUMERIC, ALPHANUMERIC)
    found = ""
    while len(found) < count:
        left = count - len(found)
        if mode == NUMERIC:
            wide = {1: 4, 2: 7}.get(left, 10)
            found += f"{int(bits[at : at + wide], 2):0{min(left, 3)}d}"
        else:
            wide = 6 if left == 1 else 11
            value = int(bits[at : at + wide], 2)
            found += SYMBOLS[value] if left == 1 else SYMBOLS[value // 45] + SYMBOLS[value % 45]
        at += wide
    return found
