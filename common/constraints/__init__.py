"""Constraints Django does not have: composite foreign keys, append-only tables, checks by trigger.

All are found by `makemigrations`. Their DDL waits in `schema_editor.deferred_sql`, one statement an entry,
and its text is made only when it runs, so that tables made later in the same migration can be named.
A table that is renamed needs its triggers removed and added again: their bodies name it.
"""

from .keys import CompositeForeignKey
from .triggers import AppendOnly, ConstraintTrigger

__all__ = ["AppendOnly", "CompositeForeignKey", "ConstraintTrigger"]
