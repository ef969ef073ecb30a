"""Emptying personal values: in the row, then in all of its history."""

from typing import Any

from django.db import models, transaction

from .models import AuditedModel
from .sql import REASON


def erase_personal(instance: AuditedModel) -> None:
    """Empty the PERSONAL fields of the row and of every history row, typed reasons included.

    A field that may be null becomes null, a text '', JSON an empty object. Saves the instance.
    """
    empty = {name: _empty(instance._meta.get_field(name)) for name in instance.PERSONAL}
    if not empty:
        return
    with transaction.atomic(savepoint=False):
        for name, value in empty.items():
            setattr(instance, name, value)
        instance.save()
        # History rows hold the key under the name it has in the row.
        key = {instance._meta.pk.attname: instance.pk}
        type(instance).history.filter(**key).update(**empty, **{REASON: None})


def _empty(field: Any) -> Any:
    if field.null:
        return None
    return {} if isinstance(field, models.JSONField) else ""
