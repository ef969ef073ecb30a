"""From the feed to the webhooks: what happened is first planned for each address, then sent until it is answered.

The table is the queue. A delivery is taken in a short transaction that already sets when it may be taken again, sent
outside any, and marked in another: no row is locked while somebody else's server thinks, and a process that dies loses
nothing. Dying between the answer and its mark sends it twice, under the same webhook-id.
"""

import json
import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.utils.translation import gettext_noop
from standardwebhooks import Webhook

from common import clock
from gateway.calling import Answer, call
from gateway.channels import actor_of_channel, system_actor
from gateway.feed import READS_EVENTS, read_feed, visible_to
from gateway.models import DeliveryStatus, Event, EventNumber, WebhookDelivery, WebhookEndpoint
from gateway.numbering import number_all_waiting_events
from gateway.pauses import Pauses
from gateway.sealing import Unreadable
from gateway.webhooks import deactivate_webhook, secrets_of, wants

# How long to wait after the first, second ... try; after the tenth it is given up.
WAITS = (
    *(timedelta(seconds=seconds) for seconds in (5, 30)),
    *(timedelta(minutes=minutes) for minutes in (2, 10, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8)),
)
TRIES = len(WAITS) + 1
# Nobody else takes it meanwhile: longer than a call may last.
TAKEN_FOR = timedelta(minutes=1)
PLANNED_AT_ONCE = 1_000
GONE = 410
NEVER_ENDED = gettext_noop("the last try never ended")
NOT_ITS_OWN = gettext_noop("the channel may not see this event any more")
NO_SECRET = gettext_noop("the secret can't be read any more: give the webhook a new one")
ANSWERED = "HTTP %s"
PAUSES = Pauses()

Progress = Callable[[], object]
logger = logging.getLogger(__name__)


def deliver_events(
    *, workers: int = 1, limit: int | None = None, pauses: Pauses = PAUSES, progress: Progress = lambda: None
) -> Counter[str]:
    """Plan what is new and send what is due; how many were `planned`, are `done`, `waiting` for another try, `dead`.

    Several processes may run it at once. `workers` threads send side by side, so that a slow server holds up no other;
    what one server did not answer is left alone for a moment (`pauses`). `limit`: so many by each worker at most.
    """
    number_all_waiting_events()
    counts = Counter(planned=plan_deliveries(progress=progress))
    if workers == 1:
        return counts + _send_due(limit, pauses, progress)
    with ThreadPoolExecutor(workers, thread_name_prefix="webhooks") as threads:
        running = [threads.submit(_in_thread, limit, pauses, progress) for _ in range(workers)]
    return sum((one.result() for one in running), counts)


def deliver_forever(every: float, *, workers: int, stop: threading.Event, progress: Progress = lambda: None) -> int:
    """The same every so many seconds until `stop` is set; how many were delivered."""
    done = 0
    while True:
        try:
            done += deliver_events(workers=workers, progress=progress)[DeliveryStatus.DONE]
        except (OperationalError, InterfaceError) as error:
            logger.warning("The deliveries can't be read, trying again: %s", type(error).__name__)
        close_old_connections()
        if stop.wait(every):
            return done


def plan_deliveries(*, progress: Progress = lambda: None) -> int:
    """A waiting delivery for every numbered event a webhook wants and its channel may see; how many."""
    planned = 0
    for endpoint_id in WebhookEndpoint.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True):
        goes_on = True
        while goes_on:
            made, goes_on = _plan(endpoint_id)
            planned += made
            progress()
    return planned


def _plan(endpoint_id: int) -> tuple[int, bool]:
    """One stretch of the feed for one webhook, and whether there may be more. Events and how far they were looked
    through are written together, so none is passed over and none comes twice."""
    mine = WebhookEndpoint.objects.filter(pk=endpoint_id, is_active=True).select_related("channel")
    with transaction.atomic():
        endpoint = mine.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
        if endpoint is None:
            return 0, False
        actor = actor_of_channel(endpoint.channel)
        if not actor.may(READS_EVENTS, None):
            return 0, False
        page = read_feed(actor, after=endpoint.after, limit=PLANNED_AT_ONCE)
        if page.next_after == endpoint.after:
            return 0, False
        now = clock.now()
        rows = [
            WebhookDelivery(
                endpoint=endpoint, event=one.event, number=one.number, program=one.event.program, next_try_at=now
            )
            for one in page.events
            if wants(endpoint, one.event.kind)
        ]
        WebhookDelivery.objects.bulk_create(rows)
        endpoint.after = page.next_after
        endpoint.save(update_fields=["after"])
        return len(rows), True


def _in_thread(limit: int | None, pauses: Pauses, progress: Progress) -> Counter[str]:
    try:
        return _send_due(limit, pauses, progress)
    finally:
        connection.close()


def _send_due(limit: int | None, pauses: Pauses, progress: Progress) -> Counter[str]:
    counts: Counter[str] = Counter()
    while limit is None or counts.total() < limit:
        delivery = _take(pauses)
        if delivery is None:
            break
        counts[_deliver(delivery, pauses)] += 1
        progress()
    return counts


def _take(pauses: Pauses) -> WebhookDelivery | None:
    """One that is due. While it is tried nobody else takes it."""
    now = clock.now()
    due = WebhookDelivery.objects.filter(status=DeliveryStatus.WAITING, next_try_at__lte=now, endpoint__is_active=True)
    due = due.exclude(endpoint__in=pauses.resting()).select_related("endpoint__channel", "event__program")
    with transaction.atomic():
        found = due.order_by("next_try_at", "id").select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
        if found is not None:
            found.next_try_at = now + TAKEN_FOR
            found.tries += 1
            found.save(update_fields=["next_try_at", "tries"])
    return found


def _deliver(delivery: WebhookDelivery, pauses: Pauses) -> DeliveryStatus:
    if delivery.tries > TRIES:
        return _settle(delivery, DeliveryStatus.DEAD, Answer(None, NEVER_ENDED))
    # A right that was taken away since it was planned counts.
    actor = actor_of_channel(delivery.endpoint.channel)
    if not EventNumber.objects.filter(visible_to(actor), event=delivery.event_id).exists():
        return _settle(delivery, DeliveryStatus.DEAD, Answer(None, NOT_ITS_OWN))
    answer = _send(delivery)
    if answer.status is None:
        pauses.failed(delivery.endpoint_id)
    else:
        pauses.answered(delivery.endpoint_id)
    if answer.is_good:
        return _settle(delivery, DeliveryStatus.DONE, answer)
    is_gone = answer.status == GONE
    over = is_gone or delivery.tries >= TRIES
    status = _settle(delivery, DeliveryStatus.DEAD if over else DeliveryStatus.WAITING, answer)
    if is_gone:
        deactivate_webhook(delivery.endpoint, actor=system_actor(), reason="its server answered 410 Gone")
    return status


def _send(delivery: WebhookDelivery) -> Answer:
    at = clock.now()
    body = body_of(delivery.event, delivery.number)
    try:
        signed = headers_of(delivery, body, at=at)
    except Unreadable:
        return Answer(None, NO_SECRET)
    return call(delivery.endpoint.url, body=body.encode(), headers=signed)


def body_of(event: Event, number: int) -> str:
    """The same text at every try."""
    told = {
        "type": event.kind,
        "timestamp": event.recorded_at,
        "data": {
            "number": number,
            "program": event.program.code if event.program else None,
            "subject_id": event.subject_id,
            "facts": event.facts,
        },
    }
    return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))


def headers_of(delivery: WebhookDelivery, body: str, *, at: datetime) -> dict[str, str]:
    """The three of Standard Webhooks; a receiver knows a repetition by webhook-id."""
    name = f"evt_{delivery.number}"
    signatures = [Webhook(one).sign(name, at, body) for one in secrets_of(delivery.endpoint, at=at)]
    return {
        "Content-Type": "application/json",
        "User-Agent": "loyalty-membership",
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _settle(delivery: WebhookDelivery, status: DeliveryStatus, answer: Answer) -> DeliveryStatus:
    """What came of this try, unless the delivery was settled or taken again meanwhile."""
    problem = answer.problem or ("" if answer.is_good else ANSWERED % answer.status)
    values: dict[str, Any] = {"status": status, "answered": answer.status, "problem": problem, "next_try_at": None}
    if status == DeliveryStatus.WAITING:
        values["next_try_at"] = clock.now() + WAITS[delivery.tries - 1]
    if status == DeliveryStatus.DONE:
        values["done_at"] = clock.now()
    mine = WebhookDelivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.WAITING, tries=delivery.tries)
    mine.update(**values)
    return status
