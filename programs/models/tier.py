"""Ladders and their rungs (domain 1.7)."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from programs.models.attribute import AttributeDefinition
from programs.models.base import DesignModel
from programs.models.point_type import PointType
from programs.models.program import Program


class FedBy(models.TextChoices):
    POINTS = "points", _("qualifying points")
    ATTRIBUTE = "attribute", _("an attribute")
    RULES = "rules", _("rules alone")


class TierPeriod(models.TextChoices):
    CALENDAR_YEAR = "calendar_year", _("calendar year")
    ANNIVERSARY = "anniversary", _("enrolment anniversary")
    ROLLING_MONTHS = "rolling_months", _("rolling months")
    LIFETIME = "lifetime", _("lifetime")


class Downgrade(models.TextChoices):
    ONE_RUNG = "one_rung", _("one rung")
    TO_EARNED = "to_earned", _("to what was earned")


class TierGroup(DesignModel):
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="tier_groups")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    fed_by = models.CharField(_("fed by"), max_length=10, choices=FedBy.choices, default=FedBy.POINTS)
    point_type = models.ForeignKey(
        PointType,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tier_groups",
        verbose_name=_("point type"),
        db_constraint=False,
    )
    attribute = models.ForeignKey(
        AttributeDefinition,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tier_groups",
        verbose_name=_("attribute"),
        help_text=_("A number that is compared with the thresholds, where an attribute feeds the group."),
        db_constraint=False,
    )
    period = models.CharField(_("period"), max_length=15, choices=TierPeriod.choices, default=TierPeriod.CALENDAR_YEAR)
    period_months = models.PositiveSmallIntegerField(
        _("months of a rolling period"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    downgrade = models.CharField(
        _("when not kept"), max_length=10, choices=Downgrade.choices, default=Downgrade.ONE_RUNG
    )

    class Meta:
        verbose_name = _("tier group")
        verbose_name_plural = _("tier groups")
        ordering = ["program", "code"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="tier_group_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="tier_group_id_program"),
            models.CheckConstraint(
                name="tier_group_fed_by_points",
                condition=~Q(fed_by=FedBy.POINTS) | Q(point_type__isnull=False),
            ),
            models.CheckConstraint(
                name="tier_group_fed_by_attribute",
                condition=~Q(fed_by=FedBy.ATTRIBUTE) | Q(attribute__isnull=False),
            ),
            models.CheckConstraint(
                name="tier_group_rolling_months",
                condition=~Q(period=TierPeriod.ROLLING_MONTHS) | Q(period_months__isnull=False),
            ),
            CompositeForeignKey(
                name="tier_group_type_program",
                fields=["point_type", "program"],
                to="programs.PointType",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="tier_group_attribute_program",
                fields=["attribute", "program"],
                to="programs.AttributeDefinition",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Tier(DesignModel):
    group = models.ForeignKey(TierGroup, on_delete=models.PROTECT, related_name="tiers")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    rank = models.PositiveSmallIntegerField(_("rank"), help_text=_("0 is the lowest rung."))
    threshold = models.BigIntegerField(
        _("threshold"),
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("Qualifying points of a period, or the attribute's value, from which a membership stands here."),
    )
    color = models.CharField(_("color"), max_length=7, blank=True)
    exempt_from_expiry = models.BooleanField(_("points do not expire"), default=False)

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["group", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["group", "code"], name="tier_code_in_group"),
            models.UniqueConstraint(fields=["group", "rank"], name="tier_rank_in_group"),
            models.UniqueConstraint(fields=["id", "group"], name="tier_id_group"),
        ]

    def __str__(self) -> str:
        return self.name

    def design_program_id(self) -> int:
        return self.group.program_id
