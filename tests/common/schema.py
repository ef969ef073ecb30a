"""Throw-away models for tests of base classes: real tables, made as a migration would make them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models


@contextmanager
def tables(*made: type[models.Model]) -> Iterator[None]:
    """The tables of these models, and of their history, inside the block."""
    everything: list[Any] = []
    for model in made:
        everything.append(model)
        if hasattr(model, "history"):
            everything.append(model.history.model)
    with connection.schema_editor() as editor:
        for model in everything:
            editor.create_model(model)
    try:
        yield
    finally:
        # A table with a check still to come can't be dropped.
        connection.check_constraints()
        with connection.schema_editor() as editor:
            for model in everything:
                for constraint in model._meta.constraints:
                    editor.remove_constraint(model, constraint)
            for model in reversed(everything):
                editor.delete_model(model)
