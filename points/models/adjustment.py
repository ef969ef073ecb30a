"""Corrections by hand, above the limit only with a second person's approval (domain 1.6)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from customers.models import Customer
from gateway.models import Channel
from points.models.account import PointAccount, PointAccountSet
from points.models.ledger import Posting
from programs.models import Program


class AdjustmentStatus(models.TextChoices):
    WAITING = "waiting", _("waiting for approval")
    POSTED = "posted", _("posted")
    REFUSED = "refused", _("refused")


class Adjustment(models.Model):
    """`note` and `decision_note` are free text and therefore stand here, where they can be erased."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    for_set = models.ForeignKey(PointAccountSet, on_delete=models.PROTECT, related_name="adjustments")
    account = models.ForeignKey(PointAccount, on_delete=models.PROTECT, related_name="adjustments", db_constraint=False)
    person = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    points = models.BigIntegerField(_("points"))
    reason_code = models.CharField(_("reason"), max_length=40)
    note = models.TextField(_("note"), blank=True)
    status = models.CharField(
        _("status"), max_length=8, choices=AdjustmentStatus.choices, default=AdjustmentStatus.WAITING
    )
    occurred_at = models.DateTimeField(_("occurred at"))
    requested_at = models.DateTimeField(_("requested at"))
    requested_by_id = models.BigIntegerField(_("requested by user"), null=True, blank=True)
    requested_channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    needs_approval = models.BooleanField(_("needed approval"), default=False)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by_id = models.BigIntegerField(_("decided by user"), null=True, blank=True)
    decision_note = models.TextField(_("note on the decision"), blank=True)
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, null=True, blank=True, related_name="adjustment")

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["program", "id"], name="adjustment_waiting", condition=Q(status="waiting")),
            models.Index(fields=["for_set", "requested_at"], name="adjustment_day_set"),
            models.Index(fields=["requested_by_id", "requested_at"], name="adjustment_day_user"),
        ]
        constraints = [
            models.CheckConstraint(name="adjustment_not_zero", condition=~Q(points=0)),
            models.CheckConstraint(name="adjustment_reason_given", condition=~Q(reason_code="")),
            models.CheckConstraint(
                name="adjustment_second_person",
                condition=Q(decided_by_id__isnull=True)
                | Q(requested_by_id__isnull=True)
                | ~Q(decided_by_id=F("requested_by_id")),
            ),
            models.CheckConstraint(
                name="adjustment_posted_with_posting",
                condition=Q(status="posted", posting__isnull=False) | (~Q(status="posted") & Q(posting__isnull=True)),
            ),
            models.CheckConstraint(
                name="adjustment_decided_by_staff",
                condition=Q(needs_approval=False) | Q(status="waiting") | Q(decided_by_id__isnull=False),
            ),
            CompositeForeignKey(
                name="adjustment_account_program",
                fields=["account", "program"],
                to="points.PointAccount",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d} {self.get_status_display()}"
