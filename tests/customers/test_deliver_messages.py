"""Sending what waits: once, later when it can't be sent now, at last not at all; secrets are not kept."""

import smtplib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import OperationalError

from common import clock
from customers import delivering
from customers.delivering import TRIES, deliver_forever, deliver_messages
from customers.exits import mark_deceased
from customers.models import Customer, Message, MessagePurpose
from customers.outbox import put_message
from tests.factories import ACTOR, make_customer

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Fails = Callable[[Exception], None]


@pytest.fixture
def emma(db: None) -> Customer:
    return make_customer("Emma Moore", email="emma@example.com", email_key="emma@example.com")


@pytest.fixture
def put(probe: str, emma: Customer) -> Callable[..., Message]:
    """A code for Emma, written at noon."""

    def call(**values: Any) -> Message:
        with clock.frozen(NOON):
            given = {"purpose": MessagePurpose.CODE, "template": probe, "context": {"what": "code 12"}} | values
            return put_message(emma, **given)[0]

    return call


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Exception]]:
    """A mail server that answers the errors of the list, the last one first, and then takes everything."""
    errors: list[Exception] = []
    send = EmailMessage.send

    def answer(message: EmailMessage, *args: Any, **options: Any) -> Any:
        if errors:
            raise errors.pop()
        return send(message, *args, **options)

    monkeypatch.setattr(EmailMessage, "send", answer)
    yield errors


def delivered(*, at: datetime = NOON, **options: Any) -> dict[str, int]:
    with clock.frozen(at):
        return dict(deliver_messages(**options))


def state(message: Message) -> tuple[Any, ...]:
    row = Message.objects.get(pk=message.pk)
    return row.status, row.tries, row.next_try_at, row.why_not


# Sent


def test_a_code_is_sent_once_and_its_text_is_not_kept(put: Any, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "Sky Miles <no-reply@sky.example>"
    message = put()
    assert delivered() == {"sent": 1}
    assert delivered(at=NOON + timedelta(days=2)) == {}
    (sent,) = mail.outbox
    assert (sent.subject, sent.body) == ("Your code 12 is & stays", "Dear Emma Moore,\n\ncode 12 <en>\n")
    assert (sent.to, sent.from_email) == (["emma@example.com"], "Sky Miles <no-reply@sky.example>")
    assert sent.message()["Message-ID"] == f"<{message.pk}.20260301120000@sky.example>"
    assert sent.message()["Auto-Submitted"] == "auto-generated"
    row = Message.objects.get()
    assert (row.status, row.sent_at, row.next_try_at, row.tries) == ("sent", NOON, None, 1)
    assert (row.address, row.subject, row.body) == ("emma@example.com", "Your code 12 is & stays", None)


def test_the_text_of_a_notice_is_kept(put: Any, emma: Customer) -> None:
    emma.contact_preferences.create(channel="email", allowed=True)
    put(purpose=MessagePurpose.NOTICE)
    assert delivered() == {"sent": 1}
    assert Message.objects.get().body == "Dear Emma Moore,\n\ncode 12 <en>\n"


def test_a_limit_takes_those_that_wait_longest(put: Any) -> None:
    first, second, third = put(), put(), put()
    assert delivered(limit=2) == {"sent": 2}
    assert [state(one)[0] for one in (first, second, third)] == ["sent", "sent", "waiting"]


def test_nothing_is_sent_to_who_died_meanwhile(put: Any, emma: Customer) -> None:
    put()
    mark_deceased(emma, actor=ACTOR, reason="told")
    assert delivered() == {"suppressed": 1}
    assert mail.outbox == []
    row = Message.objects.get()
    assert (row.status, row.why_not, row.next_try_at) == ("suppressed", "the customer is deceased", None)
    assert (row.address, row.subject, row.body) == (None, None, None)


def test_a_notice_no_longer_wanted_is_not_sent(put: Any, emma: Customer) -> None:
    wish = emma.contact_preferences.create(channel="email", allowed=True)
    put(purpose=MessagePurpose.NOTICE)
    wish.allowed = False
    wish.save()
    assert delivered() == {"suppressed": 1}
    assert mail.outbox == []


# Not sent now


def test_what_can_not_be_sent_is_tried_again_later_and_later(put: Any, server: list[Exception]) -> None:
    message, at = put(), NOON
    for tries, minutes in enumerate((1, 5, 15, 60, 180, 360, 720), start=1):
        server.append(ConnectionRefusedError("emma@example.com"))
        assert delivered(at=at) == {"waiting": 1}
        following = at + timedelta(minutes=minutes)
        assert state(message) == ("waiting", tries, following, "ConnectionRefusedError")
        assert delivered(at=following - timedelta(seconds=1)) == {}
        at = following
    assert delivered(at=at) == {"sent": 1}
    assert state(message) == ("sent", TRIES, None, "")
    assert len(mail.outbox) == 1


def test_the_eighth_failure_is_the_last_and_the_secret_goes(put: Any, server: list[Exception]) -> None:
    message = put()
    Message.objects.update(tries=TRIES - 1)
    server.append(smtplib.SMTPDataError(550, b"no such user emma@example.com"))
    assert delivered() == {"failed": 1}
    assert state(message) == ("failed", TRIES, None, "SMTPDataError 550")
    assert Message.objects.get().body is None
    assert delivered(at=NOON + timedelta(days=9)) == {}


@pytest.mark.parametrize("error", [smtplib.SMTPServerDisconnected(), TimeoutError(), ValueError("bad address")])
def test_every_kind_of_failure_leaves_the_others_alone(put: Any, server: list[Exception], error: Exception) -> None:
    first, second = put(), put()
    server.append(error)
    assert delivered() == {"waiting": 1, "sent": 1}
    assert (state(first)[0], state(second)[0]) == ("waiting", "sent")


def test_dying_between_sending_and_marking_sends_it_twice_under_one_id(
    put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = put()
    with monkeypatch.context() as dying:
        dying.setattr(delivering, "_settle", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            delivered()
    assert state(message) == ("waiting", 1, NOON + timedelta(minutes=1), "")
    assert delivered(at=NOON + timedelta(minutes=1)) == {"sent": 1}
    assert len({one.message()["Message-ID"] for one in mail.outbox}) == 1
    assert len(mail.outbox) == 2


def test_dying_in_the_last_try_makes_it_a_failure(put: Any) -> None:
    message = put()
    Message.objects.update(tries=TRIES)
    assert delivered() == {"failed": 1}
    assert state(message)[0] == "failed"
    assert Message.objects.get().body is None
    assert mail.outbox == []


# Loop and command


def test_the_loop_goes_on_after_the_database_was_away(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    stop, rounds = threading.Event(), []

    def once_away(**options: Any) -> Any:
        rounds.append(1)
        if len(rounds) == 1:
            raise OperationalError("the server is starting up")
        stop.set()
        return deliver_messages(**options)

    monkeypatch.setattr(delivering, "deliver_messages", once_away)
    # The test's own transaction would be closed with its connection.
    monkeypatch.setattr(delivering, "close_old_connections", lambda: None)
    assert deliver_forever(0.001, stop=stop) == 1
    assert len(rounds) == 2
    assert len(mail.outbox) == 1


def test_the_command_tells_what_became_of_the_messages(put: Any, capsys: Any) -> None:
    put()
    call_command("deliver_messages")
    assert capsys.readouterr().out == "1 sent, 0 waiting, 0 failed, 0 suppressed.\n"
    call_command("deliver_messages", "--limit", "1")
    assert capsys.readouterr().out == "0 sent, 0 waiting, 0 failed, 0 suppressed.\n"


@pytest.mark.parametrize("arguments", [["--loop", "0"], ["--loop", "-1"], ["--loop", "2", "--limit", "1"]])
def test_the_command_refuses_what_makes_no_sense(db: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="--loop takes"):
        call_command("deliver_messages", *arguments)
