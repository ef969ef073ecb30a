"""Tables without their indexes, foreign keys and constraint triggers while much is written to them.

Everything comes back as it was, within the same transaction: an index is built at once instead of row by row, and a
foreign key or unique constraint is proved by being made again. Primary keys stay.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

CONSTRAINTS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE (contype = 'f' AND (conrelid = ANY(%(tables)s::regclass[]) OR confrelid = ANY(%(tables)s::regclass[])))
    OR (contype IN ('u', 'x') AND conrelid = ANY(%(tables)s::regclass[]))
ORDER BY contype <> 'f', conrelid::regclass::text, conname
"""
INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = ANY(%(tables)s::regclass[])
    AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY 1
"""
TRIGGERS = """
SELECT tgrelid::regclass::text, quote_ident(tgname), tgenabled FROM pg_trigger
WHERE tgrelid = ANY(%(tables)s::regclass[]) AND NOT tgisinternal AND tgconstraint <> 0 AND tgenabled <> 'D'
ORDER BY 1, 2
"""
# How ALTER TABLE names what pg_trigger.tgenabled says.
ENABLED = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}


@contextmanager
def bare(tables: Sequence[str], *, progress: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Only inside a transaction: an error inside leaves the tables as they were by its rollback.

    `progress` hears of every piece that was made again.
    """
    constraints, indexes, triggers = (_rows(query, tables) for query in (CONSTRAINTS, INDEXES, TRIGGERS))
    # A table with checks still waiting for the commit cannot be altered.
    _run("SET CONSTRAINTS ALL IMMEDIATE")
    _run("SET CONSTRAINTS ALL DEFERRED")
    for table, name, _ in triggers:
        _run(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    for table, name, _ in constraints:
        _run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        _run(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        _run(definition)
        progress()
    for table, name, definition in reversed(constraints):
        _run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        progress()
    for table, name, enabled in triggers:
        _run(f"ALTER TABLE {table} {ENABLED[enabled]} TRIGGER {name}")


def pieces(tables: Sequence[str]) -> int:
    """How much will be made again."""
    return len(_rows(CONSTRAINTS, tables)) + len(_rows(INDEXES, tables))


def _rows(query: str, tables: Sequence[str]) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"tables": list(tables)})
        return list(cursor.fetchall())


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
