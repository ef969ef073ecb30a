"""Empty texts a program need not keep any longer (domain 1.2, retention): what happened stays, who wrote what goes.

Amounts, times, ids and the ledger are kept: liability and statements need them. What waits to be done keeps its texts.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from programs.expiry import add_months, start_of_day
from programs.models import Program
from programs.runs import recorded

KIND = "apply_retention"
# Rows of a transaction: a table of millions is emptied in many short ones.
CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Texts:
    """Columns of a table that hold words, dated by `at`; `done` says which rows wait for nothing."""

    name: str
    table: str
    at: str
    columns: tuple[str, ...]
    nullable: bool = False
    done: str = "true"

    @property
    def empty(self) -> str:
        return "NULL" if self.nullable else "''"

    @property
    def due(self) -> str:
        filled = " OR ".join(f"{column} IS DISTINCT FROM {self.empty}" for column in self.columns)
        return f"program_id = %(program)s AND {self.at} < %(before)s AND {self.done} AND ({filled})"

    def count(self) -> str:
        return f"SELECT count(*) FROM {self.table} WHERE {self.due}"  # noqa: S608 - our own names only

    def update(self) -> str:
        emptied = ", ".join(f"{column} = {self.empty}" for column in self.columns)
        some = f"SELECT id FROM {self.table} WHERE {self.due} ORDER BY id LIMIT {CHUNK}"  # noqa: S608 - as above
        return f"UPDATE {self.table} SET {emptied} WHERE id IN ({some})"  # noqa: S608 - as above


PROCESSED = "status NOT IN ('received', 'failed')"
TEXTS = (
    Texts("activities", "activities_memberactivity", "occurred_at", ("reference", "location", "note"), done=PROCESSED),
    Texts("attributes", "activities_memberactivity", "occurred_at", ("attributes",), nullable=True, done=PROCESSED),
    Texts("transactions", "activities_transaction", "occurred_at", ("location",)),
    Texts("adjustments", "points_adjustment", "requested_at", ("note", "decision_note"), done="status <> 'waiting'"),
    Texts("orders", "activities_rewardorder", "ordered_at", ("note",), done="status <> 'ordered'"),
    Texts("claims", "activities_claim", "received_at", ("note",), done="status <> 'open'"),
    Texts(
        "messages",
        "customers_message",
        "created_at",
        ("address", "subject", "body"),
        nullable=True,
        done="status <> 'waiting'",
    ),
)


def apply_retention(
    program: Program,
    *,
    actor: Actor,
    dry_run: bool = False,
    progress: Callable[[int], object] = lambda rows: None,
) -> Counter[str]:
    """Rows emptied, by what they are; with `dry_run` those that would be. Twice changes nothing, and a run that was cut
    off goes on where it stopped."""
    with recorded(program, KIND, actor=actor, dry_run=dry_run) as counts:
        for texts in TEXTS:
            given = {"program": program.pk, "before": kept_since(program)}
            counts[texts.name] = _count(texts, given) if dry_run else _empty(program, texts, given, progress)
        return counts


def kept_since(program: Program) -> datetime:
    """Midnight, in the program's zone, of the day so many months ago."""
    today = program_now(program).astimezone(program.zone).date()
    return start_of_day(add_months(today, -program.retention_months), program.zone)


def _count(texts: Texts, given: dict[str, object]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(texts.count(), given)  # type: ignore[arg-type]
        return int(cursor.fetchone()[0])


def _empty(program: Program, texts: Texts, given: dict[str, object], progress: Callable[[int], object]) -> int:
    emptied = 0
    while True:
        with in_program(program), connection.cursor() as cursor:
            cursor.execute(texts.update(), given)  # type: ignore[arg-type]
            rows: int = cursor.rowcount
        emptied += rows
        progress(rows)
        if rows < CHUNK:
            return emptied
