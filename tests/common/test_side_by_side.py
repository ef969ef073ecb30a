"""Parts worked on at once: all of them, in their order, on connections of their own."""

import threading

import pytest
from django.db import connection, transaction

from common.side_by_side import side_by_side


@pytest.mark.django_db(transaction=True)
def test_parts_are_worked_on_at_once_and_answered_in_their_order() -> None:
    meeting = threading.Barrier(2, timeout=20)

    def process_of(part: int) -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        # Both hold a connection by now, so that none has the other's back from the pool.
        if part < 2:
            meeting.wait()
        return part, pid

    found = list(side_by_side(process_of, range(20), jobs=2))
    assert [part for part, _ in found] == list(range(20))
    assert found[0][1] != found[1][1]


@pytest.mark.django_db
def test_inside_a_transaction_it_is_one_after_the_other() -> None:
    here = threading.get_ident()
    with transaction.atomic():
        assert list(side_by_side(lambda part: threading.get_ident(), range(5), jobs=4)) == [here] * 5


@pytest.mark.django_db(transaction=True)
def test_a_fault_in_one_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda part: 1 // part, [1, 0, 1], jobs=2))
