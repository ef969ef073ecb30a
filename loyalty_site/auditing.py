"""Every invariant of every app, asked of the data: what `integrity_audit` runs and tests assert."""

from collections.abc import Collection, Iterator
from datetime import timedelta

from django.db import connection, transaction

import activities.audit
import cards.audit
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
    memberships.audit,
    activities.audit,
)
SOURCES = {source.name: source for app in APPS for source in app.SOURCES}
INVARIANTS: tuple[Invariant, ...] = (
    *(invariant for app in APPS for invariant in app.INVARIANTS),
    *audit_history.INVARIANTS,
)
# Rules of the design whose tables do not exist yet.
NOT_YET = {
    "L12": "entries are not sealed into chains of hashes yet",
    "G01": "agreements of organizations have no table yet",
    "G02": "agreements of organizations have no table yet",
    "G03": "agreements of organizations have no table yet",
    "G04": "agreements of organizations have no table yet",
}
TOUCHED = """
SELECT DISTINCT e.account_id FROM points_posting p JOIN points_entry e ON e.posting_id = p.id
WHERE p.recorded_at >= %(since)s AND (%(program)s::bigint IS NULL OR p.program_id = %(program)s)
"""


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
    invariants: Collection[Invariant], *, program_id: int | None = None, recent: timedelta | None = None
) -> Iterator[tuple[Invariant, list[Finding]]]:
    """Ask the invariants one by one, all of one snapshot; those that can't be limited so are left out."""
    with transaction.atomic():
        _one_snapshot()
        scope = scope_of(program_id=program_id, recent=recent)
        for invariant in invariants:
            if invariant.fits(scope, SOURCES):
                rows = invariant.broken(scope, SOURCES)
                yield invariant, [Finding(invariant, str(row), detail) for row, detail in rows]


def _one_snapshot() -> None:
    """Other sessions go on working; inside a caller's transaction its own rules hold."""
    if len(connection.savepoint_ids) == 0:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
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
    return [finding for _, findings in asked for finding in findings]
