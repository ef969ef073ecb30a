"""The feed: numbered after commit, so that none is missed and none comes twice."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from rest_framework.test import APIClient

from gateway import numbering
from gateway.channels import system_actor
from gateway.events import record_event
from gateway.feed import read_feed
from gateway.models import Channel, Event, EventHorizon, EventNumber
from gateway.numbering import number_waiting_events
from programs.models import Program

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The margin would hide a horizon that goes too far."""
    monkeypatch.setattr(numbering, "MARGIN", timedelta(0))


def leave(subject_id: int, program: Program | None = None) -> Event:
    return record_event("tried", program_id=program and program.pk, subject_id=subject_id, facts={"points": subject_id})


def numbered() -> list[tuple[int, int]]:
    return list(EventNumber.objects.order_by("number").values_list("number", "event__subject_id"))


@contextmanager
def other_transaction(before: Callable[[], Any], after: Callable[[], Any] = lambda: None) -> Iterator[None]:
    """A transaction on a connection of its own, open for the block: `before` at its start, `after` at its end."""
    begun, end = threading.Event(), threading.Event()

    def run() -> None:
        try:
            with transaction.atomic():
                before()
                begun.set()
                end.wait(timeout=20)
                after()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(timeout=10)
    try:
        yield
    finally:
        end.set()
        thread.join(timeout=20)


def test_an_event_keeps_what_it_was_told_and_the_real_time(city_air: Program) -> None:
    before = database_time()
    event = record_event("points.posted", program_id=city_air.pk, subject_id=9, facts={"entries": [[1, 5, 5]]})
    kept = Event.objects.get(pk=event.pk)
    assert (kept.kind, kept.program_id, kept.subject_id) == ("points.posted", city_air.pk, 9)
    assert kept.facts == {"entries": [[1, 5, 5]]}
    assert before < kept.recorded_at < database_time()
    assert kept.recorded_at == event.recorded_at


def test_an_event_of_a_rolled_back_change_never_was() -> None:
    with transaction.atomic():
        leave(1)
        transaction.set_rollback(True)
    assert number_waiting_events() == 0
    assert Event.objects.count() == 0


def test_numbers_go_by_time_without_gaps_and_only_once() -> None:
    for subject in (5, 3, 4):
        leave(subject)
    assert number_waiting_events() == 3
    assert number_waiting_events() == 0
    leave(9)
    assert number_waiting_events() == 1
    assert numbered() == [(1, 5), (2, 3), (3, 4), (4, 9)]


def test_an_event_that_becomes_visible_late_comes_late_but_comes() -> None:
    with other_transaction(lambda: leave(1)):
        for subject in (2, 3, 4):
            leave(subject)
            assert number_waiting_events() == 1
        seen = read_feed(system_actor(), after=0, limit=100).next_after
        assert seen == 3
    assert number_waiting_events() == 1
    assert numbered() == [(1, 2), (2, 3), (3, 4), (4, 1)]
    assert [one.event.subject_id for one in read_feed(system_actor(), after=seen, limit=100).events] == [1]


def test_a_horizon_that_minds_no_open_transaction_loses_that_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "safe_horizon", database_time)
    with other_transaction(lambda: leave(1)):
        leave(2)
        number_waiting_events()
    assert number_waiting_events() == 0
    assert numbered() == [(1, 2)]


def test_nested_open_transactions_of_different_age_lose_nothing() -> None:
    with ExitStack() as stack:
        for subject in range(1, 6):
            stack.enter_context(other_transaction(lambda subject=subject: leave(subject)))
            leave(subject * 10)
            number_waiting_events()
    assert number_waiting_events() == 5
    assert sorted(subject for _, subject in numbered()) == [1, 2, 3, 4, 5, 10, 20, 30, 40, 50]
    assert [number for number, _ in numbered()] == list(range(1, 11))


def test_a_reader_in_a_long_transaction_holds_nothing_up_and_may_still_write() -> None:
    with other_transaction(before=Event.objects.count, after=lambda: leave(1)):
        leave(2)
        number_waiting_events()
        assert horizon() > database_time() - timedelta(seconds=2)
        time.sleep(0.05)
        number_waiting_events()
    assert number_waiting_events() == 1
    assert numbered() == [(1, 2), (2, 1)]


def test_the_horizon_waits_for_the_oldest_writer() -> None:
    with other_transaction(lambda: leave(1)):
        begun = database_time()
        leave(2)
        number_waiting_events()
        assert horizon() < begun
    number_waiting_events()
    assert horizon() > begun


def test_the_horizon_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    number_waiting_events()
    at = horizon()
    monkeypatch.setattr(numbering, "safe_horizon", lambda: at - timedelta(hours=1))
    number_waiting_events()
    assert horizon() == at


def test_a_prepared_transaction_stops_the_horizon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "PREPARED", "SELECT true")
    leave(1)
    assert number_waiting_events() == 1
    assert not EventHorizon.objects.exists()


def test_a_transaction_hidden_from_our_role_stops_the_horizon() -> None:
    """A role that may not read others' activity numbers what it sees and keeps the horizon where it was."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE plain_numberer")
        cursor.execute("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO plain_numberer")
    try:
        with other_transaction(lambda: leave(1)):
            leave(2)
            with as_role("plain_numberer"):
                assert number_waiting_events() == 1
            assert not EventHorizon.objects.exists()
        assert number_waiting_events() == 1
        assert EventHorizon.objects.exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP OWNED BY plain_numberer")
            cursor.execute("DROP ROLE plain_numberer")
    assert numbered() == [(1, 2), (2, 1)]


def test_a_second_run_does_not_wait_for_the_first() -> None:
    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [numbering.LOCK])

    leave(1)
    with other_transaction(hold):
        assert number_waiting_events() == 0
    assert number_waiting_events() == 1


def test_a_full_batch_leaves_the_rest_for_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "BATCH", 2)
    for subject in range(5):
        leave(subject)
    assert number_waiting_events() == 2
    assert not EventHorizon.objects.exists()
    assert numbering.number_all_waiting_events() == 3
    assert [subject for _, subject in numbered()] == [0, 1, 2, 3, 4]


class Reader:
    """Goes through the feed as a channel does, while `writing` is set and to the end after it."""

    def __init__(self) -> None:
        self.after = 0
        self.seen: list[tuple[int, int]] = []

    def read_while(self, writing: threading.Event) -> None:
        while writing.is_set():
            number_waiting_events()
            self.read_page()

    def read_page(self) -> bool:
        page = read_feed(system_actor(), after=self.after, limit=7)
        self.seen += [(one.number, one.event.subject_id) for one in page.events]
        moved, self.after = page.next_after > self.after, page.next_after
        return moved

    def read_to_the_end(self) -> None:
        while self.read_page():
            pass


def write_now_and_then(seed: int, times: int) -> list[int]:
    """Transactions of different lengths, some rolled back; returns the subjects that were kept."""
    chance = random.Random(seed)
    kept = []
    for turn in range(times):
        is_kept = chance.random() < 0.9
        with transaction.atomic():
            leave(seed * 1000 + turn)
            time.sleep(chance.choice([0, 0, 0.001, 0.01, 0.05]))
            transaction.set_rollback(not is_kept)
        if is_kept:
            kept.append(seed * 1000 + turn)
    return kept


@pytest.mark.concurrency
def test_readers_beside_writers_miss_none_and_get_none_twice(in_threads: Make) -> None:
    writers, readers = 5, [Reader() for _ in range(3)]
    writing, still = threading.Event(), threading.Semaphore(writers)
    writing.set()

    def work(index: int) -> list[int]:
        if index >= writers:
            readers[index - writers].read_while(writing)
            return []
        try:
            return write_now_and_then(index + 1, times=40)
        finally:
            still.acquire()
            if not still._value:
                writing.clear()

    results = in_threads(writers + len(readers), work)
    assert not [one for one in results if isinstance(one, BaseException)]
    kept = sorted(subject for subjects in results for subject in subjects)
    assert len(kept) > 150
    numbering.number_all_waiting_events()
    for reader in readers:
        assert reader.seen
        reader.read_to_the_end()
        assert [number for number, _ in reader.seen] == list(range(1, len(kept) + 1))
        assert sorted(subject for _, subject in reader.seen) == kept


# The API


def feed(client: APIClient, **query: Any) -> Any:
    return client.get("/api/events", query)


def test_a_channel_reads_the_events_of_its_programs(
    till: Channel, call_centre: Channel, client_of: Make, city_air: Program, other_program: Program
) -> None:
    for subject, program in ((1, city_air), (2, other_program), (3, None), (4, city_air)):
        leave(subject, program)
    answer = feed(client_of(till))
    assert answer.status_code == 200
    assert [(one["number"], one["program"], one["subject_id"]) for one in answer.json()["results"]] == [
        (1, "city-air", 1),
        (4, "city-air", 4),
    ]
    assert answer.json()["next_after"] == 4
    first = answer.json()["results"][0]
    assert (first["kind"], first["facts"]) == ("tried", {"points": 1})
    assert datetime.fromisoformat(first["recorded_at"]) == Event.objects.get(subject_id=1).recorded_at
    everything = feed(client_of(call_centre)).json()
    assert [one["subject_id"] for one in everything["results"]] == [1, 2, 3, 4]
    assert everything["results"][2]["program"] is None


def test_the_feed_is_resumed_after_a_number(call_centre: Channel, client_of: Make) -> None:
    for subject in range(1, 6):
        leave(subject)
    client = client_of(call_centre)
    first = feed(client, limit=2).json()
    second = feed(client, limit=2, after=first["next_after"]).json()
    third = feed(client, limit=2, after=second["next_after"]).json()
    end = feed(client, limit=2, after=third["next_after"]).json()
    read = [one["subject_id"] for page in (first, second, third) for one in page["results"]]
    assert read == [1, 2, 3, 4, 5]
    assert end == {"results": [], "next_after": third["next_after"]}


@pytest.mark.parametrize("query", [{"after": "-1"}, {"after": "x"}, {"after": 2**63}, {"limit": 0}, {"limit": 1001}])
def test_a_malformed_position_is_refused(call_centre: Channel, client_of: Make, query: dict[str, Any]) -> None:
    answer = feed(client_of(call_centre), **query)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.json()["errors"][0]["pointer"] == f"?{next(iter(query))}"


def test_the_feed_needs_its_scope(till: Channel, client_of: Make) -> None:
    assert feed(client_of(till, scopes="points:earn")).status_code == 403


def horizon() -> datetime:
    return EventHorizon.objects.get().at


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
    return at


@contextmanager
def as_role(name: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
