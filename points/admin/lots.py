"""Lots, what was taken from them, debts, and moved dates."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyInline
from common.admin.filters import by_flag
from common.admin.looks import figure, link, rows_link, several, signed
from points.admin.base import LedgerAdmin, membership_of, user_name
from points.models import Debt, Draw, Lot, LotDateChange


class DateChangeInline(ReadOnlyInline):
    model = LotDateChange
    fields = ("recorded_at", "verb", "old_expires_at", "new_expires_at", "reason_code")
    tab = False


@admin.register(Lot)
class LotAdmin(LedgerAdmin):
    """Points credited together: drawn nearest expiry first, then oldest."""

    program_path = "account__program"
    list_display = ("id", "membership", "point_type", "shown_amount", "left", "earned_at", "available_at", "expires_at")
    list_filter = (by_flag("is_open"),)
    list_select_related = ("account__point_type", "account__account_set__membership")
    served = (
        "entry__account__id__exact",
        "entry__posting__id__exact",
        "entry__id__exact",
        "parent__id__exact",
        "origin__id__exact",
    )
    search_exact = ("id", "entry__account__account_set__membership__number")
    search_help_text = _("Id, or member number")
    readonly_fields = ("membership", "shown_amount", "left", "rows")
    inlines = (DateChangeInline,)
    help_texts = {
        "available_at": _("Pending until then; empty: usable at once. UTC."),
        "expires_at": _("The first moment at which it can't be used any more; UTC. Empty: never."),
        "earner": _("Who earned the points; never changes."),
        "contributor": _("Through whose membership they came into this set."),
        "origin": _("The lot that was earned; this one came from it by a transfer, merge or split."),
    }
    fieldsets = (
        (
            _("Lot"),
            {"fields": (("membership", "account"), ("shown_amount", "left"), ("earner", "contributor"), "rows")},
        ),
        (_("Time"), {"fields": ("earned_at", ("available_at", "expires_at"))}),
        (_("Where it came from"), {"fields": ("entry", ("parent", "origin"))}),
    )

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Of one account in the order of its entries, which an index holds."""
        if "entry__account__id__exact" in request.GET:
            return ("-entry__account_id", "-entry__number", "-pk")
        return self.ordering

    @admin.display(description=_("membership"))
    def membership(self, lot: Lot) -> str | SafeString:
        return link(membership_of(lot.account.account_set))

    @admin.display(description=_("point type"))
    def point_type(self, lot: Lot) -> str:
        return lot.account.point_type.name

    @admin.display(description=_("points"))
    def shown_amount(self, lot: Lot) -> str:
        return figure(lot.amount)

    @admin.display(description=_("left"))
    def left(self, lot: Lot) -> str:
        return figure(lot.remaining)

    @admin.display(description=_("of this lot"))
    def rows(self, lot: Lot) -> Any:
        return several(
            [
                rows_link("points.Draw", _("Draws"), lot__id__exact=lot.pk),
                rows_link("points.Lot", _("Lots that came from it"), parent__id__exact=lot.pk),
            ]
        )


@admin.register(Draw)
class DrawAdmin(LedgerAdmin):
    program_path = "posting__program"
    list_display = ("id", "posting", "lot", "shown_amount", "entry")
    list_select_related = ("posting", "lot", "entry")
    served = ("lot__id__exact", "entry__id__exact", "posting__id__exact")
    search_exact = ("id",)
    search_help_text = _("Id")
    readonly_fields = ("shown_amount",)
    fieldsets = ((_("Draw"), {"fields": (("posting", "entry"), ("lot", "shown_amount"))}),)

    @admin.display(description=_("points"))
    def shown_amount(self, draw: Draw) -> str:
        """Taken from the lot, or given back to it with a minus."""
        return signed(draw.amount)


@admin.register(Debt)
class DebtAdmin(LedgerAdmin):
    program_path = "account__program"
    list_display = ("id", "membership", "person", "shown_amount", "open_points")
    list_select_related = ("account__account_set__membership", "person")
    served = ("entry__id__exact",)
    search_exact = ("id", "entry__account__account_set__membership__number")
    search_help_text = _("Id, or member number")
    readonly_fields = ("membership", "shown_amount", "open_points")
    fieldsets = ((_("Debt"), {"fields": (("membership", "person"), "entry", ("shown_amount", "open_points"))}),)

    @admin.display(description=_("membership"))
    def membership(self, debt: Debt) -> str | SafeString:
        return link(membership_of(debt.account.account_set))

    @admin.display(description=_("points"))
    def shown_amount(self, debt: Debt) -> str:
        return figure(debt.amount)

    @admin.display(description=_("still open"))
    def open_points(self, debt: Debt) -> str:
        return figure(debt.remaining)


@admin.register(LotDateChange)
class LotDateChangeAdmin(LedgerAdmin):
    program_path = "lot__account__program"
    list_display = ("lot", "verb", "old_expires_at", "new_expires_at", "shown_reason", "recorded_at")
    list_select_related = ("lot",)
    served = ("lot__id__exact",)
    search_exact = ("lot__id",)
    search_help_text = _("Id of the lot")
    readonly_fields = ("staff",)
    fieldsets = (
        (
            _("Change"),
            {
                "fields": (
                    ("lot", "verb"),
                    ("old_expires_at", "new_expires_at"),
                    "reason_code",
                    ("recorded_at", "staff"),
                )
            },
        ),
    )

    @admin.display(description=_("staff user"))
    def staff(self, change: LotDateChange) -> Any:
        return user_name(change.user_id)
