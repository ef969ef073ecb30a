"""Benefits, and the tiers that give them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanSwitchWidget

from common.admin import LoyaltyModelAdmin, ReasonedForm
from common.admin.filters import by_row
from programs.models import Benefit, ReciprocalBenefit, Tier, TierBenefit
from programs.tier_benefits import give_from


@admin.register(Benefit)
class BenefitAdmin(LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    list_display = ("name", "code", "program", "description")
    list_filter = (by_row("program"),)
    list_select_related = ("program",)
    search_prefix = ("code", "name")
    sortable_by = None
    fieldsets = ((_("Benefit"), {"fields": ("program", ("name", "code"), "description")}),)
    help_texts = {
        "code": _("Names the benefit in the API; fixed once it stands."),
        "description": _("What a channel gives for it."),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *(["program", "code"] if obj is not None else [])]


class TierBenefitForm(ReasonedForm):
    and_above = forms.BooleanField(
        label=_("Also for the tiers above"),
        required=False,
        initial=True,
        help_text=_("Each of them gets a row of its own, which can be taken away again."),
        widget=UnfoldBooleanSwitchWidget,
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        program, tier, benefit = (given.get(name) for name in ("program", "tier", "benefit"))
        # What is fixed is not given again.
        if program is None or tier is None or benefit is None:
            return given
        if {tier.group.program_id, benefit.program_id} != {program.pk}:
            raise forms.ValidationError(_("Tier and benefit are of one program: choose two of the program above."))
        return given


@admin.register(TierBenefit)
class TierBenefitAdmin(LoyaltyModelAdmin):
    """Who stands on the tier has the benefit at once; taken away, nobody has it by the tier any more.

    A higher tier gives it only where it has a row too: a discount of 10 % takes the place of one of 5 %.
    """

    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    may_delete = True
    form = TierBenefitForm
    list_display = ("benefit", "tier", "group", "program")
    list_filter = (by_row("program"),)
    list_select_related = ("program", "group", "tier", "benefit")
    sortable_by = None
    fieldsets = ((_("Benefit of a tier"), {"fields": ("program", "tier", "benefit")}),)

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        """Tiers and benefits of different programs may have one name."""
        rows = super().get_field_queryset(db, db_field, request)
        if db_field.related_model is Tier:
            return (Tier.objects.all() if rows is None else rows).select_related("group__program")
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        fixed = ["program", "tier", "benefit"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        return shown if obj is not None else [*shown, (None, {"fields": ("and_above",)})]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        obj.group_id = obj.tier.group_id
        super().save_model(request, obj, form, change)
        if not change and form.cleaned_data["and_above"]:
            give_from(obj.tier, obj.benefit)


class ReciprocalBenefitForm(ReasonedForm):
    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        program, tier, benefit = (given.get(name) for name in ("program", "other_tier", "benefit"))
        if program is None or tier is None or benefit is None:
            return given
        if benefit.program_id != program.pk:
            raise forms.ValidationError(_("The benefit is one of the program above."))
        if tier.group.program_id == program.pk:
            raise forms.ValidationError(_("Choose a tier of another program: its own tiers give benefits directly."))
        return given


@admin.register(ReciprocalBenefit)
class ReciprocalBenefitAdmin(LoyaltyModelAdmin):
    """Who stands on a tier elsewhere has the benefit here, as long as both memberships last."""

    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    may_delete = True
    form = ReciprocalBenefitForm
    list_display = ("benefit", "other_tier", "program")
    list_filter = (by_row("program"),)
    list_select_related = ("program", "other_tier__group__program", "benefit")
    sortable_by = None
    fieldsets = ((_("Reciprocal benefit"), {"fields": ("program", "benefit", "other_tier")}),)

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        rows = super().get_field_queryset(db, db_field, request)
        if db_field.related_model is Tier:
            return (Tier.objects.all() if rows is None else rows).select_related("group__program")
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        fixed = ["program", "benefit", "other_tier"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]
