"""Texts of notices, and what ran: looked at here; texts are written at the desk, with a preview."""

import json
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin, ReadOnlyAdmin, ReadOnlyMixin
from common.admin.filters import by_row
from programs.models import NoticeTemplate, Run


@admin.register(NoticeTemplate)
class NoticeTemplateAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "memberships:read"
    program_path = "program"
    list_display = ("code", "language", "program", "subject", "days_before", "is_active")
    list_filter = (by_row("program"),)
    list_select_related = ("program",)
    search_prefix = ("code", "subject")
    sortable_by = None
    fieldsets = (
        (
            _("Notice text"),
            {"fields": ("program", ("code", "language"), "subject", "body", ("days_before", "is_active"))},
        ),
    )
    help_texts = {"is_active": _("Not sent: nobody gets this notice in this language.")}


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    view_action = "reports:read"
    program_path = "program"
    list_display = ("id", "kind", "program", "dry_run", "started_at", "ended_at", "problem")
    list_filter = (by_row("program"),)
    list_select_related = ("program",)
    ordering = ("-pk",)
    window = 100_000
    search_exact = ("id",)
    search_help_text = _("Id of the run")
    readonly_fields = ("told",)
    help_texts = {"started_at": _("Real time, never a test clock; UTC.")}
    fieldsets = (
        (
            _("Run"),
            {"fields": (("kind", "program"), ("started_at", "ended_at"), ("dry_run", "user_id"), "problem", "told")},
        ),
    )

    @admin.display(description=_("figures"))
    def told(self, run: Any) -> str:
        return json.dumps(run.counts, ensure_ascii=False, indent=1)
