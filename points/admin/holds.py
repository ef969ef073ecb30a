"""Holds with the lots they set aside."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import ReadOnlyInline, tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import figure, link
from common.clock import program_now
from points.admin.base import LedgerAdmin, membership_of, user_name
from points.models import Hold, HoldLot, HoldStatus

STATUS_LABELS = {"open": "warning", "captured": "success", "released": "info", "lapsed": "danger"}


class HeldLotInline(ReadOnlyInline):
    model = HoldLot
    fields = ("lot", "points")
    related = ("lot",)
    tab = False


@admin.register(Hold)
class HoldAdmin(LedgerAdmin):
    list_display = ("id", "membership", "shown_points", "shown_status", "reference", "occurred_at", "expires_at")
    list_filter = (by_choice("status"), by_row("program"))
    list_select_related = ("for_set__membership", "program")
    served = ("for_set__id__exact",)
    search_exact = ("id", "for_set__membership__number")
    search_help_text = _("Id, or member number")
    readonly_fields = ("membership", "shown_points", "shown_status", "taken", "through", "staff")
    inlines = (HeldLotInline,)
    help_texts = {
        "expires_at": _("Free again from then on, even before the run that tidies up; UTC."),
        "reference": _("What the till calls the sale."),
    }
    fieldsets = (
        (
            _("Hold"),
            {
                "fields": (
                    ("membership", "person"),
                    ("shown_points", "taken"),
                    ("shown_status", "reference"),
                    ("occurred_at", "expires_at"),
                    ("ended_at", "posting"),
                    ("through", "staff"),
                )
            },
        ),
    )

    def task_buttons(self, request: HttpRequest, row: Hold) -> Iterable[dict[str, Any] | None]:
        if row.status_at(program_now(row.program)) == HoldStatus.OPEN:
            yield tasks.Desk(request, row.program_id).button(tasks.RELEASE_HOLD, row.pk)

    @admin.display(description=_("membership"))
    def membership(self, hold: Hold) -> str | SafeString:
        return link(membership_of(hold.for_set))

    @admin.display(description=_("points"))
    def shown_points(self, hold: Hold) -> str:
        return figure(hold.points)

    @admin.display(description=_("captured"))
    def taken(self, hold: Hold) -> str:
        return figure(hold.captured)

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, hold: Hold) -> tuple[str, Any]:
        """As it counts: one past its limit is over."""
        status = hold.status_at(program_now(hold.program))
        return status, status.label

    @admin.display(description=_("staff user"))
    def staff(self, hold: Hold) -> Any:
        return user_name(hold.user_id)
