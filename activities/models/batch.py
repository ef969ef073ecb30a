"""Activities that came together: by file, or up to a thousand in one call (domain 1.11)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from gateway.models import Channel
from programs.models import Partner, Program


class BatchSource(models.TextChoices):
    FILE = "file", _("file")
    CALL = "call", _("call")


class ActivityBatch(models.Model):
    """`lines` are those read so far; reading goes on after the last one, so a file can be sent again."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="activity_batches")
    name = models.CharField(_("name"), max_length=80)
    source = models.CharField(_("came by"), max_length=4, choices=BatchSource.choices)
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    digest = models.CharField(_("SHA-256 of the file"), max_length=64, blank=True)
    lines = models.BigIntegerField(_("lines read"), default=0)
    received = models.BigIntegerField(_("received"), default=0)
    refused = models.BigIntegerField(_("refused"), default=0)
    complete = models.BooleanField(_("read to the end"), default=False)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("batch of activities")
        verbose_name_plural = _("batches of activities")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["program", "name"], name="activity_batch_name_once"),
            models.UniqueConstraint(fields=["id", "program"], name="activity_batch_id_program"),
            CompositeForeignKey(
                name="activity_batch_partner",
                fields=["partner", "program"],
                to="programs.Partner",
                to_fields=["id", "program"],
            ),
            models.CheckConstraint(
                name="activity_batch_counts", condition=Q(lines__gte=models.F("received") + models.F("refused"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RefusedLine(models.Model):
    """A line no activity was made of, and why; the line itself stands in the file only."""

    batch = models.ForeignKey(ActivityBatch, on_delete=models.PROTECT, related_name="refused_lines", db_index=False)
    line = models.BigIntegerField(_("line"))
    code = models.CharField(_("code"), max_length=40)
    detail = models.CharField(_("why"), max_length=300)

    class Meta:
        verbose_name = _("refused line")
        verbose_name_plural = _("refused lines")
        ordering = ["batch", "line"]
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="refused_line_once")]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"
