"""Whether a request changed a row of any table: the database is asked which it touched, and those are compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

# Where a request may always leave a trace: the session, and what counts requests.
BESIDE = {"django_session", "gateway_throttle", "gateway_eventnumber", "gateway_eventhorizon"}
TOUCHED = """
SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
WHERE n_tup_ins + n_tup_upd + n_tup_del > 0
"""


class Trial:
    """`changed`: tables whose content is another than before; known when the trial is over."""

    def __init__(self) -> None:
        self.changed: list[str] = []


@contextmanager
def undone() -> Iterator[Trial]:
    """Whatever happens inside is undone, and told by the names of the tables."""
    trial = Trial()
    before = _touched()
    after: dict[str, Any] = {}
    with transaction.atomic():
        yield trial
        for table, count in _touched().items():
            if count != before.get(table, 0) and table not in BESIDE:
                after[table] = _content(table)
        transaction.set_rollback(True)
    trial.changed = [table for table, content in after.items() if _content(table) != content]


def _touched() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(TOUCHED)
        return dict(cursor.fetchall())


def _content(table: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*), coalesce(sum(hashtextextended(row::text, 0)), 0) FROM "{table}" row')
        return cursor.fetchone()
