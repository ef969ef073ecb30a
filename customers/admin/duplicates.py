"""Records that staff found to be one person, or not: decided at the desk, looked at here."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import LoyaltyModelAdmin, ReadOnlyMixin
from common.admin.filters import by_choice
from customers.models import DuplicateCustomer

STATUS_LABELS = {"confirmed": "warning", "merged": "success", "dismissed": "info"}


@admin.register(DuplicateCustomer)
class DuplicateCustomerAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "customers:read"
    customer_path = "customer"
    list_display = ("id", "customer", "duplicate", "shown_status", "decided_at", "merged_at")
    list_filter = (by_choice("status"),)
    list_select_related = ("customer", "duplicate")
    ordering = ("-pk",)
    served = ("customer__id__exact", "duplicate__id__exact")
    window = 100_000
    search_exact = ("customer__number", "duplicate__number")
    search_help_text = _("Customer number")
    readonly_fields = ("shown_status",)
    fieldsets = (
        (
            _("One person twice"),
            {"fields": (("customer", "duplicate"), ("shown_status", "reason"), ("decided_at", "merged_at"))},
        ),
    )

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, pair: DuplicateCustomer) -> tuple[str, str]:
        return pair.status, pair.get_status_display()
