"""Eight tills with one key at the same moment: the verb runs once. Without lock and claim it does not."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from gateway import idempotency
from gateway.events import record_event
from gateway.models import Channel, Event, IdempotencyRecord
from tests.gateway.urls import Batch, Verb

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.gateway.urls"),
    pytest.mark.concurrency,
]

Make = Callable[..., Any]
THREADS, ROUNDS = 8, 15


@pytest.fixture(autouse=True)
def nothing_on_the_ledger(settings: Any) -> None:
    settings.LOYALTY_LEDGER_KEY_LOOKUP = "tests.gateway.test_idempotency.known_to_ledger"


def slow(request: Any) -> tuple[int, Any]:
    event = record_event("tried", program_id=None, subject_id=1, facts={})
    time.sleep(0.02)
    return 201, {"event": event.pk}


@pytest.fixture
def race(
    till: Channel, client_of: Make, in_threads: Make, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[Any]]:
    monkeypatch.setattr(Verb, "func", staticmethod(slow), raising=False)
    clients: list[APIClient] = [client_of(till) for _ in range(THREADS)]

    def run(key: str) -> list[Any]:
        return in_threads(
            THREADS, lambda index: clients[index].post("/api/verb", {"points": 5}, headers={"Idempotency-Key": key})
        )

    return run


def first_answers(answers: list[Any]) -> list[Any]:
    return [one for one in answers if one.status_code == 201 and "Idempotent-Replayed" not in one]


def test_one_key_one_execution(race: Callable[[str], list[Any]]) -> None:
    for round_ in range(ROUNDS):
        answers = race(f"k-{round_}")
        (first,) = first_answers(answers)
        for other in answers:
            if other.status_code == 409:
                assert (other.json()["code"], other["Retry-After"]) == ("key_in_progress", "1")
            else:
                assert (other.status_code, other.content) == (201, first.content)
    assert Event.objects.count() == ROUNDS
    assert IdempotencyRecord.objects.filter(status=201).count() == ROUNDS


def test_the_claim_alone_still_holds(race: Callable[[str], list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that claims by the unique key without the lock, as the online statements do, waits instead."""
    monkeypatch.setattr(idempotency, "take_key", lambda *_: None)
    answers = race("k")
    assert len(first_answers(answers)) == 1
    assert {one.status_code for one in answers} == {201}
    assert Event.objects.count() == 1


@pytest.mark.control
def test_without_lock_and_claim_the_verb_doubles(
    race: Callable[[str], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: look first, insert later."""
    monkeypatch.setattr(idempotency, "take_key", lambda *_: None)
    monkeypatch.setattr(idempotency, "claim", idempotency.stored_response)
    answers = race("k")
    assert len(first_answers(answers)) > 1
    assert Event.objects.count() > 1


def test_one_batch_sent_by_all_at_once_does_each_item_once(
    till: Channel, client_of: Make, in_threads: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def item(index: int) -> tuple[int, Any]:
        record_event("item", program_id=None, subject_id=index, facts={})
        time.sleep(0.002)
        return 201, {"item": index}

    monkeypatch.setattr(Batch, "item", staticmethod(item), raising=False)
    clients = [client_of(till) for _ in range(THREADS)]

    def send(index: int) -> Any:
        for _ in range(200):
            answer = clients[index].post("/api/batch", {"count": 10}, headers={"Idempotency-Key": "b"})
            if answer.status_code != 409:
                return answer
            time.sleep(0.01)
        return answer

    answers = in_threads(THREADS, send)
    assert {(one.status_code, one.content) for one in answers} == {(200, answers[0].content)}
    assert sorted(Event.objects.values_list("subject_id", flat=True)) == list(range(1, 11))
