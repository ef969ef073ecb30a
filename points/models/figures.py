"""Figures of days that are over, kept so that reports need not read the ledger again (domain 1.13).

A copy: the ledger is the truth, the audit compares, and the run `keep_figures --again` makes them anew.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from points.models.ledger import PostingKind
from programs.models import PointType, Program


class KeptDays(models.Model):
    """How far a program's days are kept. Days are those of the zone named here."""

    program = models.OneToOneField(Program, on_delete=models.PROTECT, primary_key=True, related_name="+")
    through = models.DateField(_("through"))
    until = models.DateTimeField(_("until"), help_text=_("The midnight that ends the last day."))
    time_zone = models.CharField(_("time zone"), max_length=64)
    kept_at = models.DateTimeField(_("kept at"))

    class Meta:
        verbose_name = _("kept days")
        verbose_name_plural = _("kept days")

    def __str__(self) -> str:
        return f"{self.program} → {self.through}"


class DayFigure(models.Model):
    """What was recorded on a day: one row per point type and kind; reversals also by the kind they reverse."""

    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    point_type = models.ForeignKey(
        PointType, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    day = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=8, choices=PostingKind.choices)
    reverses = models.CharField(_("kind reversed"), max_length=8, choices=PostingKind.choices, blank=True)
    credited = models.BigIntegerField(_("points credited"))
    debited = models.BigIntegerField(_("points debited"))
    entries = models.BigIntegerField(_("entries"))

    class Meta:
        verbose_name = _("figure of a day")
        verbose_name_plural = _("figures of days")
        ordering = ["program", "day"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "day", "point_type", "kind", "reverses"], name="day_figure_once"
            ),
            CompositeForeignKey(
                name="day_figure_type_program",
                fields=["point_type", "program"],
                to="programs.PointType",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.get_kind_display()} +{self.credited} -{self.debited}"
