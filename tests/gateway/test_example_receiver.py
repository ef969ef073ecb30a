"""The receiver of docs/webhooks.md takes what is really sent, once, and nothing else."""

import importlib.util
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from common import clock
from gateway.channels import system_actor
from gateway.delivering import body_of, deliver_events, headers_of
from gateway.events import record_event
from gateway.models import Channel, WebhookDelivery
from gateway.pauses import Pauses
from gateway.webhooks import register_webhook
from programs.models import Program

EXAMPLE = Path(__file__).parents[2] / "examples" / "receive_webhooks.py"

WRONG = {"webhook-id": "evt_4", "webhook-timestamp": "1795305600", "webhook-signature": "v1,AAAA"}


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("receive_webhooks", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server(settings: Any, example: ModuleType) -> Iterator[ThreadingHTTPServer]:
    """Still without its receiver: the secret is known only after the registration."""
    settings.LOYALTY_WEBHOOKS_PRIVATE = True
    server = ThreadingHTTPServer(("127.0.0.1", 0), example.handler_of(None))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.django_db
def test_it_takes_what_is_sent(
    till: Channel, city_air: Program, server: ThreadingHTTPServer, example: ModuleType, capfd: Any
) -> None:
    endpoint, secret = register_webhook(till, url=f"http://127.0.0.1:{server.server_port}/", actor=system_actor())
    taken: list[dict[str, Any]] = []
    receiver = example.Receiver(secret, taken.append)
    server.RequestHandlerClass = example.handler_of(receiver)
    record_event("points.earned", program_id=city_air.pk, subject_id=7, facts={"points": 120})
    assert deliver_events(pauses=Pauses()) == {"planned": 1, "done": 1}
    assert [(one["type"], one["data"]["subject_id"], one["data"]["facts"]) for one in taken] == [
        ("points.earned", 7, {"points": 120})
    ]
    # The same once more, as after a worker that died.
    delivery = WebhookDelivery.objects.get(endpoint=endpoint)
    body = body_of(delivery.event, delivery.number)
    headers = headers_of(delivery, body, at=clock.now())
    assert receiver.receive(body.encode(), headers) == 204
    assert len(taken) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("spoiled", ["webhook-id", "webhook-timestamp", "webhook-signature", "body"])
def test_it_refuses_what_was_changed_on_the_way(
    till: Channel, city_air: Program, example: ModuleType, spoiled: str
) -> None:
    endpoint, secret = register_webhook(till, url="https://hooks.example.com", actor=system_actor())
    event = record_event("points.earned", program_id=city_air.pk, subject_id=7, facts={"points": 120})
    body = body_of(event, 3)
    headers = headers_of(WebhookDelivery(endpoint=endpoint, number=3), body, at=clock.now())
    taken: list[Any] = []
    receiver = example.Receiver(secret, taken.append)
    sent = body.replace("120", "999") if spoiled == "body" else body
    wrong = headers if spoiled == "body" else headers | {spoiled: WRONG[spoiled]}
    assert receiver.receive(sent.encode(), wrong) == 401
    assert taken == []
    assert receiver.receive(body.encode(), headers) == 204
