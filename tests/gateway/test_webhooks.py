"""A channel's own webhooks: registered, renewed and switched off; secrets sealed, shown once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test.utils import override_settings
from rest_framework.test import APIClient

from common import clock
from gateway import webhooks
from gateway.channels import system_actor
from gateway.events import record_event
from gateway.models import Channel, Event, IdempotencyRecord, WebhookDelivery, WebhookEndpoint
from gateway.numbering import number_all_waiting_events
from gateway.sealing import Unreadable, unseal
from gateway.webhooks import (
    NotGivenUp,
    SwitchedOff,
    TooManyWebhooks,
    WebhookExists,
    deactivate_webhook,
    register_webhook,
    retry_all,
    retry_delivery,
    rotate_secret,
    secrets_of,
    wants,
)
from programs.models import Program

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/loyalty"
ACTOR = system_actor()


@pytest.fixture
def endpoint(till: Channel) -> WebhookEndpoint:
    return register_webhook(till, url=URL, actor=ACTOR)[0]


def told() -> list[tuple[str, int, dict[str, Any]]]:
    found = Event.objects.filter(kind__startswith="webhook.").order_by("pk")
    return [(one.kind, one.subject_id, one.facts) for one in found]


def delivery_of(endpoint: WebhookEndpoint, status: str) -> WebhookDelivery:
    event = record_event("points.earned", program_id=None, subject_id=1, facts={})
    due = clock.now() if status == "waiting" else None
    return WebhookDelivery.objects.create(
        endpoint=endpoint, event_id=event.pk, number=event.pk, status=status, tries=10, next_try_at=due
    )


def test_a_webhook_begins_with_what_happens_from_now_on(till: Channel, city_air: Program) -> None:
    record_event("points.earned", program_id=city_air.pk, subject_id=1, facts={})
    number_all_waiting_events()
    row, secret = register_webhook(
        till, url=URL, actor=ACTOR, kinds=["points.", "card.blocked", "points."], description="ERP"
    )
    row.refresh_from_db()
    assert (row.channel, row.url, row.kinds, row.description, row.is_active) == (
        till, URL, ["card.blocked", "points."], "ERP", True,
    )  # fmt: skip
    assert row.after == Event.objects.filter(numbered__isnull=False).count() > 0
    assert secret.startswith("whsec_") and len(secret) == 50
    assert told() == [("webhook.registered", row.pk, {"channel": till.pk})]


def test_a_secret_is_stored_sealed_and_stands_in_no_history(endpoint: WebhookEndpoint) -> None:
    secret = secrets_of(endpoint, at=clock.now())[0]
    kept = bytes(WebhookEndpoint.objects.get().secret)
    assert secret.encode() not in kept and secret.removeprefix("whsec_").encode() not in kept
    assert secret in unseal(kept)
    assert "secret" not in {field.name for field in WebhookEndpoint.history.model._meta.fields}


def test_another_secret_key_reads_nothing_unless_it_is_kept_as_a_fallback(
    endpoint: WebhookEndpoint, settings: Any
) -> None:
    old, (secret,) = settings.SECRET_KEY, secrets_of(endpoint, at=clock.now())
    with override_settings(SECRET_KEY="quite another key"):
        with pytest.raises(Unreadable):
            secrets_of(endpoint, at=clock.now())
        with override_settings(SECRET_KEY_FALLBACKS=[old]):
            assert secrets_of(endpoint, at=clock.now()) == [secret]
        renewed = rotate_secret(endpoint, actor=ACTOR)
        endpoint.refresh_from_db()
        assert secrets_of(endpoint, at=clock.now()) == [renewed]


def test_for_a_day_the_former_secret_signs_too(endpoint: WebhookEndpoint) -> None:
    (first,) = secrets_of(endpoint, at=clock.now())
    second = rotate_secret(endpoint, actor=ACTOR)
    endpoint.refresh_from_db()
    now = clock.now()
    assert secrets_of(endpoint, at=now) == [second, first]
    assert secrets_of(endpoint, at=now + timedelta(hours=25)) == [second]
    assert second != first
    assert [one[0] for one in told()] == ["webhook.registered", "webhook.secret_renewed"]


def test_an_address_is_registered_once_and_comes_back_with_a_new_secret(
    till: Channel, call_centre: Channel, endpoint: WebhookEndpoint
) -> None:
    with pytest.raises(WebhookExists) as refused:
        register_webhook(till, url=URL, actor=ACTOR)
    assert refused.value.facts == {"webhook": endpoint.pk}
    assert register_webhook(call_centre, url=URL, actor=ACTOR)[0].pk != endpoint.pk
    (before,) = secrets_of(endpoint, at=clock.now())
    deactivate_webhook(endpoint, actor=ACTOR, reason="server is gone")
    again, secret = register_webhook(till, url=URL, actor=ACTOR, kinds=["card."])
    assert (again.pk, again.is_active, again.kinds) == (endpoint.pk, True, ["card."])
    assert secrets_of(again, at=clock.now()) == [secret] != [before]


def test_a_channel_has_a_limited_number(till: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MOST", 2)
    for number in range(2):
        register_webhook(till, url=f"{URL}/{number}", actor=ACTOR)
    with pytest.raises(TooManyWebhooks):
        register_webhook(till, url=URL, actor=ACTOR)
    assert WebhookEndpoint.objects.count() == 2


def test_switched_off_gives_up_what_waits_and_nothing_else(endpoint: WebhookEndpoint) -> None:
    waiting, done = delivery_of(endpoint, "waiting"), delivery_of(endpoint, "done")
    for _ in range(2):
        assert not deactivate_webhook(endpoint, actor=ACTOR).is_active
    waiting.refresh_from_db()
    done.refresh_from_db()
    assert (waiting.status, waiting.problem, waiting.next_try_at) == ("dead", "the webhook was switched off", None)
    assert (done.status, done.problem) == ("done", "")
    assert [one[0] for one in told()] == ["webhook.registered", "webhook.switched_off"]
    for verb in (lambda: rotate_secret(endpoint, actor=ACTOR), lambda: retry_delivery(waiting, actor=ACTOR)):
        with pytest.raises(SwitchedOff):
            verb()


def test_what_was_given_up_is_tried_again_from_the_first_try_on(endpoint: WebhookEndpoint) -> None:
    dead, done, other = (delivery_of(endpoint, status) for status in ("dead", "done", "dead"))
    with clock.frozen(clock.now()) as now:
        found = retry_delivery(dead, actor=ACTOR)
        assert (found.status, found.tries, found.next_try_at) == ("waiting", 0, now)
    for one in (dead, done):
        with pytest.raises(NotGivenUp):
            retry_delivery(one, actor=ACTOR)
    assert retry_all(endpoint, actor=ACTOR) == 1
    other.refresh_from_db()
    assert other.status == "waiting"


@pytest.mark.parametrize(
    ("kinds", "kind", "wanted"),
    [([], "card.blocked", True), (["card."], "card.blocked", True), (["card."], "points.earned", False)],
)
def test_kinds_are_beginnings(kinds: list[str], kind: str, wanted: bool) -> None:
    assert wants(WebhookEndpoint(kinds=kinds), kind) is wanted


# Through the API

ClientOf = Callable[..., APIClient]


def test_the_secret_is_in_the_answer_and_nowhere_else(client_of: ClientOf, till: Channel) -> None:
    client = client_of(till)
    made = client.post("/api/webhooks", {"url": URL, "kinds": ["points."]}, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201
    body = made.json()
    assert {name: body[name] for name in ("url", "kinds", "description", "is_active")} == {
        "url": URL, "kinds": ["points."], "description": "", "is_active": True,
    }  # fmt: skip
    assert secrets_of(WebhookEndpoint.objects.get(), at=clock.now()) == [body["secret"]]
    assert IdempotencyRecord.objects.count() == 0
    again = client.post("/api/webhooks", {"url": URL}, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["code"]) == (409, "webhook_exists")
    renewed = client.post(f"/api/webhooks/{body['id']}/rotate-secret", {})
    assert renewed.status_code == 200 and renewed.json()["secret"] != body["secret"]
    shown = [client.get("/api/webhooks").json()["results"][0], client.get(f"/api/webhooks/{body['id']}").json()]
    assert shown[0] == shown[1] and "secret" not in shown[0] and shown[0]["url"] == URL


def test_a_dry_run_keeps_nothing(client_of: ClientOf, till: Channel) -> None:
    made = client_of(till).post("/api/webhooks?dry_run=true", {"url": URL})
    assert (made.status_code, made.json()["id"], made.json()["dry_run"]) == (201, None, True)
    assert WebhookEndpoint.objects.count() == 0 and told() == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"url": "https://10.0.0.1/"}, "/url"), ({"url": URL, "kinds": ["Points!"]}, "/kinds"), ({"kinds": []}, "/url")],
)
def test_what_is_wrong_is_pointed_at(client_of: ClientOf, till: Channel, body: Any, pointer: str) -> None:
    refused = client_of(till).post("/api/webhooks", body)
    assert refused.status_code in (400, 422)
    assert [one["pointer"] for one in refused.json()["errors"]] == [pointer]


def test_a_channel_sees_and_touches_its_own_only(
    client_of: ClientOf, till: Channel, call_centre: Channel, endpoint: WebhookEndpoint
) -> None:
    dead = delivery_of(endpoint, "dead")
    other, mine = client_of(call_centre), client_of(till)
    one = f"/api/webhooks/{endpoint.pk}"
    assert other.get("/api/webhooks").json()["results"] == []
    for call, path in (
        (other.get, one), (other.delete, one), (other.post, f"{one}/rotate-secret"), (other.get, f"{one}/deliveries"),
        (other.post, f"{one}/deliveries/{dead.pk}/retry"), (mine.get, "/api/webhooks/999999"),
    ):  # fmt: skip
        assert call(path).status_code == 404, path
    assert WebhookEndpoint.objects.get().is_active
    (shown,) = mine.get(f"{one}/deliveries?status=dead").json()["results"]
    assert (shown["id"], shown["kind"], shown["status"], shown["program"]) == (dead.pk, "points.earned", "dead", None)
    assert mine.get(f"{one}/deliveries?status=done").json()["results"] == []
    retried = mine.post(f"{one}/deliveries/{dead.pk}/retry", {})
    assert (retried.status_code, retried.json()["status"], retried.json()["tries"]) == (200, "waiting", 0)
    assert mine.delete(one).status_code == 204
    assert not WebhookEndpoint.objects.get().is_active
