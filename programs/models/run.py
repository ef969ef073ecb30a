"""What ran over a program, when, and what it did."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from programs.models.program import Program


class Run(models.Model):
    """One run of a command or job over one program. `counts` are figures by name; `problem` why it stopped."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="runs", db_index=False)
    kind = models.SlugField(_("run"), max_length=40)
    dry_run = models.BooleanField(_("dry run"), default=False)
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    counts = models.JSONField(_("figures"), default=dict)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["program", "kind", "-id"], name="run_program_kind"),
        ]
        constraints = [
            models.CheckConstraint(
                name="run_ends_after_start",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("started_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M}"
