"""All rows of all tables, to prove that nothing at all has changed."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'django_%' ORDER BY 1
"""


@cache
def _tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return [row[0] for row in cursor.fetchall()]


def filled(tables: Iterable[str]) -> set[str]:
    """Those that hold a row; most tests fill few, and what is asked of these alone takes a tenth of the time."""
    parts = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in sorted(tables)]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {name for (name,) in cursor.fetchall()}


def counts(models: Iterable[type[Model]]) -> dict[str, int]:
    """How many rows each of these has, by its label."""
    tables = {model._meta.label: model._meta.db_table for model in models}
    full = filled(tables.values())
    with connection.cursor() as cursor:
        return {label: _asked(cursor, "count(*)", name)[0] if name in full else 0 for label, name in tables.items()}


def all_rows() -> dict[str, tuple[int, str]]:
    """Per table the number of its rows and a digest of their texts."""
    full = filled(_tables())
    digest = "count(*), md5(string_agg(t::text, '|' ORDER BY t::text))"
    with connection.cursor() as cursor:
        return {table: _asked(cursor, digest, table) if table in full else (0, "") for table in _tables()}


def _asked(cursor: Any, what: str, table: str) -> Any:
    cursor.execute(f"SELECT {what} FROM {table} t")
    return cursor.fetchone()
