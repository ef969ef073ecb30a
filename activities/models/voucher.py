"""Money off, for who knows the code (domain 1.12)."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from activities.models.activity import MemberActivity
from activities.models.reward import OfPrograms, RewardItem, RewardOrder
from common.constraints import AppendOnly, CompositeForeignKey
from gateway.models import Channel
from memberships.models import Membership
from programs.models import Program


class VoucherStatus(models.TextChoices):
    ISSUED = "issued", _("issued")
    PART_USED = "part_used", _("used in part")
    USED = "used", _("used")
    EXPIRED = "expired", _("expired")
    CANCELLED = "cancelled", _("cancelled")


class Voucher(models.Model):
    """Money off, for who knows the code; `activity` is the order's, or the one a rule gave it for."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    item = models.ForeignKey(RewardItem, on_delete=models.PROTECT, related_name="vouchers", db_constraint=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="vouchers", db_constraint=False)
    order = models.ForeignKey(RewardOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="vouchers")
    activity = models.ForeignKey(MemberActivity, on_delete=models.PROTECT, related_name="vouchers")
    code = models.CharField(_("code"), max_length=24, unique=True)
    face = models.DecimalField(_("face value"), max_digits=12, decimal_places=2)
    remaining = models.DecimalField(_("remaining"), max_digits=12, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=9, choices=VoucherStatus.choices, default=VoucherStatus.ISSUED)
    issued_at = models.DateTimeField(_("issued at"))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("expired or cancelled at"), null=True, blank=True)
    ended_why = models.CharField(_("why"), max_length=40, blank=True)
    ended_by_id = models.BigIntegerField(_("cancelled by"), null=True, blank=True)

    objects = OfPrograms.as_manager()

    class Meta:
        verbose_name = _("voucher")
        verbose_name_plural = _("vouchers")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["expires_at"], name="voucher_expiring", condition=Q(status__in=["issued", "part_used"])
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="voucher_remaining", condition=Q(remaining__gte=0) & Q(remaining__lte=F("face")) & Q(face__gt=0)
            ),
            models.CheckConstraint(
                name="voucher_status_of_remaining",
                condition=(Q(status="issued") & Q(remaining=F("face")))
                | (Q(status="part_used") & Q(remaining__gt=0) & Q(remaining__lt=F("face")))
                | (Q(status="used") & Q(remaining=0))
                | Q(status__in=["expired", "cancelled"]),
            ),
            models.CheckConstraint(
                name="voucher_ended",
                condition=Q(status__in=["expired", "cancelled"], ended_at__isnull=False)
                | (~Q(status__in=["expired", "cancelled"]) & Q(ended_at__isnull=True)),
            ),
            CompositeForeignKey(
                name="voucher_item_program",
                fields=["item", "program"],
                to="activities.RewardItem",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="voucher_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} {self.currency}"

    @property
    def is_open(self) -> bool:
        """Something can be taken from it, its time apart."""
        return self.status in (VoucherStatus.ISSUED, VoucherStatus.PART_USED)

    def status_at(self, at: datetime) -> VoucherStatus:
        """Past its time it is unusable though no run has noted it."""
        if self.is_open and self.expires_at is not None and self.expires_at <= at:
            return VoucherStatus.EXPIRED
        return VoucherStatus(self.status)


class VoucherUse(models.Model):
    """What was taken from a voucher, or given back with a negative amount; `remaining_after` proves the voucher."""

    PERSONAL = ("reference",)

    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="uses", db_index=False)
    number = models.PositiveIntegerField(_("number"))
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    remaining_after = models.DecimalField(_("remaining after"), max_digits=12, decimal_places=2)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    used_at = models.DateTimeField(_("used at"))

    class Meta:
        verbose_name = _("use of a voucher")
        verbose_name_plural = _("uses of vouchers")
        ordering = ["voucher", "number"]
        constraints = [
            models.UniqueConstraint(fields=["voucher", "number"], name="voucher_use_number_once"),
            models.CheckConstraint(name="voucher_use_not_zero", condition=~Q(amount=0)),
            AppendOnly(name="voucher_use_append_only", allow_emptying=["reference"]),
        ]

    def __str__(self) -> str:
        return f"{self.amount} \u2192 {self.remaining_after}"
