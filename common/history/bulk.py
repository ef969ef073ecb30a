"""Changes of many audited rows at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from django.db import models, transaction

from common import clock
from common.db import lock_rows

from .context import current_origin
from .models import AuditedModel
from .records import differs

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
        _record(rows, update=False)
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
    _record(changed, update=True)
    for pk in after.keys() & given.keys():
        for field in stored.model._meta.concrete_fields:
            if {field.name, field.attname} & values.keys():
                setattr(given[pk], field.attname, getattr(after[pk], field.attname))
    return len(changed)


def _rows_of(row: A) -> models.QuerySet[A]:
    """A plain queryset: the one of the model refuses bulk changes."""
    return models.QuerySet(type(row))


def _record(rows: Sequence[A], *, update: bool) -> None:
    if rows:
        type(rows[0]).history.bulk_history_create(
            rows,
            batch_size=BATCH,
            update=update,
            default_change_reason=current_origin().reason or None,
            default_date=clock.now(),
        )


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
