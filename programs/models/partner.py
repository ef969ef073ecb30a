"""Who else sends activities to a program (domain 1.11)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from programs.models.base import DesignModel
from programs.models.program import Program


class Partner(DesignModel):
    """A hotel, a card issuer, another airline: its activities arrive by file or channel and name it."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="partners")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("An inactive partner's files are refused."))

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        ordering = ["program", "code"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="partner_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="partner_id_program"),
        ]

    def __str__(self) -> str:
        return self.name
