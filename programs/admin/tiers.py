"""Tier groups with their tiers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanSwitchWidget

from common.admin import LoyaltyModelAdmin, PlainTabularInline, ReasonedForm
from common.admin.filters import by_choice, by_row
from common.admin.history import LOOKING_BACK
from programs.admin.points import ChoosesPointTypes
from programs.models import Tier, TierGroup
from programs.tier_benefits import give_those_below

EXPLAINED = _(
    "What the next lower tier gives, the new one gives too. Each benefit gets a row of its own, which can be taken "
    "away again: where a discount of 10\u00a0% takes the place of one of 5\u00a0%, take the 5\u00a0% away."
)


class TierForm(ReasonedForm):
    with_benefits = forms.BooleanField(
        label=_("With the benefits of the tier below"),
        required=False,
        initial=True,
        help_text=EXPLAINED,
        widget=UnfoldBooleanSwitchWidget,
    )


class TierGroupForm(ReasonedForm):
    with_benefits = forms.BooleanField(
        label=_("Tiers added below get the benefits of the tier under them"),
        required=False,
        initial=True,
        help_text=EXPLAINED,
        widget=UnfoldBooleanSwitchWidget,
    )


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
    form = TierGroupForm
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

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Only where a tier can be added: a new group has none yet whose benefits another one could get."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or LOOKING_BACK in request.__dict__ or not self.has_change_permission(request, obj):
            return shown
        return [*shown, (_("New tiers"), {"fields": ("with_benefits",)})]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and form.cleaned_data["with_benefits"]:
            added = [one for formset in formsets for one in formset.new_objects if isinstance(one, Tier)]
            for tier in sorted(added, key=lambda one: one.rank):
                give_those_below(tier)


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
    form = TierForm
    fieldsets = (
        (_("Tier"), {"fields": (("group", "rank"), ("name", "code"), ("threshold", "exempt_from_expiry"), "color")}),
    )
    help_texts = {
        "code": _("Names the tier in the API; fixed once it stands."),
        "color": _("As #rrggbb."),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *(["group", "code"] if obj is not None else [])]

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        return shown if obj is not None else [*shown, (None, {"fields": ("with_benefits",)})]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        if not change and form.cleaned_data["with_benefits"]:
            give_those_below(obj)
