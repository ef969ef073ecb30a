"""Slow figures of grown programs, kept between the runs that work them out."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from programs.models.program import Program


class KeptFigures(models.Model):
    """Only of programs where working them out takes too long for a page; never the truth, always with its time."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=20)
    figures = models.JSONField(_("figures"))
    computed_at = models.DateTimeField(_("computed at"))

    class Meta:
        verbose_name = _("kept figures")
        verbose_name_plural = _("kept figures")
        constraints = [models.UniqueConstraint(fields=["program", "name"], name="kept_figures_once")]

    def __str__(self) -> str:
        return f"{self.program} · {self.name}"
