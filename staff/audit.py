"""Staff keep rights and a log: what can go wrong there the database refuses, and history shows the rest."""

from common.audit import Invariant, Source

SOURCES: tuple[Source, ...] = ()
INVARIANTS: tuple[Invariant, ...] = ()
