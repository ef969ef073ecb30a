"""Who belongs to which organization: changed at the desk, looked at here."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin, ReadOnlyMixin
from customers.masking import MASKS
from customers.models import Affiliation, EmployeeGroup


@admin.register(EmployeeGroup)
class EmployeeGroupAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "customers:read"
    list_display = ("name", "code", "organization")
    list_select_related = ("organization",)
    ordering = ("-pk",)
    served = ("organization__id__exact",)
    window = 100_000
    search_exact = ("organization__number", "code")
    search_help_text = _("Customer number of the organization, or code of the group")
    help_texts = {"code": _("Files name the group by it; it never changes.")}
    fieldsets = ((_("Employee group"), {"fields": ("organization", ("code", "name"))}),)


@admin.register(Affiliation)
class AffiliationAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "customers:read"
    customer_path = "customer"
    masks = MASKS
    list_display = ("customer", "organization", "employee_group", "personnel_number", "valid_from", "valid_until")
    list_select_related = ("customer", "organization", "employee_group")
    ordering = ("-pk",)
    served = ("customer__id__exact", "organization__id__exact", "employee_group__id__exact")
    window = 100_000
    search_exact = ("customer__number", "organization__number")
    search_help_text = _("Customer number of the person or the organization")
    help_texts = {"valid_until": _("Both days belong to the affiliation.")}
    fieldsets = (
        (
            _("Affiliation"),
            {
                "fields": (
                    ("customer", "organization"),
                    ("employee_group", "personnel_number"),
                    ("valid_from", "valid_until"),
                )
            },
        ),
    )
