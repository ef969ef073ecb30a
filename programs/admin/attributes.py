"""Attributes and labels a program keeps about its memberships."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin, ReasonedForm
from common.admin.filters import by_choice, by_row
from programs.attributes import LONGEST, read_value
from programs.errors import AttributeRefused
from programs.models import AttributeDefinition, AttributeType, Label


class AttributeDefinitionForm(ReasonedForm):
    def clean_choices(self) -> list[str]:
        given = self.cleaned_data["choices"] or []
        texts = isinstance(given, list) and all(isinstance(one, str) and 0 < len(one) <= LONGEST for one in given)
        if not texts or len(set(given)) != len(given):
            raise forms.ValidationError(_('Write different texts, as ["small", "large"].'))
        return list(given)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        type_ = given.get("type", self.instance.type)
        choices = given.get("choices", self.instance.choices)
        if type_ == AttributeType.CHOICE and "choices" not in self.errors and not choices:
            self.add_error("choices", _("One of a list needs the list."))
        elif given.get("default") and not self.errors:
            self._check_default(AttributeDefinition(name=given.get("name", ""), type=type_, choices=choices), given)
        return given

    def _check_default(self, definition: AttributeDefinition, given: dict[str, Any]) -> None:
        try:
            read_value(definition, given["default"])
        except AttributeRefused as error:
            self.add_error("default", error.message)


@admin.register(AttributeDefinition)
class AttributeDefinitionAdmin(LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    form = AttributeDefinitionForm
    list_display = ("name", "code", "program", "type", "default")
    list_filter = (by_row("program"), by_choice("type"))
    list_select_related = ("program",)
    search_prefix = ("code", "name")
    sortable_by = None
    fieldsets = ((_("Attribute"), {"fields": ("program", ("name", "code"), ("type", "default"), "choices")}),)
    help_texts = {
        "code": _("Names the attribute in rules and the API; fixed once it stands."),
        "type": _("Fixed once it stands: values are kept by it."),
        "default": _("What a membership without a value has: 0, no, 2026-12-31. Empty: nothing."),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        fixed = ["program", "code", "type"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]


@admin.register(Label)
class LabelAdmin(LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    list_display = ("name", "code", "program", "color")
    list_filter = (by_row("program"),)
    list_select_related = ("program",)
    search_prefix = ("code", "name")
    sortable_by = None
    fieldsets = ((_("Label"), {"fields": ("program", ("name", "code"), "color")}),)
    help_texts = {
        "code": _("Names the label in rules and the API; fixed once it stands."),
        "color": _("As #rrggbb."),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *(["program", "code"] if obj is not None else [])]
