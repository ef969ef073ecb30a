"""Answers kept for repeated requests, and counters shared by all workers."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from gateway.models.channel import Channel
from programs.models import Program


class IdempotencyRecord(models.Model):
    """The first answer to (channel, key, ordinal); `ordinal` counts the items of a batch from 1, 0 is the call itself.

    `form` empty: `body` is the answer as it was sent. Otherwise `body` holds the facts the answer is rendered
    from and `form` names the renderer and its version, so that a replay is equal byte for byte.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    key_digest = models.BinaryField(_("key digest"), max_length=16, help_text=_("The first half of the key's SHA-256."))
    ordinal = models.SmallIntegerField(_("ordinal"), default=0)
    request_digest = models.BinaryField(_("request digest"), max_length=16)
    status = models.SmallIntegerField(_("HTTP status"), null=True)
    form = models.CharField(_("form"), max_length=20, blank=True)
    body = models.BinaryField(_("body"), null=True)
    customers = ArrayField(models.BigIntegerField(), verbose_name=_("customers in the answer"), null=True)
    created_at = models.DateTimeField(_("created at"))
    erased = models.BooleanField(_("erased"), default=False)

    class Meta:
        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")
        constraints = [
            models.UniqueConstraint(fields=["channel", "key_digest", "ordinal"], name="idempotency_key_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id}:{bytes(self.key_digest).hex()[:12]}/{self.ordinal}"


class Throttle(models.Model):
    """How often `subject` was counted in the window that starts at `window`."""

    subject = models.CharField(_("subject"), max_length=80)
    window = models.DateTimeField(_("window"))
    count = models.IntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("throttle")
        verbose_name_plural = _("throttles")
        constraints = [models.UniqueConstraint(fields=["subject", "window"], name="throttle_window_once")]

    def __str__(self) -> str:
        return f"{self.subject} {self.count}"
