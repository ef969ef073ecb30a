"""Every invariant of every app, asked of the data: what `integrity_audit` runs and tests assert."""

import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import NamedTuple

from django.db import connection, transaction
from psycopg import sql

import activities.audit
import activities.award_audit
import activities.batch_audit
import activities.reward_audit
import activities.rule_audit
import activities.sales_audit
import cards.audit
import cards.batch_audit
import customers.audit
import gateway.audit
import memberships.audit
import points.audit
import programs.audit
import staff.audit
from common import clock
from common.audit import Finding, Invariant, Scope, query
from loyalty_site import audit_history

APPS = (
    programs.audit,
    staff.audit,
    gateway.audit,
    customers.audit,
    points.audit,
    cards.audit,
    cards.batch_audit,
    memberships.audit,
    activities.audit,
    activities.reward_audit,
    activities.award_audit,
    activities.batch_audit,
    activities.rule_audit,
    activities.sales_audit,
)
SOURCES = {source.name: source for app in APPS for source in app.SOURCES}
INVARIANTS: tuple[Invariant, ...] = (
    *(invariant for app in APPS for invariant in app.INVARIANTS),
    *audit_history.INVARIANTS,
)
# Rules of the design whose tables do not exist yet.
NOT_YET = {
    "L12": "entries are not sealed into chains of hashes yet",
}
TOUCHED = """
SELECT DISTINCT e.account_id FROM points_posting p JOIN points_entry e ON e.posting_id = p.id
WHERE p.recorded_at >= %(since)s AND (%(program)s::bigint IS NULL OR p.program_id = %(program)s)
"""


class Asked(NamedTuple):
    """An invariant with the rows that break it, and the seconds it took."""

    invariant: Invariant
    findings: list[Finding]
    seconds: float


class UnknownInvariant(ValueError):
    """An id that no invariant has."""


def chosen(only: Collection[str] = (), without: Collection[str] = ()) -> list[Invariant]:
    """The invariants with these ids (default: all) but for those `without`."""
    known = {invariant.id for invariant in INVARIANTS}
    unknown = sorted({*only, *without} - known)
    if unknown:
        raise UnknownInvariant(f"No invariant is called {', '.join(unknown)}.")
    return [one for one in INVARIANTS if (not only or one.id in only) and one.id not in without]


def scope_of(*, program_id: int | None = None, recent: timedelta | None = None) -> Scope:
    """All data, one program, or the accounts with a posting recorded in the last `recent`."""
    now = clock.now()
    if recent is None:
        return Scope(now, program_id)
    wide = Scope(now, program_id, now - recent)
    return Scope(now, program_id, now - recent, [row[0] for row in query(TOUCHED, wide)])


def run(
    invariants: Collection[Invariant], *, program_id: int | None = None, recent: timedelta | None = None, jobs: int = 1
) -> Iterator[Asked]:
    """Ask the invariants, all of one snapshot, on so many connections; those that can't be limited so are left out.

    Inside a caller's transaction its own rules hold, and nobody else sees its rows: then on its connection alone.
    """
    with transaction.atomic():
        own = len(connection.savepoint_ids) == 0
        if own:
            _one_snapshot()
        scope = scope_of(program_id=program_id, recent=recent)
        asked = [one for one in invariants if one.fits(scope, SOURCES)]
        if own and jobs > 1:
            yield from _side_by_side(asked, scope, jobs)
        else:
            yield from (_ask(one, scope) for one in asked)


def _ask(invariant: Invariant, scope: Scope) -> Asked:
    began = time.monotonic()
    found = [Finding(invariant, str(row), detail) for row, detail in invariant.broken(scope, SOURCES)]
    return Asked(invariant, found, time.monotonic() - began)


def _side_by_side(invariants: Sequence[Invariant], scope: Scope, jobs: int) -> Iterator[Asked]:
    """What is worked out here, which keeps a processor of ours busy, comes first; the others wait for the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
    waiting: SimpleQueue[Invariant] = SimpleQueue()
    for invariant in sorted(invariants, key=lambda one: one.find is None):
        waiting.put(invariant)

    def work(answers: SimpleQueue[Asked | None]) -> None:
        try:
            with transaction.atomic():
                _one_snapshot(snapshot)
                with suppress(Empty):
                    while True:
                        answers.put(_ask(waiting.get_nowait(), scope))
        finally:
            connection.close()
            answers.put(None)

    answers: SimpleQueue[Asked | None] = SimpleQueue()
    with ThreadPoolExecutor(jobs) as pool:
        workers = [pool.submit(work, answers) for _ in range(jobs)]
        for _ in workers:
            yield from iter(answers.get, None)
        for worker in workers:
            worker.result()


def _one_snapshot(snapshot: str = "") -> None:
    """Other sessions go on working; `snapshot` is that of another connection, as it exported it."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if snapshot:
            cursor.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
        # Whole tables are sorted and joined; compiling a query takes longer than most of them.
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute("SET LOCAL jit = off")


def audit(
    *,
    only: Collection[str] = (),
    without: Collection[str] = (),
    program_id: int | None = None,
    recent: timedelta | None = None,
) -> list[Finding]:
    """Every row that breaks an invariant; empty on sound data."""
    asked = run(chosen(only, without), program_id=program_id, recent=recent)
    return [finding for one in asked for finding in one.findings]
