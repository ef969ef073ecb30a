"""Who else sends activities to a program."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin
from common.admin.filters import by_row
from programs.models import Partner


@admin.register(Partner)
class PartnerAdmin(LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "program"
    list_display = ("name", "code", "program", "is_active")
    list_filter = (by_row("program"), "is_active")
    list_select_related = ("program",)
    search_prefix = ("code", "name")
    sortable_by = None
    fieldsets = ((_("Partner"), {"fields": ("program", ("name", "code"), "is_active")}),)
    help_texts = {"code": _("Names the partner in files and the API; fixed once it stands.")}

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *(["program", "code"] if obj is not None else [])]
