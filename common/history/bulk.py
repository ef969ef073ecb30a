"""Changes of many audited rows at once."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models, transaction

from common.db import lock_rows

from .models import AuditedModel
from .records import differs
from .sql import Kind, recording

A = TypeVar("A", bound=AuditedModel)
# PostgreSQL takes 65,535 parameters a statement.
BATCH = 5_000


def create_with_history(instances: Iterable[A]) -> list[A]:
    """Insert the instances and their history rows; returns them with their ids."""
    rows = list(instances)
    if not rows:
        return []
    with transaction.atomic(savepoint=False):
        for batch in _batches(rows):
            _create(batch)
    return rows


def update_with_history(rows: models.QuerySet[A] | Sequence[A], **values: Any) -> int:
    """Set the same values (expressions too) on all rows, locked in order of their ids.

    Returns how many changed; only those get a history row. Instances passed in hold the new values then.
    """
    if isinstance(rows, models.QuerySet):
        given: dict[Any, A] = {}
        sources = [rows]
    else:
        given = {row.pk: row for row in rows}
        sources = [_rows_of(rows[0]).filter(pk__in=batch) for batch in _batches(sorted(given))]
    with transaction.atomic(savepoint=False):
        return sum(_update(batch, values, given) for source in sources for batch in _batches(lock_rows(source)))


def save_with_history(rows: Sequence[A], *names: str) -> None:
    """Write these fields of rows that the caller has locked, and a history row for each that differs in them."""
    if not rows:
        return
    model = type(rows[0])
    fields = [model._meta.pk, *(model._meta.get_field(name) for name in names)]
    told, given = recording(model, rows="changed", kind="~")
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        for batch in _batches(rows):
            cursor.execute(_saving(model, names).format(told=told), [*_columns(fields, batch), *given])


def delete_with_history(rows: Sequence[A]) -> None:
    """Rows that the caller has locked and nothing refers to; with a history row each."""
    if not rows:
        return
    table, pk = _table(type(rows[0]))
    told, given = recording(type(rows[0]), rows="gone", kind="-")
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH gone AS (DELETE FROM {table} WHERE {pk} = ANY(%s) RETURNING *) {told}",  # noqa: S608 - names of our own table
            [[row.pk for row in rows], *given],
        )


@cache
def _saving(model: type[AuditedModel], names: tuple[str, ...]) -> str:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    table, pk = _table(model)
    columns = [connection.ops.quote_name(str(field.column)) for field in fields]
    now, then = (", ".join(f"{one}.{column}" for column in columns) for one in "mt")
    values = ", ".join(f"{column} = t.{column}" for column in columns)
    return (
        f"WITH changed AS (UPDATE {table} m SET {values} "  # noqa: S608 - names of our own table
        f"FROM unnest({_types([model._meta.pk, *fields])}) AS t(pk, {', '.join(columns)}) "
        f"WHERE m.{pk} = t.pk AND ROW({now}) IS DISTINCT FROM ROW({then}) RETURNING m.*) {{told}}"
    )


def _columns(fields: Sequence[Any], rows: Sequence[A]) -> list[list[Any]]:
    return [[field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows] for field in fields]


def _types(fields: Iterable[Any]) -> str:
    """Of `unnest`; without the length, so that what is too long is refused instead of cut off."""
    kinds = (str(getattr(field, "rel_db_type", field.db_type)(connection)) for field in fields)
    return ", ".join(f"%s::{kind.partition('(')[0]}[]" for kind in kinds)


def _table(model: type[AuditedModel]) -> tuple[str, str]:
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), quote(str(model._meta.pk.column))


def _create(rows: Sequence[A]) -> None:
    """Rows and history by one statement: it costs a third of the library's two, and most often it is one row."""
    model = type(rows[0])
    statement, fields, returned = _creating(model, any(row.pk is not None for row in rows))
    told, given = recording(model, rows="made", kind="+")
    with connection.cursor() as cursor:
        cursor.execute(statement.format(told=told), [*_columns(fields, rows), *given])
        for row, answer in zip(rows, cursor.fetchall(), strict=True):
            for name, value in zip(returned, answer, strict=True):
                setattr(row, name, value)
            row._state.adding, row._state.db = False, connection.alias


@cache
def _creating(model: type[AuditedModel], with_pk: bool) -> tuple[str, list[Any], list[str]]:
    """The statement, the fields it takes a column of values for, and the attributes it answers."""
    quote, pk = connection.ops.quote_name, model._meta.pk
    computed = [field for field in model._meta.concrete_fields if getattr(field, "generated", False)]
    fields = [field for field in model._meta.concrete_fields if field not in computed and (with_pk or field is not pk)]
    names = ", ".join(quote(str(field.column)) for field in fields)
    statement = (
        f"WITH made AS (INSERT INTO {quote(model._meta.db_table)} ({names}) SELECT * FROM unnest({_types(fields)}) "  # noqa: S608 - names of our own table
        "RETURNING *), told AS ({told}) SELECT "
        f"{', '.join(quote(str(field.column)) for field in (pk, *computed))} FROM made"
    )
    return statement, fields, [str(field.attname) for field in (pk, *computed)]


def _update(before: Sequence[A], values: dict[str, Any], given: dict[Any, A]) -> int:
    stored = _rows_of(before[0]).filter(pk__in=[row.pk for row in before])
    stored.update(**values)
    after = {row.pk: row for row in stored.all()}
    fields = type(before[0]).history.model.tracked_fields
    changed = [after[row.pk] for row in before if differs(fields, row, after[row.pk])]
    _record(changed, "~")
    for pk in after.keys() & given.keys():
        for field in stored.model._meta.concrete_fields:
            if {field.name, field.attname} & values.keys():
                setattr(given[pk], field.attname, getattr(after[pk], field.attname))
    return len(changed)


def _rows_of(row: A) -> models.QuerySet[A]:
    """A plain queryset: the one of the model refuses bulk changes."""
    return models.QuerySet(type(row))


def _record(rows: Sequence[A], kind: Kind) -> None:
    """Copied from the table by one statement: the rows need not pass through Python again."""
    if not rows:
        return
    model, quote = type(rows[0]), connection.ops.quote_name
    table, pk = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    statement, given = recording(model, rows="stored", kind=kind)
    with connection.cursor() as cursor:
        for batch in _batches(rows):
            # Names of our own table; values travel as parameters.
            cursor.execute(
                f"WITH stored AS (SELECT * FROM {table} WHERE {pk} = ANY(%s) ORDER BY {pk}) {statement}",  # noqa: S608
                [[row.pk for row in batch], *given],
            )


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
