"""Activities that wait: a night's file taken in and processed, purchases through twenty rules, online and queued.

`python -m bench queue --activities 1000000` reads a file of that many simple lines, and a tenth as many purchases.
"""

import multiprocessing
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from activities.importing_activities import ActivityFile
from activities.models import ActivityStatus, MemberActivity
from activities.queueing import process_waiting
from bench import rows
from bench.load import Target, http_rate
from bench.posting_many import posting_many
from bench.queue_rules import AMOUNT, SHOP, SIMPLE, make_rules
from bench.report import Figure, rate, ratio
from bench.server import serving, token_of
from bench.world import Sizes, World, make_world, settle
from common import clock
from gateway.channels import system_actor
from memberships.models import Membership
from programs.models import Program

# Of a worker that found nothing.
PAUSE = 0.2
# Of purchases, which take longer each.
SHARE = 10
GOAL_QUEUED, GOAL_SECONDS, GOAL_MB, GOAL_ONLINE = 5_000, 200, 32, 0.5
PATHS = {"earn": "/api/memberships/{}/earn-points", "purchase": "/api/transactions"}


def queue(sizes: Sizes) -> Iterator[Figure]:
    """In a world of its own, as its rules would slow the others down."""
    world = make_world(sizes)
    program = make_rules(world)
    settle()
    yield from posting_many(world, sizes)
    yield from online(world, sizes)
    yield from queued(program, max(1, sizes.activities // SHARE), workers=sizes.workers)
    yield from nightly(program, sizes.activities, workers=sizes.workers)
    rows.prove()


def queued(program: Program, lines: int, *, workers: int) -> Iterator[Figure]:
    """Purchases that wait already, through twenty rules."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "purchases.csv"
        write_file(path, program, type_code="purchase", lines=lines)
        import_file(path, program.pk)
    settle()
    done, seconds = processed(program, workers)
    _require(done, lines)
    yield Figure(f"queued: {lines:,} purchases over 20 rules", lines / seconds, "1/s", GOAL_QUEUED)


def nightly(program: Program, lines: int, *, workers: int) -> Iterator[Figure]:
    """A file of simple activities, from its first line read to its last one processed; the workers are at work all the
    time, as those of a site are."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, spawn.Pool(workers) as pool, spawn.Pool(1) as reader:
        path, is_read = Path(folder) / "night.csv", Path(folder) / "is_read"
        write_file(path, program, type_code=SIMPLE, lines=lines)
        pool.map(time.sleep, [1.0] * workers, chunksize=1)
        began = time.perf_counter()
        working = pool.starmap_async(work, [(program.pk, is_read)] * workers, chunksize=1)
        (grew,) = reader.starmap(import_file, [(path, program.pk)])
        read = time.perf_counter() - began
        is_read.touch()
        parts = working.get()
        seconds = time.perf_counter() - began
    _require(_processed(parts), lines)
    yield Figure(f"a file of {lines:,} activities beside the workers: read", read, "s")
    yield Figure(f"a file of {lines:,} activities beside the workers: in all", seconds, "s", GOAL_SECONDS, at_most=True)
    yield Figure("a file of activities: memory grown while it was read", grew, "MB", GOAL_MB, at_most=True)
    grown = max(most for _, most in parts)
    yield Figure("a file of activities: memory grown while it was processed", grown, "MB", GOAL_MB, at_most=True)


def online(world: World, sizes: Sizes) -> Iterator[Figure]:
    """One purchase over twenty rules against a plain earn, over HTTP."""
    found: dict[str, list[float]] = {name: [] for name in PATHS}
    with serving() as port:
        token = token_of(world, port)
        for _ in range(sizes.rounds):
            for name, path in PATHS.items():
                body = "" if name == "earn" else purchase_body()
                target = Target(port, token, path, world.first_earner, world.last_earner, body=body)
                found[name].append(http_rate(target, seconds=sizes.seconds))
    for name, values in found.items():
        yield rate(f"over HTTP beside 20 rules, {name}", values)
    yield ratio("HTTP purchase over 20 rules / plain earn", found["purchase"], found["earn"], GOAL_ONLINE)


def purchase_body() -> str:
    """As a till sends it, with a reference and a membership to be filled in."""
    return (
        '{"reference": "<reference>", "type": "purchase", "membership_id": <membership>, "currency": "EUR", '
        f'"amount": "{AMOUNT}", "location": "{SHOP}", "items": [{{"sku": "A1", "category": "shoes", "quantity": "1", '
        f'"amount": "{AMOUNT}"}}]}}'
    )


def write_file(path: Path, program: Program, *, type_code: str, lines: int) -> None:
    """Lines of now over all members in turn: their rules are as young."""
    now = clock.now().isoformat()
    numbers = list(Membership.objects.filter(program=program).order_by("pk").values_list("number", flat=True))
    with path.open("w") as file:
        file.write("type,member_number,occurred_at,amount,reference,location\n")
        for n in range(lines):
            file.write(f"{type_code},{numbers[n % len(numbers)]},{now},{AMOUNT},R{n},{SHOP}\n")


def import_file(path: Path, program_id: int) -> float:
    """Take it in; by how many megabytes the process grew after the first lines."""
    program = Program.objects.get(pk=program_id)
    memory = Growth()
    with path.open("rb") as file:
        batch = ActivityFile(file, program=program, name=f"{path.name} {clock.now():%H%M%S}", actor=system_actor())
        batch.check()
        counts = batch.take(progress=lambda lines: memory.look())
    if counts.refused:
        raise RuntimeError(f"{counts.refused} lines of {counts.lines} were refused.")
    return memory.grown


def processed(program: Program, workers: int) -> tuple[int, float]:
    """By workers that stand ready: how many were processed, and how many seconds it took."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.map(time.sleep, [1.0] * workers, chunksize=1)
        began = time.perf_counter()
        parts = pool.starmap(work, [(program.pk,)] * workers, chunksize=1)
        seconds = time.perf_counter() - began
    return _processed(parts), seconds


def _processed(parts: list[tuple[Counter[str], float]]) -> int:
    return sum(done[ActivityStatus.PROCESSED] for done, _ in parts)


def work(program_id: int, until: Path | None = None) -> tuple[Counter[str], float]:
    """One worker process: what it did, and by how many megabytes it grew. It goes on `until` that file is there."""
    memory, total = Growth(), Counter[str]()
    program = Program.objects.get(pk=program_id)
    while True:
        is_last = until is None or until.exists()
        total += process_waiting(program, actor=system_actor(), progress=lambda counts: memory.look())
        if is_last:
            return total, memory.grown
        time.sleep(PAUSE)


class Growth:
    """The peak of a process's memory, from its fifth look on: by then everything is loaded that is loaded once."""

    def __init__(self) -> None:
        self.peaks: list[float] = []

    def look(self) -> None:
        self.peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

    @property
    def grown(self) -> float:
        settled = self.peaks[4:] or [0.0]
        return settled[-1] - settled[0]


def _require(done: int, lines: int) -> None:
    waiting = MemberActivity.objects.exclude(status=ActivityStatus.PROCESSED).count()
    if done != lines or waiting:
        raise RuntimeError(f"{done} of {lines} activities were processed, {waiting} are not.")
