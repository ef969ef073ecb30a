"""Tests keep prepared statements over a rollback (tests/quickly.py): what that must not hide."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

pytestmark = pytest.mark.django_db
OURS = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s"


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    make_table("bigint")
    yield


def make_table(kind: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS kept_proof")
        cursor.execute(f"CREATE TEMPORARY TABLE kept_proof (n {kind})")
        cursor.execute("INSERT INTO kept_proof VALUES (7)")


def ask() -> object:
    with connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute("SELECT n FROM kept_proof WHERE n > %s::int", [1])
        return cursor.fetchone()[0]


def prepared() -> int:
    with connection.cursor() as cursor:
        cursor.execute(OURS, ["SELECT n FROM kept_proof%"])
        return int(cursor.fetchone()[0])


def roll_back() -> None:
    with transaction.atomic():
        ask()
        transaction.set_rollback(True)


def test_a_rollback_keeps_what_was_prepared() -> None:
    roll_back()
    assert (prepared(), ask()) == (1, 7)


def test_a_table_made_anew_forgets_it() -> None:
    assert ask() == 7
    make_table("text")
    assert prepared() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM kept_proof")
        assert cursor.fetchone() == ("7",)


def test_where_it_is_asked_for_a_rollback_forgets_as_outside_of_tests(forgetful_connections: None) -> None:
    roll_back()
    assert prepared() == 0
