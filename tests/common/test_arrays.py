"""Arrays as text: what PostgreSQL reads from them is what was put in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from common.arrays import array, columns, texts

AT = datetime(2026, 3, 10, 12, 30, 5, 123, tzinfo=UTC)


def read(written: str, kind: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [written])
        found: list[Any] = cursor.fetchone()[0]
        return found


@pytest.mark.django_db
def test_numbers_truths_times_and_codes_come_back() -> None:
    assert read(array([1, None, -(2**62)]), "bigint") == [1, None, -(2**62)]
    assert read(array([True, None, False]), "boolean") == [True, None, False]
    assert read(array([AT, None]), "timestamptz") == [AT, None]
    assert read(array(["activity", None]), "text") == ["activity", None]
    assert read(array([]), "bigint") == []


@pytest.mark.django_db
def test_so_do_thousands_of_them() -> None:
    later = AT + timedelta(microseconds=1)
    assert read(array([1, None, -(2**62)] * 700), "bigint") == [1, None, -(2**62)] * 700
    assert read(array([True, None, False] * 700), "boolean") == [True, None, False] * 700
    assert read(array([AT, None, later, AT] * 500), "timestamptz") == [AT, None, later, AT] * 500
    assert read(array(["activity", None] * 1000), "text") == ["activity", None] * 1000


def test_rows_become_columns_that_begin_with_the_prefix() -> None:
    assert columns("a", ("id", "at"), [(1, None), (2, 3)]) == {"a_id": "{1,2}", "a_at": "{NULL,3}"}
    assert columns("a", ("id", "at"), []) == {"a_id": "{}", "a_at": "{}"}


class AnyText(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.none() | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))))
    def test_any_text_comes_back(self, values: list[str | None]) -> None:
        assert read(texts(values), "text") == values
