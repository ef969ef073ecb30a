"""Transactions, row locks, retries and ids drawn beforehand."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import OperationalError, connection, connections, models, transaction

T = TypeVar("T")
M = TypeVar("M", bound=models.Model)

SERIALIZATION_FAILURE = "40001"
DEADLOCK = "40P01"
TRANSIENT = frozenset({SERIALIZATION_FAILURE, DEADLOCK})
LOCK_NOT_AVAILABLE = "55P03"
CONNECTION_CLASS = "08"
# Stopped by its administrator, crashed, starting or recovering, no connection left.
AWAY = frozenset({"57P01", "57P02", "57P03", "53300"})
UNIQUE_VIOLATION = "23505"
DEFAULT_BLOCK = 100


@contextmanager
def in_program(program: Any) -> Iterator[None]:
    """Open a verb's transaction. `program` (id or instance) is known before the first program-scoped read,

    so that a sharded database can be told where to look; today only the transaction is opened.
    """
    with transaction.atomic():
        yield


@contextmanager
def apart() -> Iterator[Any]:
    """A connection beside the present transaction, for what must stay when that one is rolled back.

    It waits for rows the present transaction has changed, for ever: use it for others.
    """
    beside = connections["default"].copy()
    try:
        yield beside
    finally:
        beside.close()


@contextmanager
def planned_for_many() -> Iterator[None]:
    """Have each statement within planned for the very arrays it is given, and none prepared.

    A prepared one is planned once for arrays of any length, which the server takes for ten elements: thousands of
    rows are then joined by comparing each with each. Not by `plan_cache_mode`, which foreign keys obey as well.
    """
    connection.ensure_connection()
    raw = connection.connection
    before, raw.prepare_threshold = raw.prepare_threshold, None
    try:
        yield
    finally:
        raw.prepare_threshold = before


def sqlstate(error: BaseException) -> str:
    """The five-letter state of a database error, or ''."""
    return str(getattr(error.__cause__, "sqlstate", None) or "")


def constraint_of(error: BaseException) -> str:
    """The constraint a database error names, or ''."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or "")


def retrying(func: Callable[[], T], attempts: int = 3) -> T:
    """Call `func` again after a deadlock or a serialization failure, then give up with the error.

    Inside a transaction it calls once: only the outermost transaction may be repeated.
    """
    if connection.in_atomic_block:
        return func()
    for _ in range(attempts - 1):
        try:
            return func()
        except OperationalError as error:
            if sqlstate(error) not in TRANSIENT:
                raise
    return func()


def lock_rows(queryset: models.QuerySet[M]) -> list[M]:
    """The rows in order of their ids, each locked FOR NO KEY UPDATE."""
    return list(queryset.order_by("pk").select_for_update(no_key=True, of=("self",)))


def take_turn(name: str) -> None:
    """Whoever asks for the turn of the same name waits until the transaction of the one before is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def share_turns(names: Iterable[str]) -> None:
    """As `take_turn` for who need not wait for one another, only for who takes one of these turns alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(hashtextextended(name, 0)) FROM unnest(%s::text[]) AS name",
            [sorted(set(names))],
        )


class IdBlock:
    """Ids of one sequence, drawn in blocks so that a posting needs no round trip for them.

    Blocks belong to a process: after a fork the child draws its own. Unused ids are gaps, which harm nothing.
    """

    def __init__(self, sequence: str, size: int = DEFAULT_BLOCK) -> None:
        self.sequence = sequence
        self.size = size
        self._ids: deque[int] = deque()
        self._lock = threading.Lock()

    def next(self) -> int:
        while True:
            try:
                # One step of the interpreter, so that only drawing needs the lock.
                return self._ids.popleft()
            except IndexError:
                self._draw(self.size)

    def take(self, n: int = 1) -> list[int]:
        """The next n ids, ascending within a block."""
        if len(self._ids) < n:
            self._draw(max(self.size, n))
        return [self.next() for _ in range(n)]

    def _draw(self, n: int) -> None:
        with self._lock:
            if len(self._ids) < n:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [self.sequence, n])
                    self._ids.extend(row[0] for row in cursor.fetchall())


_blocks: dict[str, IdBlock] = {}
_blocks_lock = threading.Lock()


def _block(sequence: str) -> IdBlock:
    block = _blocks.get(sequence)
    if block is None:
        with _blocks_lock:
            block = _blocks.setdefault(sequence, IdBlock(sequence))
    return block


def next_ids(sequence_name: str, n: int = 1) -> list[int]:
    """n ids of the sequence, from this process's block."""
    return _block(sequence_name).take(n)


def ids_of(sequences: Sequence[str]) -> list[int]:
    """One id of each of the sequences."""
    return [_block(sequence).next() for sequence in sequences]


def forget_ids() -> None:
    """Drop all blocks: after a fork, and where a sequence was set back."""
    global _blocks_lock
    _blocks_lock = threading.Lock()
    _blocks.clear()


os.register_at_fork(after_in_child=forget_ids)
