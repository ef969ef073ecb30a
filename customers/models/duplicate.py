"""Two records that were found to be one person (domain 1.3)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.history import AuditedModel
from customers.models.customer import Customer


class DuplicateStatus(models.TextChoices):
    CONFIRMED = "confirmed", _("confirmed, memberships to be united")
    MERGED = "merged", _("merged")
    DISMISSED = "dismissed", _("two different people")


class DuplicateCustomer(AuditedModel):
    """Staff looked at both: `duplicate` is the same person as `customer`, or is not."""

    PERSONAL = ("reason",)

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="confirmed_duplicates", verbose_name=_("record that stays")
    )
    duplicate = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="duplicate_of")
    status = models.CharField(_("status"), max_length=9, choices=DuplicateStatus.choices)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    decided_at = models.DateTimeField(_("decided at"))
    user_id = models.BigIntegerField(_("decided by"), null=True, blank=True)
    channel_id = models.BigIntegerField(_("channel"))
    merged_at = models.DateTimeField(_("merged at"), null=True, blank=True)

    class Meta:
        verbose_name = _("duplicate customer")
        verbose_name_plural = _("duplicate customers")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["duplicate"], name="duplicate_confirmed_once", condition=Q(status__in=["confirmed", "merged"])
            ),
            models.UniqueConstraint(fields=["customer", "duplicate"], name="duplicate_pair_once"),
            models.CheckConstraint(name="duplicate_is_another", condition=~Q(customer=F("duplicate"))),
            models.CheckConstraint(
                name="duplicate_merged_dated",
                condition=Q(status="merged", merged_at__isnull=False)
                | (~Q(status="merged") & Q(merged_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.duplicate_id} = {self.customer_id}"
