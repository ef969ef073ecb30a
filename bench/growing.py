"""The posting rate of an empty program beside that of a grown one: two clusters, rounds in turn.

As a program (`python -m bench.growing`) it is one worker process of one cluster: it reads a number of seconds a line
and answers with the calls a second of its threads.
"""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial

from django.db import connection

from activities.calls import PointsCall, body_of
from activities.earning import earn_online
from activities.redeeming import redeem_online
from bench.jobs import new_key
from bench.workers import run_one
from common.actor import Actor
from gateway.models import Channel
from loyalty_site.volume.seeding import TILL
from programs.models import Program

PROCESSES, THREADS = 2, 4
POINTS = 50
# Who is posted to: so many, spread over all of the ledger.
MEMBERSHIPS = 20_000
VERBS = {"earn": earn_online, "redeem": redeem_online}
PICK = f"""
SELECT m.id FROM memberships_membership m JOIN points_pointaccount a ON a.account_set_id = m.own_set_id
JOIN programs_pointtype t ON t.id = a.point_type_id AND t.is_default
WHERE m.status = 'active' AND a.debt = 0 AND a.balance >= 1000 ORDER BY hashint8(m.id) LIMIT {MEMBERSHIPS}
"""
# What this process was told about its own cluster must not reach a process of another one.
OWN = ("DATABASE_URL", "LOYALTY_EMBEDDED_URL")


class Rates:
    """Worker processes of one cluster, waiting between their rounds."""

    def __init__(self, cluster: str) -> None:
        self._running = [
            subprocess.Popen(
                [sys.executable, "-m", "bench.growing"],
                env=other_cluster(cluster),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]

    def run(self, verb: str, *, seconds: float) -> float:
        for process in self._running:
            print(json.dumps([verb, seconds]), file=process.stdin, flush=True)
        return sum(float(process.stdout.readline()) for process in self._running if process.stdout)

    def close(self) -> None:
        for process in self._running:
            if process.stdin:
                process.stdin.close()
            process.wait(timeout=30)


def other_cluster(cluster: str) -> dict[str, str]:
    """The environment of a process that works on that cluster."""
    kept = {name: value for name, value in os.environ.items() if name not in OWN}
    return {**kept, "LOYALTY_CLUSTER": cluster}


@contextmanager
def rates_of(*clusters: str) -> Iterator[list[Rates]]:
    with ExitStack() as stack:
        found = [Rates(cluster) for cluster in clusters]
        for one in found:
            stack.callback(one.close)
        yield found


def serve() -> None:
    with connection.cursor() as cursor:
        cursor.execute(PICK)
        memberships = [row[0] for row in cursor.fetchall()]
    connection.close()
    programs = frozenset(Program.objects.values_list("pk", flat=True))
    till = Channel.objects.get(code=TILL).pk
    actor = Actor("channel", None, till, "bench", lambda action, program: program in programs, programs)
    for line in sys.stdin:
        verb, seconds = json.loads(line)
        start = threading.Barrier(THREADS)
        job = partial(_call, verb, memberships, actor)
        with ThreadPoolExecutor(THREADS) as pool:
            running = [pool.submit(run_one, job, start, seconds) for _ in range(THREADS)]
            parts = [one.result() for one in running]
        problems = [part.problem for part in parts if part.problem]
        if problems:
            raise RuntimeError(problems[0])
        print(sum(len(part.took) / part.wall for part in parts), flush=True)


def _call(verb: str, memberships: list[int], actor: Actor) -> object:
    for _ in range(20):
        call = PointsCall(random.choice(memberships), POINTS, reference="bench")
        facts = VERBS[verb](call, actor=actor, key=new_key())
        if facts is not None:
            return body_of(facts)
    raise RuntimeError(f"{verb} was not the plain case 20 times in a row.")


if __name__ == "__main__":
    serve()
