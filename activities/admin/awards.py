"""Bulk awards and their lines, to be looked at: they are sent and decided about at the desk."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from activities.models import AwardRow, BulkAward
from common.admin import tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import figure, link, rows_link
from points.admin.base import LedgerAdmin, user_name

STATUS_LABELS = {
    "draft": "info",
    "waiting": "warning",
    "approved": "warning",
    "posted": "success",
    "refused": "danger",
}


@admin.register(BulkAward)
class BulkAwardAdmin(LedgerAdmin):
    view_action = "reports:read"
    list_display = ("id", "name", "program", "point_type", "shown_reason", "shown_status", "requested_at", "decided_at")
    list_filter = (by_row("program"), by_choice("status"))
    list_select_related = ("program", "point_type__program")
    search_exact = ("id", "name")
    readonly_fields = ("lines", "asker", "decider")
    fieldsets = (
        (
            _("Bulk award"),
            {
                "fields": (
                    ("name", "program"),
                    ("point_type", "reason_code"),
                    ("status", "needs_approval"),
                    ("requested_at", "asker"),
                    "note",
                    "lines",
                )
            },
        ),
        (_("Decision"), {"fields": (("decided_at", "decider"), "decision_note")}),
    )

    def task_buttons(self, request: HttpRequest, row: BulkAward) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.AWARD, row.pk)

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, award: BulkAward) -> tuple[str, str]:
        return award.status, award.get_status_display()

    @admin.display(description=_("lines"))
    def lines(self, award: BulkAward) -> str:
        return rows_link("activities.AwardRow", _("Its lines"), award__id__exact=award.pk)

    @admin.display(description=_("requested by"))
    def asker(self, award: BulkAward) -> Any:
        return user_name(award.requested_by_id)

    @admin.display(description=_("decided by"))
    def decider(self, award: BulkAward) -> Any:
        return user_name(award.decided_by_id)


@admin.register(AwardRow)
class AwardRowAdmin(LedgerAdmin):
    view_action = "reports:read"
    list_display = ("award", "line", "of", "gives", "booked", "problem")
    list_filter = (by_row("program"),)
    list_select_related = ("award", "membership", "posting")
    served = ("award__id__exact", "membership__id__exact")
    search_exact = ("membership__number",)
    search_help_text = _("Member number")
    readonly_fields = ("gives",)
    fieldsets = (
        (
            _("Line of a bulk award"),
            {
                "fields": (
                    ("award", "line"),
                    ("program", "number"),
                    ("membership", "person"),
                    ("gives", "posting"),
                    "problem",
                )
            },
        ),
    )

    @admin.display(description=_("membership"))
    def of(self, row: AwardRow) -> str:
        return link(row.membership)

    @admin.display(description=_("points"))
    def gives(self, row: AwardRow) -> str:
        return figure(row.points)

    @admin.display(description=_("posting"))
    def booked(self, row: AwardRow) -> str:
        return link(row.posting)
