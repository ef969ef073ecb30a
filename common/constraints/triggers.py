"""Constraints kept by a trigger."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from .base import DeferredConstraint, columns_of, defer, fresh


class _TriggerConstraint(DeferredConstraint):
    """A trigger and its function, both named like the constraint; it fires in every replication role."""

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        def table() -> str:
            return _qualified(schema_editor, fresh(model)._meta.db_table)

        def function() -> str:
            body = self.body_sql(fresh(model), schema_editor)
            if "$body$" in body:
                raise ValueError(f"{self.name}: the body must not contain $body$.")
            return (
                f"CREATE OR REPLACE FUNCTION {_qualified(schema_editor, self.name)}() RETURNS trigger "
                f"LANGUAGE plpgsql AS $body$\n{body}\n$body$"
            )

        def trigger() -> str:
            return self.trigger_sql(fresh(model), table(), _qualified(schema_editor, self.name))

        def always() -> str:
            return f"ALTER TABLE {table()} ENABLE ALWAYS TRIGGER {schema_editor.quote_name(self.name)}"

        for render in (function, trigger, always):
            defer(schema_editor, model, render)

    def body_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        raise NotImplementedError

    def trigger_sql(self, model: type[models.Model], table: str, function: str) -> str:
        raise NotImplementedError

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        return f"DROP FUNCTION {_qualified(schema_editor, self.name)}() CASCADE"


def _qualified(schema_editor: BaseDatabaseSchemaEditor, name: str) -> str:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
    return f"{schema_editor.quote_name(schema)}.{schema_editor.quote_name(name)}"


class AppendOnly(_TriggerConstraint):
    """Refuses UPDATE and DELETE, but for an UPDATE that only empties the columns of `allow_emptying`."""

    def __init__(self, *, name: str, allow_emptying: Iterable[str] = (), **options: Any) -> None:
        super().__init__(name=name, **options)
        self.allow_emptying = tuple(allow_emptying)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        if self.allow_emptying:
            kwargs["allow_emptying"] = self.allow_emptying
        return path, args, kwargs

    def body_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        emptying = self._emptying_sql(model, schema_editor) if self.allow_emptying else ""
        return (
            f"DECLARE kept record;\nBEGIN\n{emptying}"
            "  RAISE EXCEPTION USING ERRCODE = 'restrict_violation',\n"
            "    MESSAGE = format('%s is append-only', TG_TABLE_NAME), CONSTRAINT = TG_NAME,\n"
            "    TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;\nEND"
        )

    def _emptying_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor) -> str:
        quote = schema_editor.quote_name
        emptied = [model._meta.get_field(name) for name in self.allow_emptying]
        # A generated column is not known yet in a BEFORE trigger, and follows from the others anyway.
        ignored = [field for field in model._meta.local_fields if getattr(field, "generated", False)]
        same = "".join(f"    kept.{quote(field.column)} := NEW.{quote(field.column)};\n" for field in emptied + ignored)
        return (
            f"  IF TG_OP = 'UPDATE' THEN\n    kept := OLD;\n{same}"
            f"    IF kept *= NEW AND {' AND '.join(_emptied_sql(field, quote) for field in emptied)} THEN\n"
            "      RETURN NEW;\n    END IF;\n  END IF;\n"
        )

    def trigger_sql(self, model: type[models.Model], table: str, function: str) -> str:
        return (
            f'CREATE TRIGGER "{self.name}" BEFORE UPDATE OR DELETE ON {table} '
            f"FOR EACH ROW EXECUTE FUNCTION {function}()"
        )


def _emptied_sql(field: Any, quote: Callable[[str], str]) -> str:
    column = quote(field.column)
    empty = "('{}', '[]', '\"\"')" if isinstance(field, models.JSONField) else "('')"
    return f"(NEW.{column} IS NULL OR NEW.{column}::text IN {empty} OR NEW.{column} IS NOT DISTINCT FROM OLD.{column})"


class ConstraintTrigger(_TriggerConstraint):
    """Runs plpgsql statements per row, at commit unless `deferrable` is false.

    In `body` the placeholder `{table}` is the own table, `{table:app.Model}` another one, both with their
    schema, and `{name}` the constraint. A body refuses by
    RAISE EXCEPTION '...' USING ERRCODE = 'restrict_violation', CONSTRAINT = '{name}'.
    `when` is SQL over NEW and OLD, asked when the row is written.
    """

    def __init__(
        self,
        *,
        name: str,
        body: str,
        events: Iterable[str] = ("INSERT", "UPDATE"),
        update_of: Iterable[str] = (),
        deferrable: bool = True,
        when: str = "",
        **options: Any,
    ) -> None:
        super().__init__(name=name, **options)
        self.body = body
        self.events = tuple(events)
        self.update_of = tuple(update_of)
        self.deferrable = deferrable
        self.when = when
        if not self.events or not set(self.events) <= {"INSERT", "UPDATE", "DELETE"}:
            raise ValueError(f"{name}: events are INSERT, UPDATE and DELETE.")

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        kwargs |= {"body": self.body, "events": self.events, "deferrable": self.deferrable}
        if self.update_of:
            kwargs["update_of"] = self.update_of
        if self.when:
            kwargs["when"] = self.when
        return path, args, kwargs

    def body_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        def placed(match: re.Match[str]) -> str:
            label = match["label"]
            named = model._meta.apps.get_model(label) if label else model
            return _qualified(schema_editor, named._meta.db_table)

        body = re.sub(r"\{table(?::(?P<label>\w+\.\w+))?\}", placed, self.body.strip().removesuffix(";"))
        return f"BEGIN\n{body.replace('{name}', self.name)};\nRETURN NULL;\nEND"

    def trigger_sql(self, model: type[models.Model], table: str, function: str) -> str:
        columns = ", ".join(f'"{column}"' for column in columns_of(model, self.update_of))
        events = [f"UPDATE OF {columns}" if columns and event == "UPDATE" else event for event in self.events]
        timing = "DEFERRABLE INITIALLY DEFERRED " if self.deferrable else ""
        when = f"WHEN ({self.when}) " if self.when else ""
        return (
            f'CREATE CONSTRAINT TRIGGER "{self.name}" AFTER {" OR ".join(events)} ON {table} {timing}'
            f"FOR EACH ROW {when}EXECUTE FUNCTION {function}()"
        )
