"""run_pipeline: one transaction in one round trip, and a connection that stays usable."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from psycopg import errors

from common.pipeline import Statement, run_pipeline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("forgetful_connections")]
TYPES = {"n": "bigint", "text": "text"}
INSERT = Statement("INSERT INTO pipeline_proof (n, note) VALUES (%(n)s, %(text)s)", TYPES).bind({})
COUNT = Statement("SELECT count(*)::text FROM pipeline_proof WHERE n = %(n)s", TYPES).bind({})
DIVIDE = Statement("SELECT 1 / %(n)s", TYPES).bind({})


@pytest.fixture
def raw() -> Iterator[Any]:
    connection.ensure_connection()
    raw: Any = connection.connection
    raw.execute("CREATE TABLE pipeline_proof (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED, note text NOT NULL)")
    yield raw
    raw.execute("DROP TABLE pipeline_proof")


def noted(raw: Any) -> list[Any]:
    return raw.execute("SELECT n, note FROM pipeline_proof ORDER BY n").fetchall()


def test_all_statements_run_and_the_last_row_comes_back(raw: Any) -> None:
    for n in (1, 2):
        assert run_pipeline(raw, [INSERT, COUNT], {"n": n, "text": "Zoë ' \\ %s"}) == [b"1"]
    assert noted(raw) == [(1, "Zoë ' \\ %s"), (2, "Zoë ' \\ %s")]


def test_a_last_statement_without_a_row_answers_none(raw: Any) -> None:
    assert run_pipeline(raw, [INSERT], {"n": 1, "text": ""}) is None


def test_an_error_undoes_all_and_the_connection_goes_on(raw: Any) -> None:
    with pytest.raises(errors.DivisionByZero):
        run_pipeline(raw, [INSERT, DIVIDE, COUNT], {"n": 0, "text": "lost"})
    assert noted(raw) == []
    assert run_pipeline(raw, [INSERT, COUNT], {"n": 1, "text": "kept"}) == [b"1"]


def test_what_fails_at_commit_is_raised_and_undone(raw: Any) -> None:
    with pytest.raises(errors.UniqueViolation):
        run_pipeline(raw, [INSERT, INSERT, COUNT], {"n": 1, "text": "twice"})
    assert noted(raw) == []


def test_statements_psycopg_deallocated_are_prepared_again(raw: Any) -> None:
    run_pipeline(raw, [COUNT], {"n": 1})
    raw.execute("DEALLOCATE ALL")
    assert run_pipeline(raw, [INSERT, COUNT], {"n": 1, "text": ""}) == [b"1"]


def test_nothing_is_prepared_where_the_threshold_forbids_it(raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    raw.execute("DEALLOCATE ALL")
    monkeypatch.setattr(raw, "prepare_threshold", None)
    assert run_pipeline(raw, [INSERT, COUNT], {"n": 1, "text": ""}) == [b"1"]
    assert raw.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)


def test_every_type_arrives_as_it_was(raw: Any) -> None:
    at = datetime(2026, 2, 28, 23, 59, 59, 123456, UTC)
    types = {
        "n": "bigint", "yes": "boolean", "raw": "bytea", "span": "interval", "text": "text", "many": "text[]",
        "at": "timestamptz", "none": "bigint",
    }  # fmt: skip
    values = {
        "n": -(2**62), "yes": True, "raw": b"\x00\xff", "span": timedelta(days=-2, microseconds=1), "text": "é",
        "many": ['a"b', "c\\d", "e,f"], "at": at, "none": None,
    }  # fmt: skip
    every = Statement(
        "SELECT json_build_array(%(n)s, %(yes)s, encode(%(raw)s, 'hex'), %(span)s = interval '-2 days 1 microsecond',"
        " %(text)s, %(many)s, %(at)s = '2026-02-28 23:59:59.123456+00', %(none)s)::text",
        types,
    )
    arrived = [b'[-4611686018427387904, true, "00ff", true, "\xc3\xa9", ["a\\"b","c\\\\d","e,f"], true, null]']
    assert run_pipeline(raw, [every.bind({})], values) == arrived
    assert run_pipeline(raw, [every.bind({name: values[name] for name in ("n", "text", "none")})], values) == arrived


def test_the_whole_row_comes_back(raw: Any) -> None:
    row = Statement("SELECT %(text)s, NULL, %(n)s::text", TYPES).bind({"text": "fixed"})
    assert run_pipeline(raw, [row], {"n": 7}) == [b"fixed", None, b"7"]


def test_a_zero_character_is_refused_not_cut_off(raw: Any) -> None:
    with pytest.raises(errors.CharacterNotInRepertoire):
        run_pipeline(raw, [INSERT], {"n": 1, "text": "a\x00b"})
    assert noted(raw) == []


def test_waiting_for_the_server_does_not_stop_other_threads(raw: Any) -> None:
    ticks = []
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.01):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    run_pipeline(raw, [Statement("SELECT pg_sleep(0.5)", TYPES).bind({})], {})
    done.set()
    thread.join()
    assert len(ticks) >= 10
