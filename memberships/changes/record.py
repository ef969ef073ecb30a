"""What carrying out a change did to rows, kept so that it can be undone: values before, and rows that were made."""

from typing import Any

from django.apps import apps
from django.db import models

from common.errors import Conflict


# Rows whose `version` counts what was done to them; elsewhere it is the version of something.
class ChangedSince(Conflict):
    code = "changed_since"
    title = "A row was changed since, so the change can't be undone"


class Record:
    """`altered` holds [model, id, {field: value before}, {field: value after}] in order, `made` [model, id]."""

    def __init__(self) -> None:
        self.altered: list[list[Any]] = []
        self.made_rows: list[list[Any]] = []
        self.notes: dict[str, Any] = {}

    def alter(self, row: models.Model, **values: Any) -> None:
        """Set the fields and save, with history where the model is audited; nothing where they are so already."""
        changed = {name: value for name, value in values.items() if getattr(row, _attname(row, name)) != _raw(value)}
        if not changed:
            return
        before = {name: _text(row, name) for name in changed}
        for name, value in changed.items():
            setattr(row, name, value)
        fields = [*changed]
        if _counts_changes(row):
            row.version += 1  # type: ignore[attr-defined]
            fields.append("version")
        row.save(update_fields=fields)
        after = {name: _text(row, name) for name in changed}
        self.altered.append([row._meta.label, row.pk, before, after])

    def made(self, row: models.Model) -> None:
        self.made_rows.append([row._meta.label, row.pk])

    def note(self, **facts: Any) -> None:
        """Figures and ids for receipts; JSON values only."""
        self.notes |= facts

    def as_outcome(self) -> dict[str, Any]:
        return {"altered": self.altered, "made": self.made_rows, "notes": self.notes}


def altered_rows(outcome: dict[str, Any], label: str) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
    """(id, before, after) of the rows of that model, in the order they were altered; values as the fields read them."""
    model = apps.get_model(label)
    return [
        (pk, _values(model, before), _values(model, after))
        for name, pk, before, after in outcome.get("altered", ())
        if name == model._meta.label
    ]


def altered_in_order(outcome: dict[str, Any]) -> list[tuple[str, int, dict[str, Any], dict[str, Any]]]:
    """(model, id, before, after) of all rows; values as the fields read them."""
    found = []
    for label, pk, before, after in outcome.get("altered", ()):
        model = apps.get_model(label)
        found.append((label, pk, _values(model, before), _values(model, after)))
    return found


def made_ids(outcome: dict[str, Any], label: str) -> list[int]:
    wanted = apps.get_model(label)._meta.label
    return [pk for name, pk in outcome.get("made", ()) if name == wanted]


def _counts_changes(row: models.Model) -> bool:
    """Whether its `version` is its own count; one that was given to it cites another row's."""
    field = next((one for one in row._meta.concrete_fields if one.name == "version"), None)
    return field is not None and not field.editable


def _attname(row: models.Model, name: str) -> str:
    field: Any = row._meta.get_field(name)
    return str(field.attname)


def _raw(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value


def _text(row: models.Model, name: str) -> Any:
    field: Any = row._meta.get_field(name)
    value = getattr(row, field.attname)
    return value if value is None or isinstance(value, bool | int | str) else field.value_to_string(row)


def _values(model: type[models.Model], texts: dict[str, Any]) -> dict[str, Any]:
    """By attribute name (`pool_id`), ready to be set."""
    values = {}
    for name, text in texts.items():
        field: Any = model._meta.get_field(name)
        values[field.attname] = None if text is None else field.to_python(text)
    return values
