"""Foreign keys over several columns."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models

from .base import DeferredConstraint, columns_of, defer, fresh


class CompositeForeignKey(DeferredConstraint):
    """A foreign key over several columns. The target declares a UniqueConstraint over `to_fields`."""

    def __init__(
        self,
        *,
        name: str,
        fields: Iterable[str],
        to: str,
        to_fields: Iterable[str],
        on_update: str = "NO ACTION",
        on_delete: str = "NO ACTION",
        deferrable: models.Deferrable | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name=name, **options)
        self.fields = tuple(fields)
        self.to = to
        self.to_fields = tuple(to_fields)
        self.on_update = on_update
        self.on_delete = on_delete
        self.deferrable = deferrable
        self._check_arguments()

    def _check_arguments(self) -> None:
        if not self.fields or len(self.fields) != len(self.to_fields):
            raise ValueError(f"{self.name}: fields and to_fields must pair up.")
        if self.on_update not in ("NO ACTION", "CASCADE"):
            raise ValueError(f"{self.name}: on_update {self.on_update!r} is unknown.")
        if self.on_delete not in ("NO ACTION", "RESTRICT", "CASCADE"):
            raise ValueError(f"{self.name}: on_delete {self.on_delete!r} is unknown.")

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        kwargs |= {"fields": self.fields, "to": self.to, "to_fields": self.to_fields}
        if self.on_update != "NO ACTION":
            kwargs["on_update"] = self.on_update
        if self.on_delete != "NO ACTION":
            kwargs["on_delete"] = self.on_delete
        if self.deferrable is not None:
            kwargs["deferrable"] = self.deferrable
        return path, args, kwargs

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        def render() -> str:
            quote = schema_editor.quote_name
            source, target = fresh(model), model._meta.apps.get_model(self.to)
            columns = ", ".join(map(quote, columns_of(source, self.fields)))
            to_columns = ", ".join(map(quote, columns_of(target, self.to_fields)))
            return (
                f"ALTER TABLE {quote(source._meta.db_table)} ADD CONSTRAINT {quote(self.name)} "
                f"FOREIGN KEY ({columns}) REFERENCES {quote(target._meta.db_table)} ({to_columns}) "
                f"ON UPDATE {self.on_update} ON DELETE {self.on_delete}{self._deferrable_sql()}"
            )

        defer(schema_editor, model, render, last=True)

    def _deferrable_sql(self) -> str:
        if self.deferrable is None:
            return ""
        return f" DEFERRABLE INITIALLY {self.deferrable.name}"

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT {quote(self.name)}"
