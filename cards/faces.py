"""A card number as tills read it: a QR code and a Code 128 barcode, as SVG without styles or scripts."""

from collections.abc import Iterable
from itertools import groupby

from barcode.codex import Code128
from segno import make

QUIET = 4
BARCODE_QUIET, BARCODE_HEIGHT = 10, 36


def qr_svg(number: str) -> str:
    """The number alone, with room for a scratch: level Q restores a quarter of what can't be read."""
    code = make(number, error="q", micro=False, boost_error=False)
    rows = [list(row) for row in code.matrix_iter(border=QUIET)]
    return _svg(len(rows[0]), len(rows), _runs(rows))


def barcode_svg(number: str) -> str:
    """Code 128, which holds digits and capital letters in as few bars as there can be."""
    (bars,) = Code128(number).build()
    row = [0] * BARCODE_QUIET + [int(bar) for bar in bars] + [0] * BARCODE_QUIET
    return _svg(len(row), BARCODE_HEIGHT, _runs([row], height=BARCODE_HEIGHT))


def _svg(width: int, height: int, path: str) -> str:
    """Black on white, stretched to the room it gets: readers mind the widths of bars, not their height."""
    head = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" preserveAspectRatio="none"'
    ground, bars = f'<rect width="{width}" height="{height}" fill="#fff"/>', f'<path fill="#000" d="{path}"/>'
    return f'<svg {head} shape-rendering="crispEdges">{ground}{bars}</svg>'


def _runs(rows: Iterable[Iterable[int]], *, height: int = 1) -> str:
    """The dark modules of each row, neighbours as one rectangle."""
    parts = []
    for y, row in enumerate(rows):
        x = 0
        for dark, run in groupby(row, key=bool):
            width = len(list(run))
            if dark:
                parts.append(f"M{x} {y}h{width}v{height}h-{width}z")
            x += width
    return "".join(parts)
