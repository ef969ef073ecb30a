"""What was sent to members to decide by: codes and links."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common import clock
from common.admin import ReadOnlyAdmin
from common.admin.filters import by_row
from memberships.codes import state_of
from memberships.models import SpendingCode

STATE_LABELS = {
    "waiting": "info",
    "used": "success",
    "ended": "warning",
    "tried_out": "danger",
    "over": "warning",
}


class SentAdmin(ReadOnlyAdmin):
    """Of what was sent only a digest is kept, and not even that is shown; sending again is a task of the desk."""

    view_action = "memberships:read"
    program_path = "program"
    ordering = ("-pk",)
    window = 100_000
    search_help_text = _("Customer number or member number")

    @display(description=_("state"), label=STATE_LABELS)
    def shown_state(self, row: Any) -> tuple[str, str]:
        state = state_of(row, clock.now())
        return state.value, str(state.label)

    @admin.display(description=_("letter"))
    def letter(self, row: Any) -> str:
        return "" if row.message is None else row.message.get_status_display()


@admin.register(SpendingCode)
class SpendingCodeAdmin(SentAdmin):
    """A code by which a member lets points be spent."""

    list_display = ("customer", "membership", "most_points", "point_type", "sent_at", "shown_state", "tries", "letter")
    list_filter = (by_row("program"),)
    list_select_related = ("membership", "customer", "message", "point_type__program")
    served = ("membership__id__exact", "customer__id__exact")
    search_exact = ("membership__number", "customer__number")
    readonly_fields = ("shown_state", "letter")
    fieldsets = (
        (
            _("Code"),
            {
                "fields": (
                    ("membership", "customer", "program"),
                    ("most_points", "point_type"),
                    ("shown_state", "letter"),
                    ("sent_at", "expires_at"),
                    ("tries", "ended_at"),
                    ("used_at", "transaction_id", "activity_id"),
                    ("channel_id", "user_id"),
                    "message",
                )
            },
        ),
    )
