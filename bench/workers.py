"""The product's verbs in process: processes with threads, each thread on a connection of its own."""

import multiprocessing
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from django.db import Error, connection

from bench.jobs import Job, job_of
from bench.world import World

PROCESSES, THREADS = 2, 4
WARM_CALLS = 30


@dataclass(frozen=True)
class Round:
    """What one round did: calls a second, CPU of a call in Python, latencies."""

    rate: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    calls: int


class Workers:
    """Use as a context: the processes live for all rounds, so that what they keep in memory stays warm."""

    def __init__(self, world: World, *, processes: int = PROCESSES, threads: int = THREADS) -> None:
        self.world, self.processes, self.threads = world, processes, threads
        self._pipes: list[Connection] = []
        self._running: list[multiprocessing.process.BaseProcess] = []

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        for _ in range(self.processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(theirs, self.world.dumped(), self.threads), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._running.append(process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._running:
            process.join(timeout=10)

    def run(self, job: str, *, seconds: float) -> Round:
        for pipe in self._pipes:
            pipe.send((job, seconds))
        return combined([pipe.recv() for pipe in self._pipes])


@dataclass(frozen=True)
class Part:
    """One thread's share of a round: how long each call took, over what time, with how much CPU."""

    took: list[float]
    wall: float
    cpu: float
    problem: str = ""


def combined(parts_of_processes: Sequence[list[Part]]) -> Round:
    parts = [part for parts in parts_of_processes for part in parts]
    problems = [part.problem for part in parts if part.problem]
    if problems:
        raise RuntimeError(f"{len(problems)} threads stopped: {problems[0]}")
    took = sorted(second for part in parts for second in part.took)
    return Round(
        rate=sum(len(part.took) / part.wall for part in parts),
        cpu_us=sum(part.cpu for part in parts) / len(took) * 1e6,
        p50_ms=took[len(took) // 2] * 1e3,
        p99_ms=took[len(took) * 99 // 100] * 1e3,
        calls=len(took),
    )


def serve(pipe: Connection, world_text: str, threads: int) -> None:
    """A worker process: takes (job, seconds) until None, answers with its threads' parts."""
    world = World.from_text(world_text)
    while (asked := pipe.recv()) is not None:
        name, seconds = asked
        start = threading.Barrier(threads)
        with ThreadPoolExecutor(threads) as pool:
            running = [pool.submit(run_one, job_of(name, world), start, seconds) for _ in range(threads)]
            pipe.send([one.result() for one in running])


def run_one(job: Job, start: threading.Barrier, seconds: float) -> Part:
    """Call until the time is over; a call that fails ends the thread and is reported."""
    took: list[float] = []
    try:
        for _ in range(WARM_CALLS):
            job()
        start.wait(timeout=60)
        began, cpu = time.perf_counter(), time.thread_time()
        until = last = began
        until += seconds
        while last < until:
            job()
            now = time.perf_counter()
            took.append(now - last)
            last = now
        return Part(took, last - began, time.thread_time() - cpu)
    except (Error, RuntimeError) as error:
        start.abort()
        return Part(took, 1.0, 0.0, problem=f"{type(error).__name__}: {error}")
    finally:
        connection.close()
