"""Card numbers by the million: `generate_card_ids` with its CSV as a process of its own, then look-ups by number.

A cluster of its own keeps what was made, and each run adds a million until there are as many as asked for:
`LOYALTY_CLUSTER=cardvolume python -m bench cards --cards 10000000`.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from django.db import connection

from bench.report import Figure
from bench.world import Sizes
from cards.models import Card, CardBatch
from cards.numbering import new_numbers
from common.errors import NotFound
from gateway.channels import system_actor
from memberships.targets import visible_card
from programs.models import Program, ProgramStatus

CODE = "bench-cards"
MILLION = 1_000_000
GOAL_SECONDS, GOAL_MB, GOAL_MS = 60, 300, 5
LOOKED_UP = 2_000
PICKED = "SELECT number FROM cards_card WHERE id >= %s ORDER BY id LIMIT 1"
ENDS = "SELECT min(id), max(id) FROM cards_card"


def cards(sizes: Sizes) -> Iterator[Figure]:
    program, _ = Program.objects.get_or_create(
        code=CODE, defaults={"name": "Bench of cards", "status": ProgramStatus.RELEASED}
    )
    there = Card.objects.count()
    while True:
        count = min(MILLION, max(sizes.cards - there, 1)) if there else min(MILLION, sizes.cards)
        yield from made(count, there)
        there += count
        if there >= sizes.cards:
            break
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cards_card, cards_numberregistry")
    yield from looked_up(program, there)


def made(count: int, there: int) -> Iterator[Figure]:
    """A batch as the command makes it: how long, how much memory, and that the file holds it."""
    name = f"batch {CardBatch.objects.count() + 1}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cards.csv"
        command = [
            *(sys.executable, "-m", "django", "generate_card_ids", CODE, "--count", str(count)),
            *("--valid-months", "12", "--batch", name, "--output", str(path)),
        ]
        began = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, "DJANGO_SETTINGS_MODULE": "loyalty_site.settings"})
        memory = 0
        while process.poll() is None:
            memory = max(memory, high_water(process.pid))
            time.sleep(0.2)
        seconds = time.perf_counter() - began
        if process.returncode:
            raise RuntimeError(f"generate_card_ids ended with {process.returncode}.")
        with path.open() as file:
            lines = sum(1 for _ in file)
    batch = CardBatch.objects.get(name=name)
    if (lines, batch.made, batch.cards.count()) != (count + 1, count, count):
        raise RuntimeError(f"{lines} lines and {batch.made} cards are not {count}.")
    what = f"{count:,} cards with CSV" + (f", {there:,} there before" if there else "")
    scale = count / MILLION
    yield Figure(what, seconds, "s", max(GOAL_SECONDS * scale, 5), at_most=True)
    yield Figure(f"{what}: memory", memory / 1024, "MB", GOAL_MB, at_most=True)


def high_water(pid: int) -> int:
    """The most memory the process held so far, in kB; what rusage says counts the process it was started by too."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def looked_up(program: Program, there: int) -> Iterator[Figure]:
    """Cards all over the table, as a till asks for them, and numbers that nobody has."""
    with connection.cursor() as cursor:
        cursor.execute(ENDS)
        first, last = cursor.fetchone()
        known = []
        for at in range(LOOKED_UP):
            cursor.execute(PICKED, [first + (last - first) * at // LOOKED_UP])
            known.append(cursor.fetchone()[0])
    actor = system_actor()
    found = _times(known, lambda number: visible_card(actor, number))

    def missed(number: str) -> None:
        try:
            visible_card(actor, number)
        except NotFound:
            return
        raise RuntimeError(f"{number} was made up and yet found.")

    unknown = _times(new_numbers(program, count=LOOKED_UP), missed)
    for what, times in (("look-up by card number", found), ("look-up of an unknown number", unknown)):
        yield Figure(f"{what}, {there:,} cards", median(times), "ms")
        p99 = sorted(times)[len(times) * 99 // 100]
        yield Figure(f"{what}, {there:,} cards, p99", p99, "ms", GOAL_MS, at_most=True)


def _times(numbers: list[str], ask: Callable[[str], object]) -> list[float]:
    """Milliseconds of each call; the first ones, which open the connection, are not counted."""
    times = []
    for number in [*numbers[:20], *numbers]:
        began = time.perf_counter()
        ask(number)
        times.append((time.perf_counter() - began) * 1000)
    return times[20:]
