"""History by statements of the server: the rows it copies never pass through Python again."""

from datetime import datetime
from functools import cache
from typing import Any, Literal

from django.db import connection, models

from common import clock

from .context import current_channel, current_origin

REASON = "history_change_reason"
# What the library and this package add to the columns of the row. Typed, for a server that binds parameters can't see
# the column behind a SELECT.
ORIGIN = {
    "history_date": "timestamptz",
    "history_type": "varchar",
    "history_user_id": "bigint",
    "history_channel": "text",
    REASON: "text",
}
Kind = Literal["+", "~", "-"]


def recording(model: type[models.Model], *, rows: str, kind: Kind) -> tuple[str, list[Any]]:
    """`INSERT ... SELECT` of a history row for each of `rows`, and its parameters.

    `rows` names a relation of the statement that has the table's columns as they now are, such as a CTE that
    returns them. Every row of it must really be new or changed.
    """
    origin = current_origin()
    return _copying(model, rows), [clock.now(), kind, origin.user_id, current_channel(), origin.reason or None]


def record_stored(
    row: models.Model, kind: Kind, *, at: datetime | None, user_id: int | None, reason: str | None
) -> None:
    """A history row of what the table holds of it now; of a change only if it differs from the last one. `at` None:
    now."""
    given = [at or clock.now(), kind, user_id, current_channel(), reason, row.pk]
    with connection.cursor() as cursor:
        cursor.execute(_recording_one(type(row), kind), given)


@cache
def _copying(model: type[models.Model], rows: str) -> str:
    columns = _tracked(model)
    names = ", ".join([*columns, *ORIGIN])
    values = ", ".join([*(f"r.{column}" for column in columns), *(f"%s::{one}" for one in ORIGIN.values())])
    return f"INSERT INTO {_history(model)} ({names}) SELECT {values} FROM {rows} r"


@cache
def _recording_one(model: type[models.Model], kind: Kind) -> str:
    quote = connection.ops.quote_name
    pk = quote(str(model._meta.pk.column))
    copied = f"{_copying(model, quote(model._meta.db_table))} WHERE r.{pk} = %s"
    if kind == "+":
        return copied
    known, now = (", ".join(f"{one}.{column}" for column in _tracked(model)) for one in "lr")
    last = f"SELECT * FROM {_history(model)} h WHERE h.{pk} = r.{pk} ORDER BY h.history_id DESC LIMIT 1"
    return f"{copied} AND NOT EXISTS (SELECT FROM ({last}) l WHERE ROW({known}) IS NOT DISTINCT FROM ROW({now}))"


def _tracked(model: Any) -> list[str]:
    return [connection.ops.quote_name(field.column) for field in model.history.model.tracked_fields]


def _history(model: Any) -> str:
    return connection.ops.quote_name(model.history.model._meta.db_table)
