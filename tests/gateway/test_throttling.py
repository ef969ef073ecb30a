"""Requests per minute and wrong guesses, counted for all processes together."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from gateway import throttling
from gateway.models import Channel, Throttle
from gateway.throttling import (
    count_failure,
    forget_old_windows,
    forget_permits,
    take_permit,
    too_many_failures,
)

pytestmark = pytest.mark.urls("tests.gateway.urls")

Make = Callable[..., Any]


class Clock:
    now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Real time stands still at the start of a minute."""
    made = Clock()
    monkeypatch.setattr(throttling, "time", made)
    return made


def granted(subject: str, limit: int, tries: int) -> int:
    return sum(take_permit(subject, limit) for _ in range(tries))


@pytest.mark.django_db
@pytest.mark.parametrize("limit", [1, 7, 50, 99, 600])
def test_one_process_grants_exactly_the_limit(at: Clock, limit: int) -> None:
    assert granted("channel:1", limit, limit + 20) == limit


@pytest.mark.django_db
def test_the_next_minute_begins_anew(at: Clock) -> None:
    assert granted("channel:1", 3, 5) == 3
    at.now += 59.9
    assert not take_permit("channel:1", 3)
    at.now += 0.1
    assert granted("channel:1", 3, 5) == 3


@pytest.mark.django_db
def test_callers_do_not_count_for_each_other(at: Clock) -> None:
    assert granted("channel:1", 2, 3) == 2
    assert granted("channel:2", 2, 3) == 2


@pytest.mark.django_db
def test_a_minute_costs_fifty_statements_and_a_spent_one_none(at: Clock) -> None:
    with CaptureQueriesContext(connection) as queries:
        granted("channel:1", 1000, 1000)
    assert len(queries) == 50
    assert not take_permit("channel:1", 1000)
    with CaptureQueriesContext(connection) as queries:
        granted("channel:1", 1000, 100)
    assert len(queries) == 0


@pytest.mark.django_db
def test_a_process_that_took_and_did_not_use_costs_others_at_most_one_share(at: Clock) -> None:
    assert take_permit("channel:1", 1000)
    forget_permits()
    assert granted("channel:1", 1000, 2000) == 1000 - 20


@pytest.mark.django_db
def test_too_many_requests_are_told_when_to_come_again(till: Channel, client_of: Make) -> None:
    till.requests_per_minute = 2
    till.save()
    client = client_of(till)
    answers = [client.get("/api/verb") for _ in range(5)]
    # A full minute may pass in between.
    assert [one.status_code for one in answers].count(429) >= 1
    refused = next(one for one in answers if one.status_code == 429)
    assert (refused.json()["code"], refused["Content-Type"]) == ("throttled", "application/problem+json")
    assert 1 <= int(refused["Retry-After"]) <= 60


@pytest.mark.django_db(transaction=True)
def test_guesses_are_counted_over_two_windows(at: Clock) -> None:
    for _ in range(3):
        count_failure("cards:1")
    assert too_many_failures("cards:1", limit=3)
    assert not too_many_failures("cards:1", limit=4)
    assert not too_many_failures("cards:2", limit=1)
    at.now += throttling.FAILURE_WINDOW
    assert too_many_failures("cards:1", limit=3)
    at.now += throttling.FAILURE_WINDOW
    assert not too_many_failures("cards:1", limit=1)


@pytest.mark.django_db(transaction=True)
def test_a_guess_is_counted_though_its_transaction_is_rolled_back() -> None:
    with transaction.atomic():
        count_failure("cards:1")
        transaction.set_rollback(True)
    assert Throttle.objects.get(subject="cards:1").count == 1


@pytest.mark.django_db(transaction=True)
def test_counters_of_the_past_are_forgotten(at: Clock) -> None:
    take_permit("channel:1", 10)
    count_failure("cards:1")
    assert forget_old_windows() == 0
    at.now += throttling.KEPT.total_seconds() + throttling.FAILURE_WINDOW
    take_permit("channel:1", 10)
    assert forget_old_windows() == 2
    assert Throttle.objects.count() == 1


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_eight_threads_of_one_process_get_no_more_than_the_limit(at: Clock, in_threads: Make) -> None:
    results = in_threads(8, lambda index: granted("channel:1", 500, 150))
    assert sum(results) == 500


COUNT_IN_PROCESS = """
import sys, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from gateway import throttling
class At:
    time = staticmethod(lambda: 1_800_000_000.0)
throttling.time = At
sys.stdin.readline()
print(sum(throttling.take_permit("channel:1", 500) for _ in range(600)))
"""


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_two_processes_together_stay_within_two_percent_below_the_limit() -> None:
    name = str(connection.settings_dict["NAME"])
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "loyalty_site.settings"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COUNT_IN_PROCESS, name],
            cwd=Path(__file__).parents[2],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    counts = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert 490 <= sum(counts) <= 500


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
@pytest.mark.control
def test_counting_by_reading_first_would_let_more_through(in_threads: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a counter that is read and then written loses counts."""
    barrier = threading.Barrier(8)

    def read_then_write(through: Any, subject: str, window: int, by: int) -> int:
        found = Throttle.objects.filter(subject=subject).first()
        count = (found.count if found else 0) + by
        barrier.wait(timeout=10)
        Throttle.objects.update_or_create(subject=subject, window=throttling._at(window), defaults={"count": count})
        return count

    monkeypatch.setattr(throttling, "_count", read_then_write)
    while throttling.seconds_left(60) < 5:
        time.sleep(0.5)
    assert sum(in_threads(8, lambda index: take_permit("channel:1", 2))) == 8
