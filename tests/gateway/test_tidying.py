"""The hourly run of the gateway."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from common import clock
from gateway.channels import built_in_channel_id, system_actor
from gateway.events import record_event
from gateway.models import Channel, EventNumber, IdempotencyRecord, WebhookDelivery
from gateway.webhooks import register_webhook

pytestmark = pytest.mark.django_db(transaction=True)


def stored(key: bytes, *, days: int) -> IdempotencyRecord:
    return IdempotencyRecord.objects.create(
        channel_id=built_in_channel_id("desk"), key_digest=key * 32, request_digest=b"r" * 32, status=200,
        created_at=clock.now() - timedelta(days=days),
    )  # fmt: skip


def test_old_answers_go_young_ones_stay_and_events_get_their_numbers() -> None:
    stored(b"o", days=8)
    young = stored(b"y", days=6)
    record_event("told", program_id=None, subject_id=1, facts={})
    out = StringIO()
    call_command("tidy_gateway", stdout=out)
    assert out.getvalue().startswith("1 events numbered, 1 answers, 0 counters and 0 deliveries deleted.")
    assert list(IdempotencyRecord.objects.all()) == [young]
    assert EventNumber.objects.count() == 1
    out = StringIO()
    call_command("tidy_gateway", stdout=out)
    assert out.getvalue().startswith("0 events numbered, 0 answers, 0 counters and 0 deliveries deleted.")


def test_deliveries_that_arrived_long_ago_go_and_those_given_up_stay(till: Channel) -> None:
    endpoint, _ = register_webhook(till, url="https://hooks.example.com", actor=system_actor())
    event = record_event("told", program_id=None, subject_id=1, facts={})
    long_ago, lately = (clock.now() - timedelta(days=days) for days in (31, 29))
    for number, (status, at) in enumerate([("done", long_ago), ("done", lately), ("dead", None)]):
        WebhookDelivery.objects.create(endpoint=endpoint, event=event, number=number, status=status, done_at=at)
    out = StringIO()
    call_command("tidy_gateway", stdout=out)
    assert out.getvalue().strip().endswith("0 counters and 1 deliveries deleted.")
    assert list(WebhookDelivery.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
