"""Webhooks: the addresses a channel has its events sent to, each with a secret of its own (Standard Webhooks)."""

import base64
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from common import clock
from common.actor import Actor
from common.db import lock_rows
from common.errors import Conflict, FieldError, LoyaltyError
from common.history import audit_context
from gateway.addresses import checked_url
from gateway.events import record_event
from gateway.models import Channel, DeliveryStatus, EventNumber, WebhookDelivery, WebhookEndpoint
from gateway.sealing import Unreadable, seal, unseal

MOST = 20
MOST_KINDS = 50
KIND = re.compile(r"[a-z][a-z_.]{0,39}\Z")
PREFIX, BYTES = "whsec_", 32
# How long the former secret signs beside the new one, so that a receiver can change over without a gap.
OVERLAP = timedelta(hours=24)
KEPT = timedelta(days=30)
SWITCHED_OFF = "the webhook was switched off"


class WebhookExists(Conflict):
    code = "webhook_exists"
    title = "This address is registered already"


class TooManyWebhooks(LoyaltyError):
    code = "too_many_webhooks"
    title = "No more webhooks"


class NotGivenUp(Conflict):
    code = "not_given_up"
    title = "It was not given up"


class SwitchedOff(Conflict):
    code = "switched_off"
    title = "The webhook is switched off"


class KindsWrong(LoyaltyError):
    code = "malformed"
    status = 400
    title = "These are no kinds of events"


def register_webhook(
    channel: Channel, *, url: str, actor: Actor, kinds: Sequence[str] = (), description: str = ""
) -> tuple[WebhookEndpoint, str]:
    """The webhook and its secret, which is not shown again. It gets what happens from now on.

    An address that was switched off is taken into use again, with a new secret.
    """
    checked_url(url)
    wanted = _checked_kinds(kinds)
    with transaction.atomic(), audit_context(actor):
        # One after the other, so that the count and the address hold.
        lock_rows(Channel.objects.filter(pk=channel.pk))
        mine = WebhookEndpoint.objects.filter(channel=channel)
        row = mine.filter(url=url).first() or WebhookEndpoint(channel=channel, url=url, created_at=clock.now())
        if row.pk and row.is_active:
            raise WebhookExists("The channel has this address already.", facts={"webhook": row.pk})
        if mine.filter(is_active=True).count() >= MOST:
            raise TooManyWebhooks(f"A channel has {MOST} webhooks at most. Delete one first.", facts={"most": MOST})
        secret = _new_secret()
        row.kinds, row.description, row.is_active = wanted, description, True
        row.secret = _sealed(secret)
        row.after = EventNumber.objects.order_by("-number").values_list("number", flat=True).first() or 0
        row.save()
        _record("registered", row)
    return row, secret


def rotate_secret(endpoint: WebhookEndpoint, *, actor: Actor) -> str:
    """A new secret, shown once. For a day every message is signed with the former one too."""
    with transaction.atomic(), audit_context(actor):
        row = _locked(endpoint)
        _refuse_switched_off(row)
        secret, former = _new_secret(), _former(row)
        row.secret = _sealed(secret, former=former, until=clock.now() + OVERLAP)
        row.save()
        # History holds no secrets, so it would not show that there is a new one.
        _record("secret_renewed", row)
    return secret


def deactivate_webhook(endpoint: WebhookEndpoint, *, actor: Actor, reason: str = "") -> WebhookEndpoint:
    """Nothing is sent there any more; what waits is given up. Asked again it changes nothing."""
    with transaction.atomic(), audit_context(actor, reason):
        row = _locked(endpoint)
        if row.is_active:
            row.is_active = False
            row.save()
            waiting = WebhookDelivery.objects.filter(endpoint=row, status=DeliveryStatus.WAITING)
            waiting.update(status=DeliveryStatus.DEAD, next_try_at=None, problem=SWITCHED_OFF)
            _record("switched_off", row)
    return row


def retry_delivery(delivery: WebhookDelivery, *, actor: Actor) -> WebhookDelivery:
    """Try again what was given up, from the first try on."""
    with transaction.atomic(), audit_context(actor):
        row = _locked(delivery.endpoint)
        _refuse_switched_off(row)
        (found,) = WebhookDelivery.objects.select_for_update(no_key=True).filter(pk=delivery.pk)
        if found.status != DeliveryStatus.DEAD:
            raise NotGivenUp(
                f"This delivery is {found.get_status_display()}.", facts={"delivery": found.pk, "status": found.status}
            )
        _wait_again([found])
        _record("retried", row, deliveries=1)
    return found


def retry_all(endpoint: WebhookEndpoint, *, actor: Actor) -> int:
    """All that this webhook was to get and was given up; how many."""
    with transaction.atomic(), audit_context(actor):
        row = _locked(endpoint)
        _refuse_switched_off(row)
        dead = WebhookDelivery.objects.filter(endpoint=row, status=DeliveryStatus.DEAD)
        found = list(dead.select_for_update(no_key=True).order_by("pk"))
        _wait_again(found)
        _record("retried", row, deliveries=len(found))
    return len(found)


def forget_done_deliveries() -> int:
    """Delete what arrived long ago; what was given up stays until it is tried again or its webhook goes."""
    done = WebhookDelivery.objects.filter(status=DeliveryStatus.DONE, done_at__lt=clock.now() - KEPT)
    return int(done.delete()[0])


def secrets_of(endpoint: WebhookEndpoint, *, at: datetime) -> list[str]:
    """Those that sign now: the present one, and for a day after a change the former one."""
    kept = _kept(endpoint)
    overlapping = kept["former"] and at < datetime.fromisoformat(kept["until"])
    return [kept["secret"], *([kept["former"]] if overlapping else [])]


def wants(endpoint: WebhookEndpoint, kind: str) -> bool:
    """Kinds are beginnings: “membership.” takes all that happens to memberships."""
    return not endpoint.kinds or kind.startswith(tuple(endpoint.kinds))


def _wait_again(deliveries: Iterable[WebhookDelivery]) -> None:
    for one in deliveries:
        one.status, one.tries, one.next_try_at = DeliveryStatus.WAITING, 0, clock.now()
        one.save(update_fields=["status", "tries", "next_try_at"])


def _locked(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    row: WebhookEndpoint
    (row,) = lock_rows(WebhookEndpoint.objects.filter(pk=endpoint.pk))
    return row


def _refuse_switched_off(row: WebhookEndpoint) -> None:
    if not row.is_active:
        raise SwitchedOff("The webhook is switched off. Register its address again.", facts={"webhook": row.pk})


def _checked_kinds(kinds: Sequence[str]) -> list[str]:
    wrong = [one for one in kinds if not KIND.match(one)]
    if wrong or len(kinds) > MOST_KINDS:
        detail = f"At most {MOST_KINDS} kinds, each the beginning of one: small letters, points and underscores."
        raise KindsWrong(detail, errors=[FieldError(pointer="/kinds", code="invalid", detail=detail)])
    return sorted(set(kinds))


def _new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def _sealed(secret: str, *, former: str = "", until: datetime | None = None) -> bytes:
    return seal(json.dumps({"secret": secret, "former": former, "until": until and until.isoformat()}))


def _former(row: WebhookEndpoint) -> str:
    """None to sign with beside the new one where the key it was sealed under is gone."""
    try:
        return str(_kept(row)["secret"])
    except Unreadable:
        return ""


def _kept(endpoint: WebhookEndpoint) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(unseal(endpoint.secret))
    return kept


def _record(what: str, row: WebhookEndpoint, **facts: Any) -> None:
    record_event(f"webhook.{what}", program_id=None, subject_id=row.pk, facts={"channel": row.channel_id} | facts)
