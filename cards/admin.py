"""Cards and numbers, to be looked at: every change is a verb."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cards.models import Card, NumberRegistry
from common.admin import LoyaltyModelAdmin, ReadOnlyAdmin, ReadOnlyMixin
from common.admin.filters import by_choice, by_row
from common.admin.looks import rows_link

STATUS_LABELS = {
    "created": "info",
    "active": "success",
    "blocked": "warning",
    "lost": "danger",
    "stolen": "danger",
    "damaged": "warning",
    "cancelled": "danger",
    "expired": "danger",
    "replaced": "info",
}


@admin.register(Card)
class CardAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "cards:read"
    program_path = "program"
    list_display = ("number_id", "program", "kind", "shown_status", "valid_until", "barred_from", "holders")
    list_filter = (by_row("program"), by_choice("kind"), by_choice("status"))
    list_select_related = ("program",)
    search_prefix = ("number__number",)
    search_help_text = _("Card number, or how it begins")
    readonly_fields = ("holders",)
    help_texts = {
        "barred_from": _("Events from then on are refused; those before still count."),
        "successor": _("The card that replaced it."),
        "valid_until": _("Last day, in the program's zone."),
    }
    fieldsets = (
        (
            _("Card"),
            {
                "fields": (
                    ("number", "program"),
                    ("kind", "status"),
                    ("created_at", "activated_at"),
                    ("valid_until", "barred_from"),
                    ("successor", "holders"),
                )
            },
        ),
    )

    @admin.display(description=_("number"))
    def number_id(self, card: Card) -> str:
        return str(card.number_id)

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, card: Card) -> tuple[str, Any]:
        return card.status, card.get_status_display()

    @admin.display(description=_("holders"))
    def holders(self, card: Card) -> str | SafeString:
        return rows_link("memberships.CardHolding", _("who held it"), card__id__exact=card.pk)


@admin.register(NumberRegistry)
class NumberRegistryAdmin(ReadOnlyAdmin):
    """Every number ever given out: one looks for a number here, and never browses."""

    view_action = "cards:read"
    program_path = "program"
    list_display = ("number", "program", "kind")
    list_select_related = ("program",)
    ordering = ("number",)
    search_first = True
    search_prefix = ("number",)
    search_help_text = _("Type a number, or how it begins: numbers are listed once something is looked for")
    fieldsets = ((_("Number"), {"fields": ("number", "program", "kind")}),)
