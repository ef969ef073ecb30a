"""What two preloaded workers take under load: proportional set size, which shares common pages out."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from bench.jobs import reach
from bench.load import Target, http_rate
from bench.report import Figure
from bench.server import serving, token_of
from bench.world import Sizes, World

GOAL_MB = 250
EVERY = 0.5


def memory(world: World, sizes: Sizes) -> Iterator[Figure]:
    with serving() as port:
        target = Target(port, token_of(world, port), "/api/memberships/{}/earn-points", *reach("earn", world))
        most, done = 0.0, threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.wait(EVERY):
                most = max(most, sum(_pss(pid) for pid in _servers(port)))

        watching = threading.Thread(target=watch)
        watching.start()
        rate = http_rate(target, seconds=max(10.0, 2 * sizes.seconds))
        done.set()
        watching.join()
    yield Figure("memory: rate while it was measured", rate, "1/s")
    yield Figure("memory: gunicorn with 2 workers under load, PSS", most, "MB", GOAL_MB, at_most=True)


def _servers(port: int) -> list[int]:
    """The processes of the server on that port: its arbiter and the workers, which keep its command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"gunicorn" in command and f":{port}".encode() in command:
                found.append(int(entry.name))
    return found


def _pss(pid: int) -> float:
    """In megabytes; nothing for a process that just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
