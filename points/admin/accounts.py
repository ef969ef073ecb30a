"""Sets and accounts: where points live."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import ReadOnlyInline
from common.admin.filters import by_flag, by_row
from common.admin.looks import figure, link, rows_link, several
from points.admin.base import LedgerAdmin, membership_of
from points.models import PointAccount, PointAccountSet


class AccountInline(ReadOnlyInline):
    model = PointAccount
    fields = ("point_type", "balance", "debt", "lifetime_earned", "lifetime_redeemed", "last_activity_at", "closed")
    related = ("point_type__program",)


@admin.register(PointAccountSet)
class PointAccountSetAdmin(LedgerAdmin):
    list_display = ("id", "membership", "program", "is_pool", "exempt_until")
    list_filter = (by_row("program"), by_flag("is_pool"))
    list_select_related = ("program", "membership")
    search_exact = ("id", "membership__number")
    search_help_text = _("Id or member number")
    readonly_fields = ("membership", "rows")
    inlines = (AccountInline,)
    help_texts = {
        "is_pool": _("Used by several shared memberships."),
        "exempt_until": _("Given by a tier that exempts from expiry."),
        "activity_at": _("Carried over from merged or split sets; accounts keep the later ones."),
    }
    fieldsets = (
        (
            _("Set"),
            {"fields": (("membership", "program"), "is_pool", ("exempt_until", "activity_at"), "rows")},
        ),
    )

    @admin.display(description=_("membership"))
    def membership(self, row: PointAccountSet) -> str | SafeString:
        return link(membership_of(row))

    @admin.display(description=_("of this set"))
    def rows(self, row: PointAccountSet) -> str | SafeString:
        return several(
            [
                rows_link("points.Posting", _("Postings"), for_set__id__exact=row.pk),
                rows_link("points.Hold", _("Holds"), for_set__id__exact=row.pk),
                rows_link("points.Adjustment", _("Adjustments"), for_set__id__exact=row.pk),
                rows_link("memberships.Membership", _("Memberships on this pool"), pool__id__exact=row.pk),
            ]
        )


@admin.register(PointAccount)
class PointAccountAdmin(LedgerAdmin):
    """The balance of one point type in one set; kept with every posting and proved from its entries."""

    list_display = ("id", "membership", "point_type", "shown_balance", "shown_debt", "last_activity_at", "closed")
    list_filter = (by_row("program"), by_flag("closed"))
    list_select_related = ("point_type__program", "account_set__membership")
    served = ("account_set__id__exact",)
    search_exact = ("id", "account_set__membership__number")
    search_help_text = _("Id or member number")
    readonly_fields = ("membership", "shown_balance", "shown_debt", "earned", "redeemed", "rows")
    help_texts = {
        "entry_count": _("Entries are numbered 1, 2, 3 ... without a gap."),
        "last_activity_at": _("The latest event that counts against inactivity; UTC."),
        "closed": _("Takes no credits, as while its points are pooled."),
    }
    fieldsets = (
        (
            _("Account"),
            {"fields": (("membership", "point_type"), ("account_set", "program"), ("closed", "last_activity_at"))},
        ),
        (
            _("Points"),
            {
                "description": _("Balance is what is left of all lots less what is owed."),
                "fields": (("shown_balance", "shown_debt"), ("earned", "redeemed"), "entry_count", "rows"),
            },
        ),
    )

    @admin.display(description=_("membership"))
    def membership(self, row: PointAccount) -> str | SafeString:
        return link(membership_of(row.account_set))

    @display(description=_("balance"))
    def shown_balance(self, row: PointAccount) -> str:
        return figure(row.balance)

    @display(description=_("debt"))
    def shown_debt(self, row: PointAccount) -> str:
        return figure(row.debt)

    @display(description=_("earned in its life"))
    def earned(self, row: PointAccount) -> str:
        return figure(row.lifetime_earned)

    @display(description=_("redeemed in its life"))
    def redeemed(self, row: PointAccount) -> str:
        return figure(row.lifetime_redeemed)

    @admin.display(description=_("of this account"))
    def rows(self, row: PointAccount) -> Any:
        return several(
            [
                rows_link("points.Entry", _("Entries"), account__id__exact=row.pk),
                rows_link("points.Lot", _("Lots"), entry__account__id__exact=row.pk),
                rows_link("points.Hold", _("Holds"), account__id__exact=row.pk),
            ]
        )
