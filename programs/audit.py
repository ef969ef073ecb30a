"""How audits name the tables of programs."""

from common.audit import Invariant, Source

SOURCES = (Source("program", "programs_program", program="id = %(program)s"),)
INVARIANTS: tuple[Invariant, ...] = ()
