"""What an invariant of the data is, and how its query is limited to a program or to what was touched lately.

A query names the tables it walks by the short names of `Source`; those alone are limited. What it only looks
things up in it names in full, so that a limited query never misses a row that exists.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

Row = tuple[Any, str]


@dataclass(frozen=True, slots=True)
class Source:
    """A table under its short name. `program` and `recent` are SQL conditions on its rows; empty: not limited so."""

    name: str
    table: str
    program: str = ""
    recent: str = ""

    def sql(self, scope: "Scope") -> str:
        wanted = [self.program] * (scope.program_id is not None) + [self.recent] * (scope.since is not None)
        where = f" WHERE {' AND '.join(f'({one})' for one in wanted)}" if wanted else ""
        return f"{self.name} AS NOT MATERIALIZED (SELECT * FROM {self.table}{where})"  # noqa: S608 - names of our own

    def can(self, scope: "Scope") -> bool:
        return bool((scope.program_id is None or self.program) and (scope.since is None or self.recent))


@dataclass(frozen=True, slots=True)
class Scope:
    """What an audit looks at: all, one program, or the accounts with a posting recorded at or after `since`.

    `now` is real time; queries add the program's clock offset where a rule goes by the program's clock.
    """

    now: datetime
    program_id: int | None = None
    since: datetime | None = None
    accounts: Sequence[int] = field(default=())

    @property
    def whole(self) -> bool:
        return self.program_id is None and self.since is None

    def parameters(self) -> dict[str, Any]:
        return {"now": self.now, "program": self.program_id, "since": self.since, "accounts": list(self.accounts)}


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule the data keeps: `sql` selects (id, detail) of the rows that break it, `find` does so in Python.

    `limits_itself`: what `find` looks at is limited by the scope.
    """

    id: str
    group: str
    rule: str
    hint: str
    sql: str = ""
    find: Callable[[Scope], Iterable[Row]] | None = None
    limits_itself: bool = False

    def sources(self, known: Mapping[str, Source]) -> list[Source]:
        """The sources its query walks, in order of their names."""
        named = set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", self.sql))
        return [known[name] for name in sorted(named & known.keys())]

    def fits(self, scope: Scope, known: Mapping[str, Source]) -> bool:
        """Whether it can be asked within the scope: all that it walks can be limited so."""
        if scope.whole or self.find is not None:
            return scope.whole or self.limits_itself
        walked = self.sources(known)
        return bool(walked) and all(source.can(scope) for source in walked)

    def broken(self, scope: Scope, known: Mapping[str, Source]) -> list[Row]:
        """The rows that break the rule: none on sound data."""
        if self.find is not None:
            return sorted(self.find(scope))
        return query(self.statement(scope, known), scope)

    def statement(self, scope: Scope, known: Mapping[str, Source]) -> str:
        limited = ", ".join(source.sql(scope) for source in self.sources(known))
        ctes = f"WITH {limited} " if limited else ""
        return f"{ctes}SELECT * FROM ({self.sql}) AS broken (id, detail) ORDER BY 1, 2"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that breaks an invariant."""

    invariant: Invariant
    row: str
    detail: str


def query(sql: str, scope: Scope, **more: Any) -> list[Any]:
    """The rows of a query that may name the parameters of the scope and those given besides."""
    parameters = scope.parameters() | more
    # A parameter that is not named would have no type to be bound with.
    named = {name: value for name, value in parameters.items() if f"%({name})s" in sql}
    with connection.cursor() as cursor:
        cursor.execute(sql, named or None)
        return list(cursor.fetchall())
