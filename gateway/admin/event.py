"""The feed, to be looked at."""

import json

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from common.admin.filters import by_row
from gateway.models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    view_action = "reports:read"
    program_path = "program"
    list_display = ("id", "kind", "program", "subject_id", "recorded_at")
    list_filter = (by_row("program"),)
    list_select_related = ("program",)
    ordering = ("-pk",)
    window = 100_000
    actions = None
    search_exact = ("id",)
    search_help_text = _("Id of the event")
    readonly_fields = ("told",)
    help_texts = {
        "subject_id": _("Id of what it speaks of, as its kind says: a posting, a membership, a customer ..."),
        "recorded_at": _("Real time, never a test clock; UTC."),
    }
    fieldsets = ((_("Event"), {"fields": (("kind", "program"), ("subject_id", "recorded_at"), "told")}),)

    @admin.display(description=_("facts"))
    def told(self, event: Event) -> str:
        return json.dumps(event.facts, ensure_ascii=False, indent=1)
