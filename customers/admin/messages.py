"""What was sent to customers, or was not and why: looked at, never changed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import ReadOnlyAdmin
from common.admin.filters import by_choice
from customers.masking import masked_email
from customers.models import Message

STATUS_LABELS = {"waiting": "info", "sent": "success", "failed": "danger", "suppressed": "warning"}


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """A code or a link is nobody's to read but the customer's: its text is never shown."""

    view_action = "customers:read"
    program_path = "program"
    customer_path = "customer"
    masks = {"address": masked_email}
    list_display = ("id", "created_at", "customer", "program", "purpose", "address", "shown_status", "why_not")
    list_filter = (by_choice("status"), by_choice("purpose"))
    list_select_related = ("customer", "program")
    ordering = ("-pk",)
    served = ("customer__id__exact",)
    window = 100_000
    search_exact = ("id", "customer__number")
    search_help_text = _("Id, or customer number")
    readonly_fields = ("shown_status",)
    help_texts = {
        "created_at": _("In the same moment as what it speaks of."),
        "next_try_at": _("Tried eight times within a day."),
    }
    fieldsets = (
        (
            _("Message"),
            {
                "fields": (
                    ("customer", "program"),
                    ("purpose", "template"),
                    ("cause_kind", "cause_id"),
                    ("channel", "address"),
                    ("shown_status", "why_not"),
                    ("created_at", "sent_at"),
                    ("tries", "next_try_at"),
                )
            },
        ),
        (_("Text"), {"fields": ("subject", "body")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        found = super().get_fieldsets(request, obj)
        return found[:1] if obj is not None and obj.carries_secret else found

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, message: Message) -> tuple[str, str]:
        return message.status, message.get_status_display()
