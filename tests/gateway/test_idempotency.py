"""One key, one execution, one answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIClient

from common import clock
from common.errors import Conflict, LoyaltyError, NotFound
from gateway import idempotency
from gateway.answers import AnswerErased, KeyReused, key_digest, register_form, request_digest
from gateway.api.writing import answer_concerns
from gateway.events import record_event
from gateway.idempotency import blank_answers_of, forget_old_answers, stored_response
from gateway.models import Channel, Event, IdempotencyRecord
from tests.gateway.urls import Batch, Verb

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.gateway.urls")]

Make = Callable[..., Any]
ledger: dict[bytes, dict[str, Any]] = {}


def known_to_ledger(channel_id: int, digest: bytes, ordinal: int) -> dict[str, Any] | None:
    return ledger.get(digest)


class Short(LoyaltyError):
    code = "insufficient_points"
    title = "Not enough points"


@pytest.fixture(autouse=True)
def empty_ledger(settings: Any) -> None:
    settings.LOYALTY_LEDGER_KEY_LOOKUP = "tests.gateway.test_idempotency.known_to_ledger"
    ledger.clear()


@pytest.fixture
def client(till: Channel, client_of: Make) -> APIClient:
    made: APIClient = client_of(till)
    return made


def records_event(request: Any) -> tuple[int, Any]:
    event = record_event("tried", program_id=None, subject_id=1, facts={})
    return 201, {"event": event.pk, "said": "déjà vu", "at": event.recorded_at}


def refuses(error: Exception) -> Callable[[Any], Any]:
    def func(request: Any) -> Any:
        record_event("tried", program_id=None, subject_id=1, facts={})
        raise error

    return func


def post(client: APIClient, key: str | None = "k-1", body: Any = None, path: str = "/api/verb") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(path, body if body is not None else {"points": 5}, headers=headers)


def same(one: Any, other: Any) -> bool:
    return (one.status_code, one.content, one["Content-Type"]) == (
        other.status_code,
        other.content,
        other["Content-Type"],
    )


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    def choose(func: Any) -> None:
        monkeypatch.setattr(Verb, "func", staticmethod(func), raising=False)

    choose(records_event)
    return choose


def test_a_repeated_request_gets_the_first_answer_byte_for_byte(client: APIClient, verb: Any) -> None:
    first, second = post(client), post(client)
    assert first.status_code == 201 and "Idempotent-Replayed" not in first
    assert same(first, second)
    assert second["Idempotent-Replayed"] == "true"
    assert Event.objects.count() == 1


def test_another_body_or_path_under_the_key_is_refused(client: APIClient, verb: Any) -> None:
    post(client)
    for other in (post(client, body={"points": 6}), post(client, path="/api/other-verb")):
        assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert Event.objects.count() == 1
    assert IdempotencyRecord.objects.count() == 1


def test_two_channels_may_use_one_key(client: APIClient, call_centre: Channel, client_of: Make, verb: Any) -> None:
    assert post(client).status_code == 201
    other = post(client_of(call_centre))
    assert other.status_code == 201 and "Idempotent-Replayed" not in other
    assert Event.objects.count() == 2


def test_a_missing_key_does_nothing(client: APIClient, verb: Any) -> None:
    answer = post(client, key=None)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert (Event.objects.count(), IdempotencyRecord.objects.count()) == (0, 0)


@pytest.mark.parametrize(("key", "status"), [("x" * 255, 201), ("x" * 256, 400), ("", 400), ("a\tb", 400), ("ü", 400)])
def test_a_key_has_1_to_255_printable_characters(client: APIClient, verb: Any, key: str, status: int) -> None:
    assert post(client, key=key).status_code == status
    assert Event.objects.count() == (1 if status == 201 else 0)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Short("300 are there, 500 were asked.", facts={"available": 300}), 422, "insufficient_points"),
        (NotFound("Nothing here."), 404, "not_found"),
        (ValidationError({"points": "Too many."}), 400, "malformed"),
    ],
)
def test_a_refusal_for_good_is_stored_and_leaves_nothing_else(
    client: APIClient, verb: Any, error: Exception, status: int, code: str
) -> None:
    verb(refuses(error))
    first = post(client)
    verb(records_event)
    second = post(client)
    assert (first.status_code, first.json()["code"], first["Content-Type"]) == (
        status,
        code,
        "application/problem+json",
    )
    assert same(first, second) and second["Idempotent-Replayed"] == "true"
    assert Event.objects.count() == 0


def test_a_passing_refusal_is_not_stored(client: APIClient, verb: Any) -> None:
    verb(refuses(Conflict("Locked for now.")))
    assert post(client).status_code == 409
    assert (Event.objects.count(), IdempotencyRecord.objects.count()) == (0, 0)
    verb(records_event)
    assert post(client).status_code == 201


def test_a_fault_of_ours_is_not_stored(client: APIClient, verb: Any) -> None:
    verb(refuses(RuntimeError("bug")))
    client.raise_request_exception = False
    assert post(client).status_code == 500
    assert (Event.objects.count(), IdempotencyRecord.objects.count()) == (0, 0)


def test_a_dry_run_needs_claims_and_stores_no_key(client: APIClient, verb: Any) -> None:
    for key in (None, "k-1"):
        answer = post(client, key=key, path="/api/verb?dry_run=true")
        assert (answer.status_code, answer.json()["dry_run"]) == (201, True)
    assert (Event.objects.count(), IdempotencyRecord.objects.count()) == (0, 0)
    assert "Idempotent-Replayed" not in post(client)


def test_after_seven_days_the_answer_is_forgotten(client: APIClient, verb: Any) -> None:
    first = post(client)
    IdempotencyRecord.objects.update(created_at=clock.now() - timedelta(days=7) + timedelta(minutes=1))
    assert same(first, post(client))
    IdempotencyRecord.objects.update(created_at=clock.now() - timedelta(days=7, seconds=1))
    again = post(client, body={"points": 6})
    assert again.status_code == 201 and "Idempotent-Replayed" not in again
    assert Event.objects.count() == 2


@pytest.mark.parametrize("is_purged", [True, False])
def test_a_key_the_ledger_knows_posts_nothing_after_seven_days(client: APIClient, verb: Any, is_purged: bool) -> None:
    post(client)
    IdempotencyRecord.objects.update(created_at=clock.now() - timedelta(days=8))
    ledger[key_digest("k-1")] = {"posting": 77}
    if is_purged:
        assert forget_old_answers() == 1
    answer = post(client)
    assert (answer.status_code, answer.json()["code"], answer.json()["facts"]) == (409, "key_used", {"posting": 77})
    assert Event.objects.count() == 1


def test_only_answers_past_their_time_are_forgotten(client: APIClient, verb: Any) -> None:
    for key in ("old", "young"):
        post(client, key=key)
    IdempotencyRecord.objects.filter(key_digest=key_digest("old")).update(
        created_at=clock.now() - timedelta(days=7, seconds=1)
    )
    assert forget_old_answers() == 1
    assert bytes(IdempotencyRecord.objects.get().key_digest) == key_digest("young")
    assert forget_old_answers() == 0


def test_an_erased_answer_is_gone_but_the_deed_is_not_repeated(client: APIClient, verb: Any) -> None:
    def names_persons(request: Any) -> Any:
        answer_concerns(request, customers=[41, 42])
        return records_event(request)

    verb(names_persons)
    post(client)
    post(client, key="k-2", body={"points": 7})
    IdempotencyRecord.objects.filter(key_digest=key_digest("k-2")).update(customers=[43])
    assert blank_answers_of(42) == 1
    answer = post(client)
    assert (answer.status_code, answer.json()["code"]) == (410, "erased")
    assert Event.objects.count() == 2
    assert IdempotencyRecord.objects.get(key_digest=key_digest("k-1")).body is None
    assert post(client, key="k-2", body={"points": 7}).status_code == 201


def test_a_compact_answer_is_rendered_by_its_form(till: Channel) -> None:
    register_form("test-form", lambda raw: b'{"points":' + raw + b"}")
    asked = request_digest("POST", "/api/verb", b"{}")
    make_record(till, asked, form="test-form", body=b"5")
    answer = stored_response(till.pk, key_digest("k"), asked)
    assert answer is not None
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (201, b'{"points":5}', "application/json")
    assert answer["Idempotent-Replayed"] == "true"
    with pytest.raises(ValueError, match="taken"):
        register_form("test-form", lambda raw: raw)


def test_a_direct_look_for_a_stored_answer(till: Channel) -> None:
    asked = request_digest("POST", "/api/verb", b"{}")
    assert stored_response(till.pk, key_digest("k"), asked) is None
    record = make_record(till, asked, body=b"{}")
    with pytest.raises(KeyReused):
        stored_response(till.pk, key_digest("k"), request_digest("POST", "/api/verb", b"{ }"))
    IdempotencyRecord.objects.filter(pk=record.pk).update(erased=True, body=None)
    with pytest.raises(AnswerErased):
        stored_response(till.pk, key_digest("k"), asked)


def make_record(channel: Channel, asked: bytes, **values: Any) -> IdempotencyRecord:
    return IdempotencyRecord.objects.create(
        channel=channel,
        key_digest=key_digest("k"),
        request_digest=asked,
        status=201,
        created_at=timezone.now(),
        **values,
    )


def test_staff_who_share_the_desk_do_not_share_keys() -> None:
    assert len({key_digest("k"), key_digest("k", "user:1"), key_digest("k", "user:2")}) == 3


# Batches


def batch(client: APIClient, count: int = 3, key: str = "b-1") -> Any:
    return post(client, key, {"count": count}, "/api/batch")


def choose_item(monkeypatch: pytest.MonkeyPatch, item: Callable[[int], Any]) -> None:
    monkeypatch.setattr(Batch, "item", staticmethod(item), raising=False)


def item_done(index: int) -> Any:
    record_event("item", program_id=None, subject_id=index, facts={})
    return 201, {"item": index}


def test_a_batch_stores_each_item_and_then_the_whole(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def item(index: int) -> Any:
        done = item_done(index)
        if index == 2:
            raise Short("Not enough.")
        return done

    choose_item(monkeypatch, item)
    first, second = batch(client), batch(client)
    assert [status for status, _ in first.json()["results"]] == [201, 422, 201]
    assert same(first, second) and second["Idempotent-Replayed"] == "true"
    assert list(Event.objects.values_list("subject_id", flat=True)) == [1, 3]
    assert list(IdempotencyRecord.objects.order_by("ordinal").values_list("ordinal", "status")) == [
        (0, 200),
        (1, 201),
        (2, 422),
        (3, 201),
    ]


def test_an_interrupted_batch_goes_on_where_it_stood(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(index: int) -> Any:
        if index == 3:
            raise RuntimeError("killed")
        return item_done(index)

    choose_item(monkeypatch, breaks)
    client.raise_request_exception = False
    assert batch(client).status_code == 500
    choose_item(monkeypatch, item_done)
    again = batch(client)
    assert again.json() == {"results": [[201, {"item": index}] for index in (1, 2, 3)]}
    assert list(Event.objects.values_list("subject_id", flat=True)) == [1, 2, 3]


def test_an_item_that_met_a_passing_state_is_tried_again(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(index: int) -> Any:
        if index == 2:
            raise Conflict("Busy.")
        return item_done(index)

    choose_item(monkeypatch, busy)
    assert [status for status, _ in batch(client).json()["results"]] == [201, 409, 201]
    choose_item(monkeypatch, item_done)
    assert [status for status, _ in batch(client).json()["results"]] == [201, 201, 201]
    assert sorted(Event.objects.values_list("subject_id", flat=True)) == [1, 2, 3]


def test_a_batch_under_a_used_key_is_refused(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    choose_item(monkeypatch, item_done)
    batch(client)
    assert batch(client, count=4).json()["code"] == "key_reused"
    assert Event.objects.count() == 3


def test_a_rehearsed_batch_leaves_nothing(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    choose_item(monkeypatch, item_done)
    answer = client.post("/api/batch?dry_run=true", {"count": 2})
    assert answer.json() == {"results": [[201, {"item": 1}], [201, {"item": 2}]], "dry_run": True}
    assert (Event.objects.count(), IdempotencyRecord.objects.count()) == (0, 0)


def test_the_whole_of_a_batch_names_the_customers_of_its_items(till: Channel) -> None:
    asked, digest = request_digest("POST", "/", b""), key_digest("k")
    for ordinal, customers in ((0, []), (1, [7, 5]), (2, [5]), (3, [])):
        assert idempotency.claim(till.pk, digest, asked, ordinal) is None
        if ordinal:
            idempotency.store(till.pk, digest, 201, b"{}", ordinal=ordinal, customers=customers)
    idempotency.store_whole(till.pk, digest, 200, b"[]")
    assert IdempotencyRecord.objects.get(ordinal=0).customers == [5, 7]
