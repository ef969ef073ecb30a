"""Charts as geometry for a template: columns over time, and shares as bars in the rows of a table.

Series differ by how they are filled, not by color alone, and stand in the order of the legend. Texts stay outside
the drawing, which stretches to any width; under every chart stands its table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# How the first, second and third series are filled; the style sheet and the drawing know these names.
FILLS = ("solid", "striped", "hollow")
HEIGHT = 100
SLOT = 100
STEPS = (1, 2, 4, 5, 6, 8, 10)
UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


@dataclass(frozen=True, slots=True)
class Label:
    """Under a column: a short text for the axis, the whole one for the table, where its figures are."""

    short: str
    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    name: Any
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Column:
    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True, slots=True)
class ColumnChart:
    """Values from 0 on. `key` makes ids unique in the page."""

    key: str
    title: Any
    labels: Sequence[Label]
    series: Sequence[Series]

    @property
    def top(self) -> int:
        return round_up(max((value for one in self.series for value in one.values), default=0))

    @property
    def is_empty(self) -> bool:
        return not any(value for one in self.series for value in one.values)

    @property
    def width(self) -> int:
        return SLOT * len(self.labels)

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def ticks(self) -> list[str]:
        """From the top down."""
        return [compact(self.top), compact(self.top / 2), "0"]

    @property
    def legend(self) -> list[tuple[Any, str]]:
        return [(one.name, fill) for one, fill in zip(self.series, FILLS, strict=False)]

    @property
    def columns(self) -> list[Column]:
        thick = SLOT * 0.72 / len(self.series)
        return [
            Column(
                x=round(at * SLOT + SLOT * 0.14 + n * thick, 2),
                y=round(HEIGHT - HEIGHT * value / self.top, 2),
                width=round(thick * 0.86, 2),
                height=round(HEIGHT * value / self.top, 2),
                fill=fill,
            )
            for n, (one, fill) in enumerate(zip(self.series, FILLS, strict=False))
            for at, value in enumerate(one.values)
            if value > 0
        ]

    @property
    def rows(self) -> list[tuple[Label, list[int]]]:
        """The table: one row per column of the chart."""
        return [(label, [one.values[at] for one in self.series]) for at, label in enumerate(self.labels)]


@dataclass(frozen=True, slots=True)
class Share:
    """A row of a table of shares; `width` of the widest, 0 to 100."""

    name: Any
    value: int
    width: float
    href: str = ""


def shares(rows: Sequence[tuple[Any, int, str]]) -> list[Share]:
    """(name, value, address) each; values from 0 on."""
    most = max((value for _, value, _ in rows), default=0) or 1
    return [Share(name, value, round(100 * value / most, 2), href) for name, value, href in rows]


def round_up(value: int) -> int:
    """The next figure that reads well at the top of a scale, and whose half does."""
    if value <= 2:
        return 2
    unit = 10 ** (len(str(value)) - 1)
    return int(next(step * unit for step in STEPS if step * unit >= value and (step * unit) % 2 == 0))


def compact(value: float) -> str:
    """1500 -> 1.5k."""
    for size, unit in UNITS:
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
