"""What each part of a reversal asked for and what became of it (domain 1.6)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import AppendOnly
from gateway.models import Channel
from points.models.ledger import Posting
from programs.models import PointType, Program, RefundPolicy


class Reversal(models.Model):
    """One part of a posting taken back. `posting` is empty where nothing was left to move; `note` is free text and
    therefore stands here, where it can be erased."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    reverses = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="parts", db_index=False)
    part = models.SmallIntegerField(_("part"))
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, null=True, blank=True, related_name="reversal")
    policy = models.CharField(_("refund of spent points"), max_length=10, choices=RefundPolicy.choices)
    reason_code = models.CharField(_("reason"), max_length=40)
    note = models.TextField(_("note"), blank=True)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("reversal")
        verbose_name_plural = _("reversals")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["reverses", "part"], name="reversal_part_once"),
            models.CheckConstraint(name="reversal_part_positive", condition=Q(part__gte=1)),
            models.CheckConstraint(name="reversal_reason_given", condition=~Q(reason_code="")),
            AppendOnly(name="reversal_append_only", allow_emptying=["note"]),
        ]

    def __str__(self) -> str:
        return f"{self.reverses_id}/{self.part}"


class ReversalLine(models.Model):
    """Per point type: asked = posted + cut + shortfall. `cut` points are taken from the refund in money; of the
    `shortfall` nobody takes anything back: qualifying points stop at 0, and what expired meanwhile is gone."""

    reversal = models.ForeignKey(Reversal, on_delete=models.PROTECT, related_name="lines")
    point_type = models.ForeignKey(PointType, on_delete=models.PROTECT, related_name="+", db_index=False)
    asked = models.BigIntegerField(_("asked"))
    posted = models.BigIntegerField(_("posted"))
    debt = models.BigIntegerField(_("became debt"), default=0)
    cut = models.BigIntegerField(_("cut from the refund"), default=0)
    cut_value = models.DecimalField(_("money value"), max_digits=24, decimal_places=2, default=0)
    shortfall = models.BigIntegerField(_("not taken"), default=0)

    class Meta:
        verbose_name = _("reversed points")
        verbose_name_plural = _("reversed points")
        constraints = [
            models.UniqueConstraint(fields=["reversal", "point_type"], name="reversal_line_type_once"),
            models.CheckConstraint(
                name="reversal_line_adds_up",
                condition=Q(asked__gt=0, posted__gte=0, cut__gte=0, shortfall__gte=0, debt__gte=0)
                & Q(debt__lte=F("posted"))
                & Q(asked=F("posted") + F("cut") + F("shortfall")),
            ),
            AppendOnly(name="reversal_line_append_only"),
        ]

    def __str__(self) -> str:
        return str(self.asked)
