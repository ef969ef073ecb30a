"""The numbers that name cards and memberships for ever (domain 1.10)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from programs.models import Program


class NumberKind(models.TextChoices):
    CARD = "card", _("card number")
    EXTERNAL = "external", _("external number")


class NumberRegistry(models.Model):
    """Every number ever given out, over all programs and for ever: a number alone determines its program."""

    number = models.CharField(_("number"), max_length=40, primary_key=True)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=8, choices=NumberKind.choices, default=NumberKind.CARD)

    class Meta:
        verbose_name = _("registered number")
        verbose_name_plural = _("number registry")
        constraints = [models.UniqueConstraint(fields=["number", "program"], name="registry_number_program")]

    def __str__(self) -> str:
        return self.number
