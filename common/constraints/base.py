"""How the DDL of these constraints waits until the end of a migration."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table

MAX_NAME = 50


class _Ddl(Statement):
    """A deferred statement whose text is made when it is executed."""

    def __init__(self, table: Table, render: Callable[[], str], *, last: bool = False) -> None:
        super().__init__("%(table)s", table=table)
        self.render = render
        self.last = last

    def __str__(self) -> str:
        return self.render()


class _Deferred(list[Any]):
    """Deferred statements; foreign keys come last, after the unique constraints they rest on."""

    def append(self, statement: Any) -> None:
        # CreateModel appends what create_sql() returns, and ours have appended themselves.
        if statement is not None:
            super().append(statement)

    def __iter__(self) -> Iterator[Any]:
        statements = list(super().__iter__())
        yield from sorted(statements, key=lambda statement: getattr(statement, "last", False))


def defer(
    schema_editor: BaseDatabaseSchemaEditor,
    model: type[models.Model],
    render: Callable[[], str],
    *,
    last: bool = False,
) -> None:
    if not isinstance(schema_editor.deferred_sql, _Deferred):
        schema_editor.deferred_sql = _Deferred(schema_editor.deferred_sql)
    table = Table(model._meta.db_table, schema_editor.quote_name)
    schema_editor.deferred_sql.append(_Ddl(table, render, last=last))


def columns_of(model: Any, fields: Iterable[str]) -> list[str]:
    return [model._meta.get_field(field).column for field in fields]


def fresh(model: type[models.Model]) -> type[models.Model]:
    """The model as the migration knows it at the end, with the fields added since."""
    return model._meta.apps.get_model(model._meta.label)


class DeferredConstraint(models.BaseConstraint):
    """What the constraints of this module share."""

    def __init__(self, *, name: str, **options: Any) -> None:
        if len(name) > MAX_NAME:
            raise ValueError(f"Constraint name {name!r} is longer than {MAX_NAME} characters.")
        super().__init__(name=name, **options)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        # Migrations name the package, so that a class may move between its modules.
        return re.sub(r"^common\.constraints\.\w+\.", "common.constraints.", path), args, kwargs

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DeferredConstraint):
            return bool(self.deconstruct() == other.deconstruct())
        return NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: name={self.name!r}>"

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        self.create_sql(model, schema_editor)

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        raise NotImplementedError

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: Any = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Only the database can check these."""
