"""Invariants of the history of every audited model, and of what erasure leaves."""

from collections.abc import Iterable, Iterator

from django.apps import apps
from django.db import connection

from common.audit import Invariant, Row, Scope, query
from common.history import AuditedModel


def audited_models() -> list[type[AuditedModel]]:
    return [model for model in apps.get_models() if issubclass(model, AuditedModel) and not model._meta.proxy]


def _quoted(name: str | None) -> str:
    return connection.ops.quote_name(name or "")


def _table(model: type) -> str:
    return _quoted(model._meta.db_table)  # type: ignore[attr-defined]


def _columns(model: type[AuditedModel], prefix: str) -> str:
    fields = model.history.model.tracked_fields
    return ", ".join(f"{prefix}.{_quoted(field.column)}" for field in fields)


def _newest(model: type[AuditedModel]) -> str:
    key = _quoted(model._meta.pk.column)
    return (
        f"(SELECT DISTINCT ON (h.{key}) h.*, h.{key} AS row_key FROM {_table(model.history.model)} h "  # noqa: S608
        f"ORDER BY h.{key}, h.history_id DESC)"
    )


def _findings(statements: Iterable[str], scope: Scope) -> Iterator[Row]:
    for statement in statements:
        yield from query(statement, scope)


def differing(scope: Scope) -> Iterator[Row]:
    """Live rows that their newest history row does not equal."""
    return _findings(
        (
            f"SELECT m.{_quoted(model._meta.pk.column)}::text, '{model._meta.label} ' || "  # noqa: S608
            f"CASE WHEN h.history_id IS NULL THEN 'without history' ELSE 'unlike history ' || h.history_id END "
            f"FROM {_table(model)} m LEFT JOIN {_newest(model)} h "
            f"ON h.row_key = m.{_quoted(model._meta.pk.column)} "
            f"WHERE h.history_id IS NULL OR h.history_type = '-' "
            f"OR ROW({_columns(model, 'h')}) IS DISTINCT FROM ROW({_columns(model, 'm')})"
            for model in audited_models()
        ),
        scope,
    )


def deleted_unrecorded(scope: Scope) -> Iterator[Row]:
    """History of rows that are gone without a record of their deletion."""
    return _findings(
        (
            f"SELECT h.row_key::text, '{model._meta.label} is gone since history ' || h.history_id "  # noqa: S608
            f"FROM {_newest(model)} h WHERE h.history_type <> '-' AND NOT EXISTS (SELECT 1 FROM {_table(model)} m "
            f"WHERE m.{_quoted(model._meta.pk.column)} = h.row_key)"
            for model in audited_models()
        ),
        scope,
    )


def _left(model: type[AuditedModel], erased: str) -> Iterator[str]:
    """Personal values of erased customers, in the rows of a model and in its history."""
    key = _quoted(model._meta.pk.column)
    columns = [_quoted(getattr(model._meta.get_field(name), "column", None)) for name in model.PERSONAL]
    filled = " OR ".join(f"coalesce(m.{column}::text, '') <> ''" for column in columns)
    for table, where in ((_table(model), "the row"), (_table(model.history.model), "its history")):
        yield (
            f"SELECT DISTINCT m.{key}::text, '{model._meta.label}: a personal value in {where}' FROM {table} m "  # noqa: S608
            f"JOIN customers_customer c ON c.id = m.{erased} WHERE c.erased_at IS NOT NULL AND ({filled})"
        )


def personal_left(scope: Scope) -> Iterator[Row]:
    """What erasure should have emptied: audited rows, their history, answers kept for repeated calls."""
    statements = [
        """
        SELECT i.id::text, 'kept answer about customer ' || c.id FROM gateway_idempotencyrecord i
        JOIN customers_customer c ON c.erased_at IS NOT NULL AND i.customers @> ARRAY[c.id]
        WHERE NOT i.erased OR octet_length(i.body) > 0
    """
    ]
    for model in audited_models():
        names = {field.name for field in model._meta.local_fields}
        if model._meta.label == "customers.Customer":
            statements += _left(model, "id")
        elif model.PERSONAL and "customer" in names:
            statements += _left(model, "customer_id")
    return _findings(statements, scope)


INVARIANTS = (
    Invariant(
        "H01",
        "history",
        "the newest history row equals the live row",
        "Something changed the row past its verbs: find out what, then save the row through its verb.",
        find=differing,
    ),
    Invariant(
        "H02",
        "history",
        "a deleted row left a record of its deletion",
        "Find out who deleted it past its verbs; restore the row from the last backup if it is missed.",
        find=deleted_unrecorded,
    ),
    Invariant(
        "H03",
        "privacy",
        "nothing personal is left of an erased customer",
        "Erase the customer again.",
        find=personal_left,
    ),
)
