"""What waves of thousands rely on: statements planned anew, values made quickly, times read by the driver."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection
from psycopg.pq import Format

from common.db import planned_for_many
from common.records import record
from common.timestamps import TIMESTAMPTZ
from memberships.models import Membership

PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s"


@record
class Pair:
    left: int
    right: int = 2


def prepared(mark: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(PREPARED, [f"%{mark}%"])
        return int(cursor.fetchone()[0])


def ask(mark: str) -> None:
    with connection.cursor() as cursor:
        for _ in range(4):
            cursor.execute(f"SELECT '{mark}', %s::bigint", [1])


@pytest.mark.django_db
def test_what_is_planned_for_many_is_not_prepared_and_all_else_is() -> None:
    with planned_for_many():
        ask("wave")
    ask("alone")
    assert (prepared("'wave'"), prepared("'alone'")) == (0, 1)


@pytest.mark.django_db
def test_a_failure_within_lets_statements_be_prepared_again() -> None:
    before = connection.connection.prepare_threshold
    with pytest.raises(RuntimeError), planned_for_many():
        assert connection.connection.prepare_threshold is None
        raise RuntimeError
    assert connection.connection.prepare_threshold == before is not None


@pytest.mark.django_db
def test_times_are_read_by_the_drivers_own_loader_and_are_utc() -> None:
    loader = connection.connection.adapters.get_loader(TIMESTAMPTZ, Format.TEXT)
    driver = psycopg.adapters.get_loader(TIMESTAMPTZ, Format.TEXT)
    assert driver is not None
    assert type(loader(TIMESTAMPTZ, connection.connection)) is driver
    with connection.cursor() as cursor:
        cursor.execute("SELECT '2026-03-10 14:30:05.000123+02'::timestamptz, NULL::timestamptz")
        found = cursor.fetchone()
    assert found == (datetime(2026, 3, 10, 12, 30, 5, 123, tzinfo=UTC), None)
    assert found[0].tzinfo is UTC


def test_a_record_compares_and_hashes_by_its_values() -> None:
    assert Pair(1) == Pair(1, 2) != Pair(2)
    assert {Pair(1), Pair(1, 2)} == {Pair(1)}
    assert replace(Pair(1), right=3) == Pair(1, 3)
    assert [one.name for one in fields(Pair)] == ["left", "right"]


@pytest.mark.django_db
def test_a_membership_answers_its_key_and_takes_one(michael_adams: Membership) -> None:
    read = Membership.objects.get(number=michael_adams.number)
    assert read.pk == read.id == michael_adams.pk
    copy = Membership(pk=7)
    assert (copy.pk, copy.id) == (7, 7)
    copy.pk = None
    assert copy.id is None
