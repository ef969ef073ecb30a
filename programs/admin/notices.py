"""Texts of notices, and what ran: looked at here; texts are written at the desk, with a preview."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin, ReadOnlyAdmin, ReadOnlyMixin
from common.admin.filters import by_row
from common.admin.looks import NOTHING, figure
from programs.models import NoticeTemplate, Run
from programs.notice_texts import language_in_words, notice_in_words
from programs.run_words import figures_in_words, kind_in_words


@admin.register(NoticeTemplate)
class NoticeTemplateAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "memberships:read"
    program_path = "program"
    list_display = ("notice", "shown_language", "program", "subject", "days_before", "is_active")
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

    @admin.display(description=_("notice"), ordering="code")
    def notice(self, row: NoticeTemplate) -> str:
        return notice_in_words(row.code)

    @admin.display(description=_("language"), ordering="language")
    def shown_language(self, row: NoticeTemplate) -> str:
        return language_in_words(row.language)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    view_action = "reports:read"
    program_path = "program"
    list_display = ("shown_kind", "program", "dry_run", "started_at", "ended_at", "told", "problem")
    list_filter = (by_row("program"),)
    list_select_related = ("program",)
    ordering = ("-pk",)
    window = 100_000
    search_exact = ("id",)
    search_help_text = _("Id of the run")
    readonly_fields = ("shown_kind", "told", "staff")
    help_texts = {"started_at": _("Real time, never a test clock; UTC.")}
    fieldsets = (
        (
            _("Run"),
            {
                "fields": (
                    ("shown_kind", "program"),
                    ("started_at", "ended_at"),
                    ("dry_run", "staff"),
                    "problem",
                    "told",
                )
            },
        ),
    )

    @admin.display(description=_("figures"))
    def told(self, run: Run) -> str:
        return ", ".join(f"{words} {figure(value)}" for words, value in figures_in_words(run.counts)) or NOTHING

    @admin.display(description=_("run"), ordering="kind")
    def shown_kind(self, run: Run) -> str:
        return kind_in_words(run.kind).capitalize()

    @admin.display(description=_("begun by"))
    def staff(self, run: Run) -> str:
        user = get_user_model()._default_manager.filter(pk=run.user_id or 0).first()
        return user.get_username() if user else str(_("by itself"))
