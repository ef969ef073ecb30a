"""Rows below a membership; their history is what one comes here for."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin, ReadOnlyMixin
from common.admin.filters import by_choice, by_row
from memberships.models import (
    CardHolding,
    CardRegistration,
    Member,
    MembershipTerm,
    TermsAcceptance,
    TierStanding,
)


class PartAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "memberships:read"
    program_path = "program"
    list_filter: tuple = (by_row("program"),)
    list_select_related: tuple[str, ...] = ("membership",)
    ordering = ("-pk",)
    window = 100_000
    served: tuple[str, ...] = ("membership__id__exact", "customer__id__exact")
    search_exact: tuple[str, ...] = ("membership__number", "customer__number")
    search_help_text = _("Member number or customer number")


@admin.register(Member)
class MemberAdmin(PartAdmin):
    list_display = ("customer", "membership", "program", "joined_at", "ended_at", "suspended_at")
    list_select_related = ("membership", "customer", "program")
    # Carried by the database: no form holds it, that of an old version neither.
    readonly_fields = ("current",)
    help_texts = {
        "current": _("Carried from the membership: it has not ended."),
        "suspended_at": _("Barred apart from the others: no earning, redeeming, transfers, cards."),
    }
    fieldsets = (
        (
            _("Member"),
            {"fields": (("customer", "membership"), "program", ("joined_at", "ended_at"), ("suspended_at", "current"))},
        ),
    )


@admin.register(TierStanding)
class TierStandingAdmin(PartAdmin):
    list_display = ("membership", "group", "tier", "since", "until", "ended_at", "source")
    list_select_related = ("membership", "group", "tier")
    list_filter = (by_row("program"), by_choice("source"))
    served = ("membership__id__exact", "tier__id__exact")
    search_exact = ("membership__number",)
    search_help_text = _("Member number")
    help_texts = {"until": _("No review lowers it before.")}
    fieldsets = (
        (
            _("Standing"),
            {
                "fields": (
                    ("membership", "program"),
                    ("group", "tier"),
                    ("since", "ended_at"),
                    "until",
                    ("source", "reason"),
                )
            },
        ),
    )


@admin.register(CardHolding)
class CardHoldingAdmin(PartAdmin):
    list_display = ("card", "membership", "customer", "held_from", "held_until")
    list_select_related = ("membership", "customer", "card")
    served = ("membership__id__exact", "customer__id__exact", "card__id__exact")
    search_exact = ("membership__number", "customer__number", "card__number__number")
    search_help_text = _("Card number, member number or customer number")
    fieldsets = (
        (_("Holding"), {"fields": (("card", "program"), ("membership", "customer"), ("held_from", "held_until"))}),
    )


@admin.register(CardRegistration)
class CardRegistrationAdmin(PartAdmin):
    list_display = ("card", "customer", "membership", "target", "status", "outcome", "registered_at")
    list_select_related = ("card", "customer", "membership", "target")
    list_filter = (by_row("program"), by_choice("status"))
    served = ("membership__id__exact", "customer__id__exact", "card__id__exact")
    search_exact = ("membership__number", "customer__number", "card__number__number")
    search_help_text = _("Card number, member number or customer number")
    help_texts = {"target": _("The membership the person had, where they had one.")}
    fieldsets = (
        (
            _("Registration"),
            {
                "fields": (
                    ("card", "program"),
                    ("customer", "membership", "target"),
                    ("status", "outcome", "change"),
                    ("proof_kind", "proof_reference", "accepts_terms"),
                    ("registered_at", "ended_at"),
                    ("channel_id", "user_id"),
                )
            },
        ),
    )


@admin.register(TermsAcceptance)
class TermsAcceptanceAdmin(PartAdmin):
    list_display = ("customer", "membership", "terms", "accepted_at")
    list_select_related = ("membership", "customer", "terms")
    served = ("membership__id__exact", "customer__id__exact", "terms__id__exact")
    fieldsets = (
        (
            _("Acceptance"),
            {"fields": (("customer", "membership"), ("terms", "program"), "accepted_at", ("channel_id", "user_id"))},
        ),
    )


@admin.register(MembershipTerm)
class MembershipTermAdmin(PartAdmin):
    list_display = ("membership", "first_day", "last_day", "fee", "currency", "paid_at")
    served = ("membership__id__exact",)
    search_exact = ("membership__number",)
    search_help_text = _("Member number")
    fieldsets = (
        (
            _("Paid term"),
            {
                "fields": (
                    ("membership", "program"),
                    ("first_day", "last_day"),
                    ("fee", "currency"),
                    ("paid_at", "payment_reference"),
                )
            },
        ),
    )
