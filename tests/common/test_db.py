"""Transactions, locks, retries and ids, on real connections."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from common import db
from common.db import IdBlock, forget_ids, in_program, lock_rows, next_ids, retrying, sqlstate

pytestmark = pytest.mark.django_db(transaction=True)


def raise_state(state: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{state}'; END $$")


@pytest.fixture
def sequence() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE planted_seq")
    yield "planted_seq"
    forget_ids()
    with connection.cursor() as cursor:
        cursor.execute("DROP SEQUENCE planted_seq")


def test_in_program_is_one_transaction() -> None:
    with pytest.raises(ZeroDivisionError), in_program(SimpleNamespace(pk=1)):
        Group.objects.create(name="never")
        raise ZeroDivisionError
    assert Group.objects.count() == 0

    @in_program(1)
    def verb() -> bool:
        return connection.in_atomic_block

    assert verb() is True


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_retrying_repeats_what_may_succeed_later(state: str) -> None:
    calls = []

    def verb() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise_state(state)
        return "done"

    assert retrying(verb) == "done"
    assert len(calls) == 3


def test_retrying_gives_up_with_the_error() -> None:
    calls = []

    def verb() -> None:
        calls.append(1)
        raise_state("40P01")

    with pytest.raises(OperationalError) as caught:
        retrying(verb, attempts=2)
    assert (len(calls), sqlstate(caught.value)) == (2, "40P01")


def test_retrying_leaves_other_errors_alone() -> None:
    calls = []

    def verb() -> None:
        calls.append(1)
        raise_state("55P03")

    with pytest.raises(OperationalError):
        retrying(verb)
    assert len(calls) == 1


def test_retrying_never_repeats_inside_a_transaction() -> None:
    calls = []

    def verb() -> None:
        calls.append(1)
        raise_state("40001")

    with pytest.raises(OperationalError), transaction.atomic():
        retrying(verb)
    assert len(calls) == 1


def test_lock_rows_locks_in_order_of_ids_without_blocking_references() -> None:
    made = [Group.objects.create(name=name) for name in ("c", "a", "b")]
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        rows = lock_rows(Group.objects.order_by("name"))

    assert [row.pk for row in rows] == sorted(group.pk for group in made)
    sql = next(query["sql"] for query in queries if "auth_group" in query["sql"])
    assert sql.endswith('ORDER BY "auth_group"."id" ASC FOR NO KEY UPDATE OF "auth_group"')


def test_ids_are_ascending_and_drawn_in_blocks(sequence: str) -> None:
    block = IdBlock(sequence, size=10)
    with CaptureQueriesContext(connection) as queries:
        assert block.take(3) == [1, 2, 3]
        assert block.take(7) == [4, 5, 6, 7, 8, 9, 10]
    assert len(queries) == 1
    assert block.take(25) == list(range(11, 36))


def test_ids_are_unique_across_threads(sequence: str) -> None:
    def draw(_: int) -> list[int]:
        try:
            return [new for _ in range(50) for new in next_ids(sequence, 3)]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        drawn = [new for ids in pool.map(draw, range(8)) for new in ids]
    assert len(drawn) == len(set(drawn)) == 1200


def test_a_forked_child_draws_its_own_ids(sequence: str) -> None:
    (first,) = next_ids(sequence)
    connection.close()
    connection.close_pool()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, str(next_ids(sequence)[0]).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    assert int(os.read(reader, 20)) > first + 50
    assert next_ids(sequence) == [first + 1]


def test_a_fork_while_a_block_is_being_drawn_does_not_hang_the_child(sequence: str) -> None:
    next_ids(sequence)
    connection.close()
    connection.close_pool()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with db._blocks_lock, db._blocks[sequence]._lock:
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    child = os.fork()
    if child == 0:
        try:
            next_ids(sequence)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 0
