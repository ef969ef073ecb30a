"""Tier groups with their tiers."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin, PlainTabularInline
from common.admin.filters import by_choice, by_row
from programs.admin.points import ChoosesPointTypes
from programs.models import Tier, TierGroup


class TierInline(PlainTabularInline):
    model = Tier
    extra = 0
    ordering = ("rank",)
    fields = ("rank", "code", "name", "threshold", "color", "exempt_from_expiry")
    show_change_link = True


@admin.register(TierGroup)
class TierGroupAdmin(ChoosesPointTypes, LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    list_display = ("name", "code", "program", "fed_by", "point_type", "period", "downgrade")
    list_filter = (by_row("program"), by_choice("fed_by"))
    list_select_related = ("program", "point_type__program")
    search_prefix = ("code", "name")
    sortable_by = None
    inlines = (TierInline,)
    fieldsets = (
        (_("Tier group"), {"fields": ("program", ("name", "code"), ("fed_by", "point_type", "attribute"))}),
        (_("Review"), {"fields": (("period", "period_months"), "downgrade")}),
    )
    help_texts = {
        "code": _("Names the group in the API; fixed once it stands."),
        "fed_by": _("What raises a membership in this ladder."),
        "point_type": _("A qualifying type; needed where points feed the group."),
        "attribute": _("A number; needed where an attribute feeds the group."),
        "period": _("The time whose points count."),
        "period_months": _("Only for rolling months."),
        "downgrade": _("What happens at the end of a period in which the tier was not earned again."),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        fixed = ["program", "code"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]


@admin.register(Tier)
class TierAdmin(LoyaltyModelAdmin):
    """One rung, reached from its group; its history is what one comes here for."""

    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "group__program"
    list_display = ("name", "code", "group", "rank", "threshold", "exempt_from_expiry")
    list_filter = (by_row("group"),)
    list_select_related = ("group",)
    sortable_by = None
    fieldsets = (
        (_("Tier"), {"fields": (("group", "rank"), ("name", "code"), ("threshold", "exempt_from_expiry"), "color")}),
    )
    help_texts = {
        "code": _("Names the tier in the API; fixed once it stands."),
        "color": _("As #rrggbb."),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *(["group", "code"] if obj is not None else [])]
