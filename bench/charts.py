"""The figures that have goals, as a drawing: one bar each, as a share of its goal."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.report import Figure

FILE = Path(__file__).parent.parent / "docs" / "performance.svg"
ROW, LABEL, SCALE, MOST = 22, 430, 180, 2.0
MET, MISSED = "#2b8a3e", "#c92a2a"


def write(figures: Sequence[Figure], file: Path = FILE) -> None:
    file.write_text(drawn([figure for figure in figures if figure.goal is not None]), encoding="utf-8")


def drawn(figures: Sequence[Figure]) -> str:
    """An SVG image; it says in words what it shows."""
    width, height = int(LABEL + SCALE * MOST + 110), ROW * (len(figures) + 2)
    bars = "\n".join(_bar(figure, ROW * (n + 1)) for n, figure in enumerate(figures))
    goal = LABEL + SCALE
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
  font-family="sans-serif" font-size="12"><title>A bar that reaches the line has met its goal</title>
<rect width="{width}" height="{height}" fill="#ffffff"/>
{bars}
<line x1="{goal}" y1="{ROW - 6}" x2="{goal}" y2="{height - ROW}" stroke="#212529" stroke-dasharray="3 3"/>
<text x="{goal}" y="{height - 6}" text-anchor="middle">goal</text>
</svg>
"""


def _bar(figure: Figure, y: int) -> str:
    share = reached(figure)
    length = round(min(share, MOST) * SCALE)
    color = MET if figure.verdict == "met" else MISSED
    return (
        f'<text x="{LABEL - 8}" y="{y + 11}" text-anchor="end">{escape(figure.what)}</text>'
        f'<rect x="{LABEL}" y="{y}" width="{length}" height="{ROW - 8}" fill="{color}"/>'
        f'<text x="{LABEL + length + 6}" y="{y + 11}">{share:.2f} of the goal</text>'
    )


def reached(figure: Figure) -> float:
    """1 where the goal is just met, more where it is surpassed, whichever way round it is."""
    if not figure.goal or not figure.value:
        return MOST
    return figure.goal / figure.value if figure.at_most else figure.value / figure.goal
