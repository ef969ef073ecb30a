"""What is sent to customers: one outbox, which is the queue too (domain 1.3)."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.actor import Actor
from customers.models.customer import Customer
from customers.models.details import PreferenceChannel
from programs.models import Program


class MessagePurpose(models.TextChoices):
    """Codes and links carry a secret and always go out; notices respect the customer's wishes."""

    CODE = "code", _("code")
    LINK = "link", _("link")
    NOTICE = "notice", _("notice")


class MessageStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    SUPPRESSED = "suppressed", _("not sent")


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those of the actor's programs, and those of none."""
        if actor.programs is None:
            return self
        return self.filter(Q(program__isnull=True) | Q(program__in=actor.programs))


class Message(models.Model):
    """Written in the transaction of what it speaks of. A body with a secret is emptied once it was sent."""

    PERSONAL = ("address", "subject", "body")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="messages")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    channel = models.CharField(_("way"), max_length=5, choices=PreferenceChannel.choices)
    purpose = models.CharField(_("purpose"), max_length=6, choices=MessagePurpose.choices)
    template = models.SlugField(_("text"), max_length=40)
    cause_kind = models.CharField(_("cause"), max_length=12, blank=True)
    cause_id = models.BigIntegerField(_("cause id"), null=True, blank=True)
    once_key = models.CharField(
        _("sent once for"), max_length=80, blank=True, help_text=_("No two notices of a customer have the same key.")
    )
    address = models.CharField(_("to"), max_length=254, null=True, blank=True)  # noqa: DJ001
    subject = models.CharField(_("subject"), max_length=200, null=True, blank=True)  # noqa: DJ001
    body = models.TextField(_("text as sent"), null=True, blank=True)  # noqa: DJ001
    status = models.CharField(_("status"), max_length=10, choices=MessageStatus.choices, default=MessageStatus.WAITING)
    why_not = models.CharField(_("why not sent"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("written at"))
    next_try_at = models.DateTimeField(_("next try at"), null=True, blank=True)
    tries = models.SmallIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_try_at", "id"], name="message_waiting", condition=Q(status="waiting")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "program", "template", "once_key", "address"],
                name="message_once",
                condition=~Q(once_key=""),
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="message_status_known", condition=Q(status__in=MessageStatus.values)),
            models.CheckConstraint(
                name="message_waiting_scheduled",
                condition=Q(status="waiting", next_try_at__isnull=False)
                | (~Q(status="waiting") & Q(next_try_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="message_sent_dated",
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.pk}"

    @property
    def carries_secret(self) -> bool:
        """Whoever reads the text of a code or a link can use it."""
        return self.purpose != MessagePurpose.NOTICE
