"""The currencies of a program and how their points expire (domain 1.6)."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from programs.models.base import DesignModel
from programs.models.program import Program


class PointKind(models.TextChoices):
    QUALIFYING = "qualifying", _("qualifying")
    REDEEMABLE = "redeemable", _("redeemable")


class ExpiryPolicy(models.TextChoices):
    NEVER = "never", _("never")
    ON_DATE = "on_date", _("on a date")
    AFTER_DAYS = "after_days", _("days after earning")
    AFTER_MONTHS = "after_months", _("months after earning")
    INACTIVITY = "inactivity", _("months without activity")
    TIER_PERIOD = "tier_period", _("at the end of the tier period")


class ExpiryRounding(models.TextChoices):
    NONE = "none", _("to the day")
    MONTH = "month", _("end of the month")
    QUARTER = "quarter", _("end of the quarter")
    YEAR = "year", _("end of the year")


class PointType(DesignModel):
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="point_types", verbose_name=_("program")
    )
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=PointKind.choices)
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("The redeemable type meant when a request names none.")
    )
    expiry_policy = models.CharField(
        _("expiry"), max_length=12, choices=ExpiryPolicy.choices, default=ExpiryPolicy.NEVER
    )
    expiry_length = models.PositiveSmallIntegerField(_("days or months until expiry"), null=True, blank=True)
    expiry_rounding = models.CharField(
        _("rounded to"), max_length=7, choices=ExpiryRounding.choices, default=ExpiryRounding.NONE
    )
    expiry_date = models.DateField(_("last day"), null=True, blank=True)
    pending_days = models.PositiveSmallIntegerField(
        _("days until usable"), default=0, help_text=_("Earned points become available after so many days.")
    )
    money_value = models.DecimalField(
        _("money value of a point"),
        max_digits=14,
        decimal_places=6,
        default=0,
        validators=[MinValueValidator(0)],
    )

    class Meta:
        verbose_name = _("point type")
        verbose_name_plural = _("point types")
        ordering = ["program", "-is_default", "code"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="point_type_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="point_type_id_program"),
            models.UniqueConstraint(fields=["program"], condition=Q(is_default=True), name="point_type_one_default"),
            models.CheckConstraint(
                name="point_type_default_redeemable",
                condition=Q(is_default=False) | Q(kind=PointKind.REDEEMABLE),
            ),
            models.CheckConstraint(
                name="point_type_expiry_complete",
                condition=(
                    Q(expiry_policy__in=[ExpiryPolicy.NEVER, ExpiryPolicy.TIER_PERIOD])
                    | Q(expiry_policy=ExpiryPolicy.ON_DATE, expiry_date__isnull=False)
                    | Q(
                        expiry_policy__in=[ExpiryPolicy.AFTER_DAYS, ExpiryPolicy.AFTER_MONTHS, ExpiryPolicy.INACTIVITY],
                        expiry_length__gte=1,
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.program_id and self.program.code})"


class ConversionRate(DesignModel):
    """From this instant on, `numerator` points of `to_type` for every `denominator` of `from_type`."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="conversion_rates")
    from_type = models.ForeignKey(PointType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    to_type = models.ForeignKey(PointType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    numerator = models.PositiveIntegerField(_("points given"), validators=[MinValueValidator(1)])
    denominator = models.PositiveIntegerField(_("for points taken"), validators=[MinValueValidator(1)])
    valid_from = models.DateTimeField(_("valid from"))

    class Meta:
        verbose_name = _("conversion rate")
        verbose_name_plural = _("conversion rates")
        ordering = ["program", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["from_type", "to_type", "valid_from"], name="conversion_rate_dated"),
            models.CheckConstraint(name="conversion_rate_two_types", condition=~Q(from_type=F("to_type"))),
            models.CheckConstraint(name="conversion_rate_positive", condition=Q(numerator__gte=1, denominator__gte=1)),
            CompositeForeignKey(
                name="conversion_rate_from_program",
                fields=["from_type", "program"],
                to="programs.PointType",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="conversion_rate_to_program",
                fields=["to_type", "program"],
                to="programs.PointType",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.denominator} {self.from_type} → {self.numerator} {self.to_type}"
