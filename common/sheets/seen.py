"""Which line of a file had a key first: on disk, so that a million lines take no memory."""

import sqlite3
from types import TracebackType
from typing import Self


class Seen:
    """A table that lives as long as the file is read; the empty name makes a file that deletes itself."""

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("PRAGMA synchronous = OFF")
        self._table.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")

    def line_of(self, key: str) -> int | None:
        """The line that had the key first."""
        found = self._table.execute("SELECT line FROM seen WHERE key = ?", [key]).fetchone()
        return found[0] if found else None

    def add(self, key: str, line: int) -> None:
        self._table.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", [key, line])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._table.close()
