"""Transfers by other ledgers on the same server: pgledger through the same driver, where PGLEDGER_SQL names a copy, and
django-hordak, where HORDAK_PYTHON names the Python of an environment that has it.

PGLEDGER_SQL is the path of `pgledger.sql`, after those of the files it needs (its `uuid_to_ulid`), separated by
colons. They are loaded into a schema of their own, which is made anew by every run.
"""

import json
import multiprocessing
import os
import random
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from django.db import connection, transaction

from bench.report import Figure, rate, ratio
from bench.workers import PROCESSES, THREADS, Workers, combined, run_one
from bench.world import Sizes, World

FILES, PYTHON = "PGLEDGER_SQL", "HORDAK_PYTHON"
HORDAK = "hordak"
SCHEMA = "pgledger"
ACCOUNTS = 20_000
TRANSFER = "SELECT id FROM pgledger_create_transfer(%s::text, %s::text, '1')"


def others(world: World, sizes: Sizes) -> Iterator[Figure]:
    """Ours and theirs in turn, as many connections each."""
    if os.environ.get(FILES):
        yield from pgledger(world, sizes)
    else:
        print(f"pgledger: left out, as {FILES} names no copy of it.")
    if os.environ.get(PYTHON):
        yield from hordak(world, sizes)
    else:
        print(f"django-hordak: left out, as {PYTHON} names no Python that has it.")


def pgledger(world: World, sizes: Sizes) -> Iterator[Figure]:
    accounts = load_pgledger(os.environ[FILES])
    ours, theirs = [], []
    with Workers(world) as workers, multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for _ in range(sizes.rounds):
            ours.append(workers.run("transfer", seconds=sizes.seconds).rate)
            parts = pool.starmap(pgledger_round, [(accounts, sizes.seconds)] * PROCESSES, chunksize=1)
            theirs.append(combined(parts).rate)
    yield rate("pgledger: transfers", theirs)
    yield ratio("transfer / pgledger", ours, theirs, 1.0)


def hordak(world: World, sizes: Sizes) -> Iterator[Figure]:
    """In a database of its own beside ours."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {HORDAK}")
        cursor.execute(f"CREATE DATABASE {HORDAK}")
    _hordak_side("load")
    ours, theirs = [], []
    with Workers(world) as workers:
        for _ in range(sizes.rounds):
            ours.append(workers.run("transfer", seconds=sizes.seconds).rate)
            with ThreadPoolExecutor(PROCESSES) as pool:
                running = [pool.submit(_hordak_side, str(sizes.seconds)) for _ in range(PROCESSES)]
                theirs.append(sum(float(one.result()) for one in running))
    yield rate("django-hordak: transfers", theirs)
    yield ratio("transfer / django-hordak", ours, theirs, 10.0)


def _hordak_side(what: str) -> str:
    known = connection.settings_dict
    server = {key: known[key] for key in ("HOST", "PORT", "USER", "PASSWORD")} | {"NAME": HORDAK}
    command = [os.environ[PYTHON], str(Path(__file__).parent / "raw" / "hordak_side.py"), json.dumps(server), what]
    # Its Python is another one: nothing of ours may lead it.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "PYTHON"))}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def load_pgledger(files: str) -> list[str]:
    """The ids of its accounts, all with a balance that may go below zero."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        cursor.execute(f"SET LOCAL search_path = {SCHEMA}, public")
        for file in files.split(os.pathsep):
            cursor.connection.execute(Path(file).read_text(encoding="utf-8"), prepare=False)
        cursor.execute(
            "SELECT (pgledger_create_account('account ' || n, 'USD')).id FROM generate_series(1, %s) n", [ACCOUNTS]
        )
        found = [row[0] for row in cursor.fetchall()]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return found


def pgledger_round(accounts: list[str], seconds: float) -> list[object]:
    """One process's share."""
    start = threading.Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(run_one, partial(_transfer, accounts), start, seconds) for _ in range(THREADS)]
        return [one.result() for one in running]


def _transfer(accounts: list[str]) -> None:
    with connection.cursor() as cursor:
        if not getattr(connection.connection, "of_pgledger", False):
            cursor.execute(f"SET search_path = {SCHEMA}, public")
            connection.connection.of_pgledger = True
        cursor.execute(TRANSFER, random.sample(accounts, 2))
        cursor.fetchone()
