"""Cards, to be looked at: every change is a verb."""

from django.contrib import admin

from cards.models import Card, NumberRegistry
from common.admin import LoyaltyModelAdmin, ReadOnlyAdmin, ReadOnlyMixin


@admin.register(Card)
class CardAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "cards:read"
    program_path = "program"
    list_display = ("number_id", "program", "kind", "status", "valid_until", "barred_from")
    list_filter = ("program", "kind", "status")
    list_select_related = ("program",)
    search_prefix = ("number__number",)
    raw_id_fields = ("number", "successor")


@admin.register(NumberRegistry)
class NumberRegistryAdmin(ReadOnlyAdmin):
    view_action = "cards:read"
    program_path = "program"
    list_display = ("number", "program", "kind")
    list_filter = ("program", "kind")
    list_select_related = ("program",)
    search_prefix = ("number",)
