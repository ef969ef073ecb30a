"""Which members of staff are customers too: they decide nothing about their own points."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin
from customers.models import StaffCustomer


@admin.register(StaffCustomer)
class StaffCustomerAdmin(LoyaltyModelAdmin):
    view_action = "staff:manage"
    write_action = "staff:manage"
    program_path = None
    may_delete = True
    list_display = ("user", "customer")
    list_select_related = ("user", "customer")
    raw_id_fields = ("customer",)
    search_exact = ("customer__number",)
    search_prefix = ("user__username",)
    fieldsets = (
        (
            _("Customer of staff"),
            {
                "description": _("The user is this customer, or so close to them that the two count as one person."),
                "fields": ("user", "customer"),
            },
        ),
    )
    help_texts = {"customer": _("Whose points this user never books, corrects or approves.")}
