"""INSERT ... SELECT into a model's table: the columns given, and the model's own defaults for all others."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models

from common.history import AuditedModel


def insert(model: type[models.Model], given: Mapping[str, str], source: str, parameters: Mapping[str, Any]) -> int:
    """`given` maps columns to SQL over the rows of `source`; the number of rows.

    A column the model gained since has its default, so that only one without any is missed here.
    """
    columns, values = dict(given), dict(parameters)
    for field in model._meta.concrete_fields:
        column = str(field.column)
        if column not in given and not _by_database(field):
            columns[column] = f"%(default_{column})s::{field.db_type(connection)}"
            values[f"default_{column}"] = _default(field)
    if unknown := given.keys() - {field.column for field in model._meta.concrete_fields}:
        raise LookupError(f"{model._meta.label} has no columns {', '.join(sorted(unknown))}.")
    names = ", ".join(f'"{name}"' for name in columns)
    # The table and columns are the model's, the expressions constants of the caller.
    statement = f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(columns.values())} {source}"  # noqa: S608
    used = {name: value for name, value in values.items() if f"%({name})s" in statement}
    with connection.cursor() as cursor:
        cursor.execute(statement, used or None)
        return int(cursor.rowcount)


def record(model: type[AuditedModel], *, reason: str, now: Any) -> int:
    """The first history row of every row."""
    history = model.history.model
    tracked = {field.column: f"m.{field.column}" for field in history.tracked_fields}
    own = {
        "history_date": "%(now)s::timestamptz",
        "history_type": "'+'",
        "history_change_reason": "%(reason)s::text",
        "history_channel": "'system'",
    }
    key = model._meta.pk.column
    source = f"FROM {model._meta.db_table} m ORDER BY m.{key}"
    return insert(history, {**tracked, **own}, source, {"now": now, "reason": reason})


def _by_database(field: Any) -> bool:
    return field.generated or field.db_default is not models.NOT_PROVIDED or isinstance(field, models.AutoField)


def _default(field: Any) -> Any:
    return field.get_db_prep_save(field.get_default(), connection)
