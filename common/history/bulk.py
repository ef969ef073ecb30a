"""Changes of many audited rows at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeVar

from django.db import connection, models, transaction

from common.db import lock_rows

from .models import AuditedModel
from .records import differs
from .sql import recording

A = TypeVar("A", bound=AuditedModel)
# PostgreSQL takes 65,535 parameters a statement.
BATCH = 5_000


def create_with_history(instances: Iterable[A]) -> list[A]:
    """Insert the instances and their history rows; returns them with their ids."""
    rows = list(instances)
    if not rows:
        return []
    with transaction.atomic(savepoint=False):
        _rows_of(rows[0]).bulk_create(rows, batch_size=BATCH)
        _record(rows, "+")
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


def _record(rows: Sequence[A], kind: Literal["+", "~"]) -> None:
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
