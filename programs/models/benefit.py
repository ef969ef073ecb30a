"""Advantages a channel can check for, and the tiers that give them (domain 1.1)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from programs.models.base import DesignModel
from programs.models.program import Program
from programs.models.tier import Tier, TierGroup


class Benefit(DesignModel):
    """What it is stands here; who has it follows from tiers, agreements and rules."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="benefits")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("benefit")
        verbose_name_plural = _("benefits")
        ordering = ["program", "code"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="benefit_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="benefit_id_program"),
        ]

    def __str__(self) -> str:
        return self.name


class TierBenefit(DesignModel):
    """Every membership that stands on the tier has the benefit."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    group = models.ForeignKey(
        TierGroup, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False, editable=False
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="tier_benefits", db_constraint=False)
    benefit = models.ForeignKey(Benefit, on_delete=models.PROTECT, related_name="tier_benefits", db_constraint=False)

    class Meta:
        verbose_name = _("benefit of a tier")
        verbose_name_plural = _("benefits of tiers")
        ordering = ["tier", "benefit"]
        constraints = [
            models.UniqueConstraint(fields=["tier", "benefit"], name="tier_benefit_once"),
            CompositeForeignKey(
                name="tier_benefit_tier_group", fields=["tier", "group"], to="programs.Tier", to_fields=["id", "group"]
            ),
            CompositeForeignKey(
                name="tier_benefit_group_program",
                fields=["group", "program"],
                to="programs.TierGroup",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="tier_benefit_benefit_program",
                fields=["benefit", "program"],
                to="programs.Benefit",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier}: {self.benefit}"


class ReciprocalBenefit(DesignModel):
    """Who stands on a tier of another program has the benefit here, while both memberships are current.

    The other program's rows are looked up on their own: nothing joins rows of two programs.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    benefit = models.ForeignKey(Benefit, on_delete=models.PROTECT, related_name="reciprocal", db_constraint=False)
    other_tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, related_name="gives_elsewhere", verbose_name=_("tier of the other program")
    )

    class Meta:
        verbose_name = _("reciprocal benefit")
        verbose_name_plural = _("reciprocal benefits")
        ordering = ["benefit", "other_tier"]
        constraints = [
            models.UniqueConstraint(fields=["benefit", "other_tier"], name="reciprocal_benefit_once"),
            CompositeForeignKey(
                name="reciprocal_benefit_program",
                fields=["benefit", "program"],
                to="programs.Benefit",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.other_tier}: {self.benefit}"
