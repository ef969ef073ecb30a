"""Where the feed's events are sent to, and what became of each (Standard Webhooks; interfaces 3.1)."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.actor import Actor
from common.history import AuditedModel, AuditedQuerySet
from gateway.models.channel import Channel
from gateway.models.event import Event
from programs.models import Program


class WebhookEndpointQuerySet(AuditedQuerySet):
    def visible_to(self, actor: Actor) -> Self:
        """Each channel sees its own."""
        return self.filter(channel=actor.channel_id)


class WebhookEndpoint(AuditedModel):
    """A channel's own address. `kinds` are beginnings of event kinds (empty: all of the channel's programs).

    `secret` is encrypted: signing needs it again. `after` is the number of the last event that was considered.
    """

    HISTORY_EXCLUDED = ("secret", "after")

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(_("address"), max_length=300)
    description = models.CharField(_("description"), max_length=120, blank=True)
    kinds = ArrayField(models.CharField(max_length=40), verbose_name=_("kinds of events"), default=list, blank=True)
    secret = models.BinaryField(editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    after = models.BigIntegerField(_("sent up to number"), default=0, editable=False)
    created_at = models.DateTimeField(_("created at"))

    objects = WebhookEndpointQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["channel", "id"]
        constraints = [models.UniqueConstraint(fields=["channel", "url"], name="webhook_url_once")]

    def __str__(self) -> str:
        return self.url


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    DONE = "done", _("delivered")
    DEAD = "dead", _("given up")


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(endpoint__channel=actor.channel_id)


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint. Given up after the last try; staff may try again."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.BigIntegerField(_("event number"))
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    status = models.CharField(_("status"), max_length=7, choices=DeliveryStatus.choices, default=DeliveryStatus.WAITING)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try at"), null=True, blank=True)
    answered = models.PositiveSmallIntegerField(_("last answer"), null=True, blank=True)
    problem = models.CharField(_("last problem"), max_length=200, blank=True)
    done_at = models.DateTimeField(_("delivered at"), null=True, blank=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_try_at", "id"], name="delivery_waiting", condition=Q(status="waiting")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "number"], name="delivery_once"),
            models.CheckConstraint(
                name="delivery_waiting_scheduled",
                condition=Q(status="waiting", next_try_at__isnull=False)
                | (~Q(status="waiting") & Q(next_try_at__isnull=True)),
            ),
            models.CheckConstraint(name="delivery_status_known", condition=Q(status__in=DeliveryStatus.values)),
        ]

    def __str__(self) -> str:
        return f"{self.number} \u2192 {self.endpoint_id}"
