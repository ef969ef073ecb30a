"""A customer's documents, addresses and wishes about being contacted: rows of the customer's page and form."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.admin import LoyaltyModelAdmin, PlainTabularInline, ReadOnlyMixin
from common.admin.masks import MaskedValue
from common.staff_actor import actor_of_request
from customers.masking import MASKS
from customers.models import Address, ContactPreference, Identification


class DetailInline(PlainTabularInline):
    """Masked and closed until the customer is unmasked: masked values would be saved."""

    extra = 0
    tab = True
    show_change_link = True
    masked: tuple[str, ...] = ()

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return not self._covered(request, obj) and super().has_change_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        covered = self._covered(request, obj)
        return [self._mask(request, name) if covered and name in self.masked else name for name in self.fields or ()]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return [self._mask(request, name) for name in self.masked] if self._covered(request, obj) else []

    def _covered(self, request: HttpRequest, obj: models.Model | None) -> bool:
        return obj is not None and not actor_of_request(request).sees(obj.pk)

    def _mask(self, request: HttpRequest, name: str) -> MaskedValue:
        """One object per request and field: Django looks a field up by identity."""
        known: dict[Any, MaskedValue] = request.__dict__.setdefault("_masked_details", {})
        if (self.model, name) not in known:
            field = self.model._meta.get_field(name)
            known[self.model, name] = MaskedValue(field, MASKS[name], "customer", actor_of_request(request))
        return known[self.model, name]


class IdentificationInline(DetailInline):
    model = Identification
    fields = ("kind", "country", "number", "valid_until")
    masked = ("number",)


class AddressInline(DetailInline):
    model = Address
    fields = ("kind", "lines", "postal_code", "city", "country")
    masked = ("lines", "postal_code", "city")


class PreferenceInline(DetailInline):
    """A wish is changed, never taken back: then the contract alone decides."""

    model = ContactPreference
    fields = ("channel", "allowed")
    can_delete = False


class DetailAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    """One row; its history is what one comes here for."""

    view_action = "customers:read"
    masks = MASKS
    list_select_related = ("customer",)
    ordering = ("-pk",)
    served = ("customer__id__exact",)
    window = 100_000
    search_exact = ("customer__number",)
    search_help_text = _("Customer number")
    history_silent = ("number_key",)


@admin.register(Identification)
class IdentificationAdmin(DetailAdmin):
    customer_path = "customer"
    list_display = ("id", "customer", "kind", "country", "number", "valid_until")
    fieldsets = ((_("Document"), {"fields": ("customer", ("kind", "country"), ("number", "valid_until"))}),)


@admin.register(Address)
class AddressAdmin(DetailAdmin):
    customer_path = "customer"
    list_display = ("id", "customer", "kind", "city", "country")
    fieldsets = ((_("Address"), {"fields": ("customer", "kind", "lines", ("postal_code", "city"), "country")}),)


@admin.register(ContactPreference)
class ContactPreferenceAdmin(DetailAdmin):
    list_display = ("id", "customer", "channel", "allowed")
    fieldsets = ((_("Wish"), {"fields": ("customer", ("channel", "allowed"))}),)
