"""A grown program: what staff see, what the audit takes, what a row takes, and whether posting slows down.

Runs on whatever seeded program the cluster holds; an empty or other one is seeded first. A cluster of its own keeps
ten million entries for the next run: `LOYALTY_CLUSTER=volume python -m bench volume --entries 10000000`.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

from django.core.management import call_command
from django.db import connection

from bench import rows
from bench.growing import other_cluster, rates_of
from bench.looking import looking
from bench.report import Figure, rate, ratio
from bench.world import Sizes
from common.db import forget_ids
from gateway.authentication import forget_tokens
from gateway.models import Channel
from loyalty_site.auditing import chosen, run
from loyalty_site.volume.plan import Volume
from loyalty_site.volume.seeding import TILL, make
from memberships.programs import forget_programs
from points.models import Entry
from programs.design import forget_designs

# A customer has about twelve entries, as most have few and some have hundreds.
ENTRIES_A_CUSTOMER = 12.5
EMPTY = "bench-empty"
# The audit's goals are for a million entries; it grows with them.
AUDIT_GOAL, QUICK_GOAL = 30.0, 1.0
MILLION = 1_000_000


def volume(sizes: Sizes) -> Iterator[Figure]:
    seconds = seeded(sizes.entries)
    entries = Entry.objects.count()
    if seconds is not None:
        yield Figure(f"seed_volume, {entries:,} entries", seconds, "s")
    yield from weight()
    yield from looking()
    yield from audits(entries)
    yield from growth(sizes)


def seeded(entries: int) -> float | None:
    """The seconds it took to make them; None where a seeded program of at least that size is there."""
    if Channel.objects.filter(code=TILL).exists() and Entry.objects.count() >= entries:
        return None
    call_command("flush", interactive=False, verbosity=0)
    for forget in (forget_ids, forget_designs, forget_programs, forget_tokens):
        forget()
    began = time.perf_counter()
    make(Volume(customers=max(100, int(entries / ENTRIES_A_CUSTOMER)), entries=entries), say=print)
    return time.perf_counter() - began


def weight() -> Iterator[Figure]:
    """Bytes of a row with its part of the indexes."""
    sizes, counts = rows.bytes_by_table(), rows.counts()
    for name in ("posting", "entry", "lot", "draw", "activity", "event", "idempotency"):
        if counts[name]:
            yield Figure(f"grown: bytes of one {name}", sizes[name] / counts[name], "B")
    ledger = sum(sizes[name] / counts[name] for name in ("posting", "entry", "lot"))
    yield Figure("grown: bytes of a posting with entry and lot", ledger, "B", 600, at_most=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (whole,) = cursor.fetchone()
    yield Figure("grown: the whole database", whole / 1e9, "GB")


def audits(entries: int) -> Iterator[Figure]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for what, goal, recent in (
        ("integrity_audit", AUDIT_GOAL * max(1.0, entries / MILLION), None),
        ("integrity_audit --recent 20", QUICK_GOAL, timedelta(minutes=20)),
    ):
        began = time.perf_counter()
        broken = sum(len(one.findings) for one in run(chosen(), recent=recent, jobs=2))
        yield Figure(f"{what}, {entries:,} entries", time.perf_counter() - began, "s", goal, at_most=True)
        if broken:
            raise RuntimeError(f"{what} found {broken} rows that break an invariant.")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield Figure("integrity_audit, memory it took on top", (after - before) / 1024, "MB")


def growth(sizes: Sizes) -> Iterator[Figure]:
    """Earning and redeeming in an almost empty program and in the grown one, in turn."""
    _seed_small()
    with rates_of(EMPTY, os.environ["LOYALTY_CLUSTER"]) as (empty, grown):
        for verb in ("earn", "redeem"):
            small, large = [], []
            for _ in range(sizes.rounds):
                small.append(empty.run(verb, seconds=sizes.seconds))
                large.append(grown.run(verb, seconds=sizes.seconds))
            yield rate(f"growth: {verb}, empty", small)
            yield rate(f"growth: {verb}, grown", large)
            yield ratio(f"growth: {verb}, grown / empty", large, small, 0.85)


def _seed_small() -> None:
    """The other cluster, with as many members as a program has in its first days."""
    environment = {**other_cluster(EMPTY), "DJANGO_SETTINGS_MODULE": "loyalty_site.settings"}
    django = [sys.executable, "-m", "django"]
    subprocess.run([*django, "migrate", "--verbosity", "0"], env=environment, check=True)
    seeding = [*django, "seed_volume", "--customers", "2000", "--entries", "20000", "--verbosity", "0"]
    # It refuses a cluster that an earlier run has seeded, which is as good.
    done = subprocess.run(seeding, env=environment, capture_output=True, text=True, check=False)
    if done.returncode and "already" not in done.stderr:
        raise RuntimeError(done.stderr)
