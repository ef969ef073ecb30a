"""Several statements in one round trip and one transaction, for the few paths that run thousands of times a second.

psycopg's own pipeline costs four times the Python that the rest of such a call does; this one speaks libpq through
psycopg.pq. In autocommit a pipeline up to its sync is one implicit transaction: it commits as a whole, and after an
error the server has rolled it back and the connection stays usable.
"""

import hashlib
import re
import select
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import Connection, OperationalError, pq
from psycopg.errors import DuplicatePreparedStatement, InvalidSqlStatementName, error_from_result

PARAMETER = re.compile(r"%\((\w+)\)s")
TEXT, BINARY = pq.Format.TEXT, pq.Format.BINARY
WANTS_WRITING = 1


def _array(values: Sequence[str]) -> bytes:
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return ("{" + ",".join(f'"{value}"' for value in escaped) + "}").encode()


def _interval(value: timedelta) -> bytes:
    return b"%d days %d seconds %d microseconds" % (value.days, value.seconds, value.microseconds)


# Per type its number in PostgreSQL, the format it is sent in, and how a value is written. Text goes binary, because
# in the text format a zero character would end it unseen.
TYPES: dict[str, tuple[int, pq.Format, Callable[[Any], bytes]]] = {
    "bigint": (20, TEXT, lambda value: b"%d" % value),
    "bigint[]": (1016, TEXT, lambda values: b"{" + ",".join(map(str, values)).encode() + b"}"),
    "boolean": (16, TEXT, lambda value: b"t" if value else b"f"),
    "bytea": (17, BINARY, bytes),
    "interval": (1186, TEXT, _interval),
    "text": (25, BINARY, str.encode),
    "text[]": (1009, TEXT, _array),
    "timestamptz": (1184, TEXT, lambda value: datetime.isoformat(value).encode()),
}


class Statement:
    """SQL with %(name)s parameters of the given types, prepared once on every connection that uses it."""

    def __init__(self, sql: str, types: Mapping[str, str]) -> None:
        names = list(dict.fromkeys(PARAMETER.findall(sql)))
        kinds = [TYPES[types[name]] for name in names]
        self.sql = PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", sql).replace("%%", "%").encode()
        self.name = b"own_" + hashlib.sha256(self.sql).hexdigest()[:24].encode()
        self.oids = [oid for oid, _, _ in kinds]
        self.formats = [format for _, format, _ in kinds]
        self.writers = [(name, write) for name, (_, _, write) in zip(names, kinds, strict=True)]

    def filled(self, given: Mapping[str, Any]) -> "Filled":
        """The statement with parameters for one call."""
        return Filled(self, given)

    def bind(self, fixed: Mapping[str, Any]) -> "Bound":
        """The statement with those parameters written once for many calls."""
        return Bound(self, fixed)


class Filled:
    """A statement with all its parameters."""

    __slots__ = ("_given", "statement")

    def __init__(self, statement: Statement, given: Mapping[str, Any]) -> None:
        self.statement = statement
        self._given = given

    def values(self, parameters: Mapping[str, Any]) -> list[bytes | None]:
        given = self._given
        return [None if (value := given[name]) is None else write(value) for name, write in self.statement.writers]


class Bound:
    """A statement of whose parameters some are written already."""

    def __init__(self, statement: Statement, fixed: Mapping[str, Any]) -> None:
        self.statement = statement
        self._row = [_written(write, fixed.get(name)) for name, write in statement.writers]
        self._open = [(i, name, write) for i, (name, write) in enumerate(statement.writers) if name not in fixed]

    def values(self, parameters: Mapping[str, Any]) -> list[bytes | None]:
        row = self._row.copy()
        for i, name, write in self._open:
            value = parameters[name]
            if value is not None:
                row[i] = write(value)
        return row


def _written(write: Callable[[Any], bytes], value: Any) -> bytes | None:
    return None if value is None else write(value)


# In binary form; None where the statement gave none.
Row = list[bytes | None] | None
BEGIN, COMMIT, ROLLBACK = (Statement(sql, {}).filled({}) for sql in ("BEGIN", "COMMIT", "ROLLBACK"))
AT_COMMIT = (False, b"")
_prepared: WeakKeyDictionary[Connection[Any], set[bytes]] = WeakKeyDictionary()


def run_pipeline(connection: Connection[Any], statements: Sequence[Bound], parameters: Mapping[str, Any]) -> Row:
    """Run the statements as one transaction; the first row of the last one in binary form, None without one.

    The connection is in autocommit and idle. Raises the psycopg error of the first statement that failed.
    """
    known = _known_to(connection)
    for _ in range(2 * len(statements)):
        try:
            return _run(connection, statements, parameters, known=known)[-1]
        except (InvalidSqlStatementName, DuplicatePreparedStatement):
            # psycopg deallocates everything after a rollback; nothing was done, and `known` was set right.
            continue
    return _run(connection, statements, parameters, known=None)[-1]


class Conversation:
    """One transaction of two round trips: what `ask` finds decides what `finish` writes."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._known = _known_to(connection)
        self._is_open = False

    def ask(self, statements: Sequence[Filled]) -> list[Row]:
        """Begin, and run the statements; the first row of each."""
        self._is_open = True
        for _ in range(2 * len(statements)):
            try:
                return _run(self._connection, [BEGIN, *statements], {}, known=self._known)[1:]
            except InvalidSqlStatementName:
                # psycopg deallocates everything after a rollback, so those of `finish` are gone too.
                if self._known is not None:
                    self._known.clear()
            except DuplicatePreparedStatement:
                pass
            self._roll_back()
        return _run(self._connection, [BEGIN, *statements], {}, known=None)[1:]

    def finish(self, statements: Sequence[Filled]) -> list[Row]:
        """Run the statements and commit; the first row of each."""
        rows = _run(self._connection, [*statements, COMMIT], {}, known=self._known)[:-1]
        self._is_open = False
        return rows

    def end(self) -> None:
        """Roll back what was not finished."""
        if self._is_open:
            self._roll_back()

    def _roll_back(self) -> None:
        if not self._connection.closed:
            _run(self._connection, [ROLLBACK], {}, known=None)


@contextmanager
def conversation(connection: Connection[Any]) -> Iterator[Conversation]:
    """A transaction on a connection in autocommit and idle; rolled back unless it was finished.

    Raises the psycopg error of the first statement that failed.
    """
    talk = Conversation(connection)
    try:
        yield talk
    finally:
        talk.end()


def _known_to(connection: Connection[Any]) -> set[bytes] | None:
    return None if connection.prepare_threshold is None else _prepared.setdefault(connection, set())


def _run(
    connection: Connection[Any],
    statements: Sequence[Bound | Filled],
    parameters: Mapping[str, Any],
    *,
    known: set[bytes] | None,
) -> list[Row]:
    """The first row of each statement."""
    wire, synced = connection.pgconn, False
    there = None if known is None else set(known)
    rows = [statement.values(parameters) for statement in statements]
    try:
        wire.enter_pipeline_mode()
        sent = [
            step for one, row in zip(statements, rows, strict=True) for step in _send(wire, one.statement, row, there)
        ]
        wire.pipeline_sync()
        results = list(_received(wire))
        synced = True
        wire.exit_pipeline_mode()
    finally:
        if not synced:
            # What the server did is unknown, and more answers may be on their way.
            connection.close()
    # A deferred constraint speaks at the end, as one more answer.
    for (prepares, name), result in zip([*sent, AT_COMMIT], results, strict=False):
        if result.status == pq.ExecStatus.FATAL_ERROR:
            error = error_from_result(result, connection.info.encoding)
            if known is not None and isinstance(error, InvalidSqlStatementName):
                known.discard(name)
            elif known is not None and isinstance(error, DuplicatePreparedStatement):
                known.add(name)
            raise error
        if prepares and known is not None:
            known.add(name)
    return [_first_row(result) for (prepares, _), result in zip(sent, results, strict=False) if not prepares]


def _first_row(result: Any) -> Row:
    return [result.get_value(0, column) for column in range(result.nfields)] if result.ntuples else None


def _send(
    wire: Any, statement: Statement, row: Sequence[bytes | None], there: set[bytes] | None
) -> Iterator[tuple[bool, bytes]]:
    """Queue the statement; per answer to come whether it is of its preparation, and the statement's name."""
    if there is None:
        wire.send_query_params(statement.sql, row, statement.oids, statement.formats, BINARY)
    else:
        if statement.name not in there:
            there.add(statement.name)
            wire.send_prepare(statement.name, statement.sql, statement.oids)
            yield True, statement.name
        wire.send_query_prepared(statement.name, row, statement.formats, BINARY)
    yield False, statement.name


def _received(wire: Any) -> Iterator[Any]:
    """The results up to the sync. Waits outside the interpreter's lock, which libpq's own waiting would hold."""
    poll = select.poll()
    poll.register(wire.socket, select.POLLIN)
    while wire.flush() == WANTS_WRITING:
        poll.poll(10)
    while True:
        while wire.is_busy():
            poll.poll()
            wire.consume_input()
        result = wire.get_result()
        if result is None:
            if wire.status != pq.ConnStatus.OK:
                raise OperationalError("The server closed the connection.")
        elif result.status == pq.ExecStatus.PIPELINE_SYNC:
            return
        else:
            yield result
