"""Point types and the rates between them."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import LoyaltyModelAdmin
from common.admin.filters import by_choice, by_row
from programs.models import ConversionRate, ExpiryPolicy, PointType


class ChoosesPointTypes:
    """For a ModelAdmin with a choice of point types: each is named with its program, read in one statement."""

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        rows = super().get_field_queryset(db, db_field, request)  # type: ignore[misc]
        if db_field.related_model is not PointType:
            return rows
        return (PointType.objects.all() if rows is None else rows).select_related("program")


@admin.register(PointType)
class PointTypeAdmin(LoyaltyModelAdmin):
    """A change of the rule of expiry leaves the lots that exist as they are."""

    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    list_display = ("name", "code", "program", "kind", "is_default", "expires", "pending_days", "money_value")
    list_filter = (by_row("program"), by_choice("kind"))
    list_select_related = ("program",)
    search_prefix = ("code", "name")
    sortable_by = None
    fieldsets = (
        (_("Point type"), {"fields": ("program", ("name", "code"), ("kind", "is_default"), "money_value")}),
        (
            _("Expiry"),
            {
                "description": _("Counts for points earned from now on; those that exist keep their day."),
                "fields": (("expiry_policy", "expiry_length"), ("expiry_rounding", "expiry_date"), "pending_days"),
            },
        ),
    )
    help_texts = {
        "code": _("Names the type in the API; fixed once it stands."),
        "kind": _("Qualifying points count towards a tier; redeemable ones are spent. Fixed once it stands."),
        "money_value": _("Of one point, in the program's currency: for refunds that are cut and for liability."),
        "expiry_policy": _("When points of this type can't be used any more."),
        "expiry_length": _("Days or months, as the rule says."),
        "expiry_rounding": _("Moves the last day to the end of its month, quarter or year."),
        "expiry_date": _("Only for the rule “on a date”: usable through the end of this day in the program's zone."),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        fixed = ["program", "code", "kind"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    @display(description=_("expires"))
    def expires(self, point_type: PointType) -> Any:
        match point_type.expiry_policy:
            case ExpiryPolicy.ON_DATE:
                return point_type.expiry_date
            case ExpiryPolicy.AFTER_DAYS | ExpiryPolicy.AFTER_MONTHS | ExpiryPolicy.INACTIVITY:
                return f"{point_type.expiry_length} {point_type.get_expiry_policy_display()}"
            case _:
                return point_type.get_expiry_policy_display()


@admin.register(ConversionRate)
class ConversionRateAdmin(ChoosesPointTypes, LoyaltyModelAdmin):
    """A rate that was in force is history: a new one is added, the old one stays."""

    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    list_display = ("rate", "program", "valid_from")
    list_filter = (by_row("program"),)
    list_select_related = ("program", "from_type__program", "to_type__program")
    fieldsets = (
        (
            _("Rate"),
            {
                "description": _("“Points given” of the second type for every “points taken” of the first."),
                "fields": ("program", ("from_type", "to_type"), ("denominator", "numerator"), "valid_from"),
            },
        ),
    )
    help_texts = {"valid_from": _("In force from then until a later rate of the same two types; UTC.")}

    @display(description=_("rate"))
    def rate(self, row: ConversionRate) -> str:
        return f"{row.denominator} {row.from_type.name} → {row.numerator} {row.to_type.name}"
