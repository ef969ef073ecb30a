"""Sending what waits in the outbox, by Django's e-mail setting (domain 1.3).

The table is the queue. A message is taken in a short transaction that already sets its next try, sent outside any,
and marked in another; so no row is locked while a mail server thinks, and a process that dies loses nothing: the
message is tried again. Dying between sending and marking sends it twice, under the same Message-ID.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import InterfaceError, OperationalError, close_old_connections, transaction

from common import clock
from customers.letters import letter_of
from customers.models import Message, MessageStatus
from customers.outbox import reason_not_to_send

# How long to wait after the first, second ... try; a day in all, then it has failed.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
TRIES = len(WAITS) + 1

logger = logging.getLogger(__name__)


def deliver_messages(*, limit: int | None = None, progress: Callable[[], object] = lambda: None) -> Counter[str]:
    """Try what is due, the longest waiting first; answers how many were `sent`, `failed` for good, `suppressed`, or
    are `waiting` for another try. Several may run at once: each message is taken by one."""
    counts: Counter[str] = Counter()
    while limit is None or counts.total() < limit:
        message = _take()
        if message is None:
            break
        counts[_deliver(message)] += 1
        progress()
    return counts


def deliver_forever(every: float, *, stop: threading.Event, progress: Callable[[], object] = lambda: None) -> int:
    """Deliver what is due every so many seconds until `stop` is set; answers how many were sent."""
    sent = 0
    while True:
        try:
            sent += deliver_messages(progress=progress)[MessageStatus.SENT]
        except (OperationalError, InterfaceError) as error:
            logger.warning("The outbox can't be read, trying again: %s", type(error).__name__)
        close_old_connections()
        if stop.wait(every):
            return sent


def _take() -> Message | None:
    """A message that is due. Until its next try nobody else takes it."""
    now = clock.now()
    waiting = Message.objects.filter(status=MessageStatus.WAITING, next_try_at__lte=now)
    due = waiting.select_related("program").order_by("next_try_at", "id")
    with transaction.atomic():
        message = due.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
        if message is not None:
            message.next_try_at = now + WAITS[min(message.tries, len(WAITS) - 1)]
            message.tries += 1
            message.save(update_fields=["next_try_at", "tries"])
    return message


def _deliver(message: Message) -> MessageStatus:
    why_not = reason_not_to_send(message.customer, message.purpose)
    if why_not:
        return _settle(message, MessageStatus.SUPPRESSED, why_not)
    if message.tries > TRIES:
        # The last try never ended.
        return _settle(message, MessageStatus.FAILED, message.why_not)
    try:
        _mail(message).send()
    except (OSError, ValueError) as error:
        # The text of an error may hold the address; SMTP's errors are OSErrors, a broken address is a ValueError.
        why_not = " ".join([type(error).__name__, str(getattr(error, "smtp_code", ""))]).strip()
        if message.tries >= TRIES:
            return _settle(message, MessageStatus.FAILED, why_not)
        Message.objects.filter(pk=message.pk).update(why_not=why_not)
        return MessageStatus.WAITING
    return _settle(message, MessageStatus.SENT)


def _settle(message: Message, status: MessageStatus, why_not: str = "") -> MessageStatus:
    """Over, one way or the other. What nobody was to get keeps nothing about the person, a secret is never kept."""
    values: dict[str, Any] = {"status": status, "why_not": why_not, "next_try_at": None}
    if status == MessageStatus.SENT:
        values["sent_at"] = clock.now()
    if status == MessageStatus.SUPPRESSED:
        values |= dict.fromkeys(Message.PERSONAL)
    if message.carries_secret:
        values["body"] = None
    Message.objects.filter(pk=message.pk).update(**values)
    return status


def _mail(message: Message) -> EmailMultiAlternatives:
    """As text, and as a letter in the program's color; a program writes under its own name."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    program, body = message.program, message.body or ""
    mail = EmailMultiAlternatives(
        subject=message.subject or "",
        body=body,
        from_email=formataddr((program.name if program else name, address)),
        to=[message.address or ""],
        headers={
            "Message-ID": f"<{message.pk}.{message.created_at:%Y%m%d%H%M%S}@{address.rpartition('@')[2]}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    if program is not None:
        letter = letter_of(program, message.subject or "", body, language=message.customer.language)
        mail.attach_alternative(letter, "text/html")
    return mail
