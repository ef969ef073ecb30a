"""History by the statement that makes or changes the rows: for so many that they never pass through Python."""

from typing import Any, Literal

from django.db import connection

from common import clock

from .context import current_channel, current_origin
from .models import AuditedModel
from .records import REASON


def recording(model: type[AuditedModel], *, rows: str, kind: Literal["+", "~"]) -> tuple[str, list[Any]]:
    """`INSERT ... SELECT` of a history row for each of `rows`, and its parameters.

    `rows` names a relation of the statement that has the table's columns as they now are, such as a CTE that
    returns them. Every row of it must really be new or changed.
    """
    quote = connection.ops.quote_name
    columns = [quote(field.column) for field in model.history.model.tracked_fields]
    origin = current_origin()
    given = {
        "history_date": clock.now(),
        "history_type": kind,
        "history_user_id": origin.user_id,
        "history_channel": current_channel(),
        REASON: origin.reason or None,
    }
    names = ", ".join([*columns, *given])
    # Typed, for a server that binds parameters can't see the column behind a SELECT.
    types = ("timestamptz", "varchar", "bigint", "text", "text")
    values = ", ".join([*(f"r.{column}" for column in columns), *(f"%s::{one}" for one in types)])
    table = quote(model.history.model._meta.db_table)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {rows} r", list(given.values())
