"""Versioned terms a member accepts."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.history import AuditedModel
from programs.models.program import Program


class ProgramTerms(AuditedModel):
    """One version; the released version with the highest number is the one in force."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="terms")
    version = models.PositiveSmallIntegerField(_("version"))
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("text"))
    must_accept = models.BooleanField(_("must be accepted to enrol"), default=True)
    released_at = models.DateTimeField(_("released at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("terms")
        verbose_name_plural = _("terms")
        ordering = ["program", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["program", "version"], name="terms_version_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="terms_id_program"),
            models.CheckConstraint(name="terms_version_from_one", condition=Q(version__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.title} (v{self.version})"
