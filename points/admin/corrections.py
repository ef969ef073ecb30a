"""Adjustments and what reversals did."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import ReadOnlyInline, tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import link, signed
from points.admin.base import LedgerAdmin, membership_of, user_name
from points.models import Adjustment, AdjustmentStatus, Reversal, ReversalLine

STATUS_LABELS = {"waiting": "warning", "posted": "success", "refused": "danger"}


@admin.register(Adjustment)
class AdjustmentAdmin(LedgerAdmin):
    list_display = ("id", "membership", "shown_points", "point_type", "shown_reason", "shown_status", "requested_at")
    list_filter = (by_choice("status"), by_row("program"))
    list_select_related = ("for_set__membership", "account__point_type")
    served = ("for_set__id__exact",)
    search_exact = ("id", "for_set__membership__number")
    search_help_text = _("Id, or member number")
    readonly_fields = ("membership", "shown_points", "through", "requester", "decider")
    help_texts = {
        "needs_approval": _("It was above a limit: a second person decided, never the one who asked."),
        "reason_code": _("Kept in the ledger; sentences stand in the note."),
    }
    fieldsets = (
        (
            _("Adjustment"),
            {
                "fields": (
                    ("membership", "person"),
                    ("shown_points", "account"),
                    ("reason_code", "status"),
                    "note",
                    ("occurred_at", "posting"),
                )
            },
        ),
        (
            _("Asked and decided"),
            {
                "fields": (
                    ("requester", "through"),
                    ("requested_at", "needs_approval"),
                    ("decider", "decided_at"),
                    "decision_note",
                )
            },
        ),
    )

    def task_buttons(self, request: HttpRequest, row: Adjustment) -> Iterable[dict[str, Any] | None]:
        if row.status == AdjustmentStatus.WAITING:
            yield tasks.Desk(request, row.program_id).button(tasks.ADJUSTMENT, row.pk)

    @admin.display(description=_("membership"))
    def membership(self, row: Adjustment) -> str | SafeString:
        return link(membership_of(row.for_set))

    @admin.display(description=_("points"))
    def shown_points(self, row: Adjustment) -> str:
        return signed(row.points)

    @admin.display(description=_("point type"))
    def point_type(self, row: Adjustment) -> str:
        return row.account.point_type.name

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, row: Adjustment) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @admin.display(description=_("channel"))
    def through(self, row: Adjustment) -> str:
        return str(row.requested_channel)

    @admin.display(description=_("asked by"))
    def requester(self, row: Adjustment) -> Any:
        return user_name(row.requested_by_id)

    @admin.display(description=_("decided by"))
    def decider(self, row: Adjustment) -> Any:
        return user_name(row.decided_by_id)


class LineInline(ReadOnlyInline):
    model = ReversalLine
    fields = ("point_type", "asked", "posted", "debt", "cut", "cut_value", "shortfall")
    related = ("point_type__program",)
    tab = False


@admin.register(Reversal)
class ReversalAdmin(LedgerAdmin):
    list_display = ("id", "reverses", "part", "posting", "policy", "shown_reason", "recorded_at")
    list_filter = (by_row("program"),)
    list_select_related = ("reverses", "posting")
    served = ("reverses__id__exact",)
    search_exact = ("id", "reverses__id")
    search_help_text = _("Id, or id of the reversed posting")
    readonly_fields = ("through", "staff")
    inlines = (LineInline,)
    help_texts = {
        "posting": _("Empty: nothing was left to move."),
        "policy": _("What happened to points that were spent already."),
    }
    fieldsets = (
        (
            _("Reversal"),
            {
                "fields": (
                    ("reverses", "part"),
                    ("posting", "program"),
                    ("policy", "reason_code"),
                    "note",
                    ("through", "staff"),
                    "recorded_at",
                )
            },
        ),
    )

    @admin.display(description=_("staff user"))
    def staff(self, row: Reversal) -> Any:
        return user_name(row.user_id)
