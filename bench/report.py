"""Figures, the goals they are held against, and how both are shown."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection

RESULTS = Path(__file__).parent / "results"
DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
# Drawn by bench.charts whenever the table is written.
CHART = "![What has a goal, as a share of it](performance.svg)\n"
SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "server_version")


@dataclass(frozen=True)
class Figure:
    """One line of the table. `goal` None: shown for the record only. `rounds` are the values it is the median of."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    at_most: bool = False
    rounds: Sequence[float] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        met = self.value <= self.goal if self.at_most else self.value >= self.goal
        return "met" if met else "MISSED"

    @property
    def shown_goal(self) -> str:
        return "" if self.goal is None else f"{'<=' if self.at_most else '>='} {_number(self.goal)}"


def rate(what: str, rounds: Sequence[float]) -> Figure:
    return Figure(what, median(rounds), "1/s", rounds=rounds)


def ratio(what: str, ours: Sequence[float], other: Sequence[float], goal: float | None = None) -> Figure:
    """The median of the ratios round by round: neighbours in time share the machine's mood."""
    rounds = [a / b for a, b in zip(ours, other, strict=True)]
    return Figure(what, median(rounds), "x", goal, rounds=rounds)


def table(figures: Sequence[Figure]) -> str:
    rows = [("figure", "median", "", "goal", "", "rounds")]
    rows += [
        (f.what, _number(f.value), f.unit, f.shown_goal, f.verdict, " ".join(_number(r) for r in f.rounds))
        for f in figures
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]]) + "\n"


def conditions(sizes: dict[str, Any]) -> dict[str, Any]:
    """Where and on what the figures were taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(SETTINGS)])
        settings = dict(cursor.fetchall())
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_average_before": os.getloadavg(),
        "python": platform.python_version(),
        "postgresql": settings,
        "world": sizes,
    }


def write_json(figures: Sequence[Figure], about: dict[str, Any]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{about['at'].replace(':', '')[:17]}.json"
    file.write_text(json.dumps({"conditions": about, "figures": [_entry(f) for f in figures]}, indent=1) + "\n")
    return file


def document(shown: str, about: dict[str, Any]) -> None:
    """Put the table between the marks of docs/performance.md."""
    text = DOCUMENT.read_text()
    head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
    world = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in about["world"].items())
    server = about["postgresql"]
    line = (
        f"{about['at'][:10]}, {about['cores']} cores, load average {about['load_average_before'][0]:.1f} before the "
        f"run, Python {about['python']}, PostgreSQL {server['server_version']}, fsync {server['fsync']}, "
        f"synchronous_commit {server['synchronous_commit']}. World: {world}.\n"
    )
    DOCUMENT.write_text(f"{head}{BEGIN}\n{line}\n{shown}\n{CHART}\n{END}{tail}")


def _entry(figure: Figure) -> dict[str, Any]:
    return asdict(figure) | {"verdict": figure.verdict}


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
