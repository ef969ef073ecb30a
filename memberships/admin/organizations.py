"""Organizations' signatories, agreements and what was inherited, to be looked at: every step is a page of the desk."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin, PlainModelAdmin, ReadOnlyInline, ReadOnlyMixin
from common.admin.filters import by_choice, by_row
from memberships.models import (
    AgreementBenefit,
    AgreementTier,
    AgreementVersion,
    InheritedAgreement,
    MembershipBenefit,
    OrganizationAgreement,
    OrganizationSignatory,
)

from .parts import PartAdmin


@admin.register(OrganizationSignatory)
class OrganizationSignatoryAdmin(PartAdmin):
    list_display = ("customer", "membership", "program", "since", "ended_at")
    list_select_related = ("membership", "customer", "program")
    fieldsets = ((_("Signatory"), {"fields": (("customer", "membership"), "program", ("since", "ended_at"))}),)


class AgreementTierInline(ReadOnlyInline):
    model = AgreementTier
    fields = ("group", "tier")
    related = ("group", "tier")


class AgreementBenefitInline(ReadOnlyInline):
    model = AgreementBenefit
    fields = ("benefit",)
    related = ("benefit",)


@admin.register(OrganizationAgreement)
class OrganizationAgreementAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "memberships:read"
    program_path = "program"
    list_display = ("name", "organization_membership", "employee_group", "valid_from", "valid_until", "form", "version")
    list_select_related = ("organization_membership", "employee_group")
    list_filter = (by_row("program"), by_choice("form"))
    ordering = ("-pk",)
    window = 100_000
    served = ("organization_membership__id__exact", "employee_group__id__exact")
    search_exact = ("organization_membership__number", "organization_membership__organization__number")
    search_help_text = _("Member number or customer number of the organization")
    help_texts = {
        "version": _("Memberships keep the version they were made under until it is applied again."),
        "maximum": _("Of those that stand under it at one time; empty: any number."),
        "cancelled_at": _("As if it had never been made."),
    }
    inlines = (AgreementTierInline, AgreementBenefitInline)
    readonly_fields = ("version", "cancelled_at")
    fieldsets = (
        (
            _("Agreement"),
            {
                "fields": (
                    ("name", "version"),
                    ("organization_membership", "program"),
                    ("employee_group", "maximum"),
                    ("valid_from", "valid_until"),
                    ("form", "leaving_rule"),
                    "cancelled_at",
                )
            },
        ),
    )


@admin.register(AgreementVersion)
class AgreementVersionAdmin(ReadOnlyMixin, PlainModelAdmin):
    view_action = "memberships:read"
    program_path = "program"
    list_display = ("agreement", "version", "made_at")
    list_select_related = ("agreement",)
    list_filter = (by_row("program"),)
    ordering = ("-pk",)
    window = 100_000
    served = ("agreement__id__exact",)
    search_exact = ("agreement__organization_membership__number",)
    search_help_text = _("Member number of the organization")
    fieldsets = (
        (
            _("Version"),
            {"fields": (("agreement", "program"), ("version", "made_at"), "terms", ("channel_id", "user_id"))},
        ),
    )


@admin.register(InheritedAgreement)
class InheritedAgreementAdmin(PartAdmin):
    list_display = ("membership", "agreement", "version", "form", "source", "since", "ended_at")
    list_select_related = ("membership", "agreement")
    list_filter = (by_row("program"), by_choice("form"), by_choice("source"))
    served = ("membership__id__exact", "agreement__id__exact")
    search_exact = ("membership__number",)
    search_help_text = _("Member number")
    fieldsets = (
        (
            _("Inherited agreement"),
            {
                "fields": (
                    ("membership", "program"),
                    ("agreement", "version"),
                    ("form", "source"),
                    ("since", "ended_at"),
                )
            },
        ),
    )


@admin.register(MembershipBenefit)
class MembershipBenefitAdmin(PartAdmin):
    list_display = ("membership", "benefit", "source", "since", "until", "ended_at")
    list_select_related = ("membership", "benefit")
    list_filter = (by_row("program"), by_choice("source"))
    served = ("membership__id__exact", "benefit__id__exact", "agreement__id__exact")
    search_exact = ("membership__number",)
    search_help_text = _("Member number")
    help_texts = {"member": _("Of a group: whose alone it is. Empty: of all.")}
    fieldsets = (
        (
            _("Benefit"),
            {
                "fields": (
                    ("membership", "program"),
                    ("benefit", "member"),
                    ("source", "reason"),
                    ("agreement", "agreement_version"),
                    ("since", "until", "ended_at"),
                )
            },
        ),
    )
