"""From the feed to a real server and back: signed, in time, tried again, given up, never lost."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import QuerySet
from standardwebhooks import WebhookVerificationError

from common import clock
from gateway import delivering
from gateway.calling import call
from gateway.channels import system_actor
from gateway.delivering import TRIES, WAITS, deliver_events, plan_deliveries
from gateway.events import record_event
from gateway.models import Channel, ChannelProgram, WebhookDelivery, WebhookEndpoint
from gateway.numbering import number_all_waiting_events
from gateway.pauses import Pauses
from gateway.webhooks import register_webhook, rotate_secret
from programs.models import Program
from tests.gateway.receiver import Receiver, receiving
from tests.threads import errors_in, together

ACTOR = system_actor()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.LOYALTY_WEBHOOKS_PRIVATE = True
    with receiving() as one:
        yield one


@pytest.fixture
def deliver() -> Any:
    """As a worker that knows nothing of earlier failures."""
    return lambda **options: deliver_events(pauses=Pauses(), **options)


def registered(channel: Channel, receiver: Receiver, **values: Any) -> tuple[WebhookEndpoint, str]:
    return register_webhook(channel, url=f"{receiver.url}/hook", actor=ACTOR, **values)


def happen(program: Program | None, *kinds: str) -> None:
    for n, kind in enumerate(kinds):
        record_event(kind, program_id=program and program.pk, subject_id=n, facts={"points": 120, "why": "Café"})


def state(delivery: WebhookDelivery | None = None) -> tuple[Any, ...]:
    row = WebhookDelivery.objects.get() if delivery is None else delivery
    return row.status, row.tries, row.answered, row.problem


@pytest.mark.django_db
def test_what_happens_arrives_signed_and_once(
    till: Channel, city_air: Program, receiver: Receiver, deliver: Any
) -> None:
    endpoint, secret = registered(till, receiver)
    happen(city_air, "points.earned", "card.blocked")
    # Its own registration belongs to no program, so the till does not see it.
    assert deliver() == {"planned": 2, "done": 2}
    assert deliver() == {}
    rows = list(WebhookDelivery.objects.order_by("number"))
    assert [(*state(one), one.program, one.endpoint) for one in rows] == [
        ("done", 1, 204, "", city_air, endpoint), ("done", 1, 204, "", city_air, endpoint),
    ]  # fmt: skip
    assert receiver.ids == [f"evt_{one.number}" for one in rows]
    first = receiver.verified(secret)[0]
    assert first["type"] == "points.earned"
    assert first["data"] == {
        "number": rows[0].number, "program": "city-air", "subject_id": 0, "facts": {"points": 120, "why": "Café"},
    }  # fmt: skip
    assert set(first) == {"type", "timestamp", "data"}
    with pytest.raises(WebhookVerificationError):
        receiver.verified("whsec_" + "A" * 44)


@pytest.mark.django_db
def test_only_wanted_kinds_of_programs_the_channel_sees(
    till: Channel, city_air: Program, other_program: Program, receiver: Receiver, deliver: Any
) -> None:
    _, secret = registered(till, receiver, kinds=["card."])
    happen(city_air, "points.earned", "card.blocked", "cards.counted")
    happen(other_program, "card.blocked")
    happen(None, "card.of_nobody")
    assert deliver() == {"planned": 1, "done": 1}
    assert [one["type"] for one in receiver.verified(secret)] == ["card.blocked"]
    till.scope_list = ["points:earn"]
    till.save()
    happen(city_air, "card.blocked")
    assert deliver() == {}


@pytest.mark.django_db
def test_a_right_that_was_taken_away_meanwhile_counts(
    till: Channel, city_air: Program, receiver: Receiver, deliver: Any
) -> None:
    registered(till, receiver)
    happen(city_air, "points.earned")
    number_all_waiting_events()
    assert plan_deliveries() == 1
    ChannelProgram.objects.get(channel=till).delete()
    assert deliver() == {"dead": 1}
    assert state() == ("dead", 1, None, "the channel may not see this event any more")
    assert receiver.got == []


@pytest.mark.django_db
def test_it_is_tried_ten_times_within_sixteen_hours_and_then_given_up(
    till: Channel, city_air: Program, receiver: Receiver, deliver: Any
) -> None:
    _, secret = registered(till, receiver)
    happen(city_air, "points.earned")
    receiver.answers += [500] * 20
    at = clock.now()
    for tries, wait in enumerate(WAITS, start=1):
        with clock.frozen(at):
            assert deliver()["waiting"] == 1
            row = WebhookDelivery.objects.get()
            assert (*state(row), row.next_try_at) == ("waiting", tries, 500, "HTTP 500", at + wait)
        with clock.frozen(at + wait - timedelta(seconds=1)):
            assert deliver()["waiting"] == 0
        at += wait
    assert at - clock.now() < timedelta(hours=16)
    with clock.frozen(at):
        assert deliver() == {"dead": 1}
        assert deliver() == {}
    assert state() == ("dead", TRIES, 500, "HTTP 500")
    assert WebhookDelivery.objects.get().next_try_at is None
    assert len(receiver.got) == TRIES == 10
    # A receiver that has seen it knows it again, and the text is the same.
    assert len(set(receiver.ids)) == 1 and len({body for _, body in receiver.got}) == 1
    assert secret not in str(receiver.got)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "answered", "problem"), [(302, 302, "HTTP 302"), ("silent", None, "no answer in time")]
)
def test_redirects_and_silence_are_no_delivery(
    till: Channel, city_air: Program, receiver: Receiver, deliver: Any, monkeypatch: pytest.MonkeyPatch,
    answer: int | str, answered: int | None, problem: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(delivering, "call", partial(call, timeout=0.3))
    registered(till, receiver)
    happen(city_air, "points.earned")
    receiver.answers.append(answer)
    assert deliver() == {"planned": 1, "waiting": 1}
    assert state() == ("waiting", 1, answered, problem)
    with clock.frozen(clock.now() + WAITS[0]):
        assert deliver() == {"done": 1}
    assert state() == ("done", 2, 204, "")


@pytest.mark.django_db
def test_gone_switches_the_webhook_off(till: Channel, city_air: Program, receiver: Receiver, deliver: Any) -> None:
    endpoint, _ = registered(till, receiver)
    happen(city_air, "points.earned", "points.redeemed")
    receiver.answers.append(410)
    assert deliver() == {"planned": 2, "dead": 1}
    endpoint.refresh_from_db()
    assert not endpoint.is_active
    assert [state(one) for one in WebhookDelivery.objects.order_by("number")] == [
        ("dead", 1, 410, "HTTP 410"), ("dead", 0, None, "the webhook was switched off"),
    ]  # fmt: skip
    happen(city_air, "points.earned")
    assert deliver() == {}
    assert len(receiver.got) == 1


@pytest.mark.django_db
def test_both_secrets_sign_after_a_change(till: Channel, city_air: Program, receiver: Receiver, deliver: Any) -> None:
    endpoint, first = registered(till, receiver)
    second = rotate_secret(endpoint, actor=ACTOR)
    happen(city_air, "points.earned")
    deliver()
    assert receiver.verified(first) == receiver.verified(second)


@pytest.mark.django_db
def test_a_server_that_does_not_answer_holds_up_no_other(
    till: Channel, call_centre: Channel, city_air: Program, receiver: Receiver, deliver: Any
) -> None:
    down, _ = register_webhook(till, url="http://127.0.0.1:9/", actor=ACTOR)
    registered(call_centre, receiver, kinds=["points."])
    happen(city_air, *["points.earned"] * 5)
    pauses = Pauses()
    assert deliver_events(pauses=pauses) == {"planned": 10, "done": 5, "waiting": 1}
    assert pauses.resting() == [down.pk]
    tries = WebhookDelivery.objects.filter(endpoint=down).order_by("number").values_list("tries", flat=True)
    assert list(tries) == [1, 0, 0, 0, 0]


@pytest.mark.django_db
def test_a_secret_that_can_not_be_read_is_told(
    till: Channel, city_air: Program, receiver: Receiver, deliver: Any, settings: Any
) -> None:
    registered(till, receiver)
    happen(city_air, "points.earned")
    settings.SECRET_KEY = "quite another key"
    assert deliver()["waiting"] == 1
    assert state() == ("waiting", 1, None, "the secret can't be read any more: give the webhook a new one")
    assert receiver.got == []


@pytest.mark.django_db(transaction=True)
def test_the_command_sends_with_several_threads(
    till: Channel, city_air: Program, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(till, receiver)
    happen(city_air, *["points.earned"] * 20)
    call_command("deliver_events", "--once")
    assert capsys.readouterr().out == "20 planned, 20 done, 0 waiting, 0 dead.\n"
    assert len(set(receiver.ids)) == len(receiver.ids) == 20


# Several at once, and one that dies


@pytest.fixture
def twenty(transactional_db: None, till: Channel, city_air: Program, receiver: Receiver) -> Receiver:
    registered(till, receiver)
    happen(city_air, *["points.earned"] * 20)
    number_all_waiting_events()
    return receiver


@pytest.mark.concurrency
def test_two_workers_send_each_event_once(twenty: Receiver, deliver: Any) -> None:
    found = together(*[deliver] * 3)
    assert errors_in(found) == []
    assert sum(counts["planned"] for counts in found) == sum(counts["done"] for counts in found) == 20
    assert sorted(twenty.ids) == sorted(set(twenty.ids)) and len(twenty.ids) == 20


@pytest.mark.concurrency
@pytest.mark.control
def test_control_without_the_lock_events_are_sent_twice(
    twenty: Receiver, deliver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(rows: QuerySet[WebhookDelivery], **options: Any) -> QuerySet[WebhookDelivery]:
        time.sleep(0.01)
        return rows

    plan_deliveries()
    monkeypatch.setattr(type(WebhookDelivery.objects.all()), "select_for_update", unlocked)
    together(*[deliver] * 3)
    assert len(twenty.ids) > 20


class Killed(BaseException):
    """As by a signal: nothing after it runs."""


@pytest.mark.parametrize("step", ["call", "_settle"])
def test_a_worker_that_dies_loses_nothing(
    twenty: Receiver, deliver: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Before the call, or between the answer and its mark: then it arrives a second time under the same id."""

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(delivering, step, die)
        with pytest.raises(Killed):
            deliver()
    assert len(twenty.got) == (1 if step == "_settle" else 0)
    assert WebhookDelivery.objects.filter(status="waiting", tries=1).count() == 1
    assert deliver()["done"] == 19
    with clock.frozen(clock.now() + delivering.TAKEN_FOR):
        assert deliver()["done"] == 1
    assert len(set(twenty.ids)) == 20 and len(twenty.ids) == (21 if step == "_settle" else 20)
    assert not WebhookDelivery.objects.exclude(status="done").exists()


def test_planning_that_dies_half_way_passes_over_none(
    twenty: Receiver, deliver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(WebhookEndpoint, "save", die)
        with pytest.raises(Killed):
            plan_deliveries()
    assert WebhookDelivery.objects.count() == 0
    assert deliver() == {"planned": 20, "done": 20}


def test_an_event_that_commits_late_is_not_passed_over(twenty: Receiver, deliver: Any, city_air: Program) -> None:
    """Its id is older than that of an event already delivered."""

    def late() -> None:
        with transaction.atomic():
            happen(city_air, "late.one")
            time.sleep(0.2)

    def early() -> Any:
        time.sleep(0.05)
        happen(city_air, "early.one")
        return deliver()

    assert errors_in(together(late, early)) == []
    deliver()
    kinds = [json.loads(body)["type"] for _, body in twenty.got]
    assert sorted(kinds) == sorted(["points.earned"] * 20 + ["late.one", "early.one"])


def test_a_slow_worker_does_not_unsettle_what_another_finished(twenty: Receiver, deliver: Any) -> None:
    plan_deliveries()
    slow = delivering._take(Pauses())
    assert slow is not None
    with clock.frozen(clock.now() + delivering.TAKEN_FOR):
        assert deliver()["done"] == 20
    delivering._settle(slow, delivering.DeliveryStatus.WAITING, delivering.Answer(500))
    slow.refresh_from_db()
    assert state(slow) == ("done", 2, 204, "")
