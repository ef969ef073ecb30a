"""What a program keeps about its memberships besides points: attributes and labels (domain 1.7)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from programs.models.base import DesignModel
from programs.models.program import Program


class AttributeType(models.TextChoices):
    NUMBER = "number", _("number")
    TEXT = "text", _("text")
    FLAG = "flag", _("yes or no")
    DATE = "date", _("date")
    CHOICE = "choice", _("one of a list")


class AttributeDefinition(DesignModel):
    """A dynamic attribute; rules read and write its values. Default and choices are written as text."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="attribute_definitions")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    type = models.CharField(_("type"), max_length=6, choices=AttributeType.choices, default=AttributeType.NUMBER)
    default = models.CharField(_("default"), max_length=80, blank=True, help_text=_("Empty: no value."))
    choices = models.JSONField(
        _("choices"), default=list, blank=True, help_text=_('Of one of a list, as ["small", "large"].')
    )

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")
        ordering = ["program", "code"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="attribute_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="attribute_id_program"),
            models.CheckConstraint(name="attribute_choices_listed", condition=~Q(type="choice") | ~Q(choices=[])),
        ]

    def __str__(self) -> str:
        return self.name


class Label(DesignModel):
    """A word on a membership: rules and campaigns ask for it."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="labels")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    color = models.CharField(_("color"), max_length=7, blank=True)

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        ordering = ["program", "code"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="label_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="label_id_program"),
        ]

    def __str__(self) -> str:
        return self.name
