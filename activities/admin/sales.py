"""Sales with their lines, and claims for missing points, to be looked at: they come from channels and the desk."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from activities.models import Claim, Transaction, TransactionItem
from common.admin import ReadOnlyInline, tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import NOTHING, link, rows_link
from points.admin.base import LedgerAdmin, user_name

CLAIM_LABELS = {"open": "warning", "granted": "success", "refused": "danger"}


def money(amount: Any, currency: str) -> str:
    """1,200.00 EUR; a dash where no amount was told."""
    return NOTHING if amount is None else f"{amount:,.2f} {currency}"


class LineInline(ReadOnlyInline):
    model = TransactionItem
    fk_name = "transaction"
    fields = ("line", "sku", "category", "quantity", "amount", "returns")
    related = ("returns",)
    ordering = ("line",)


@admin.register(Transaction)
class TransactionAdmin(LedgerAdmin):
    list_display = ("id", "type", "reference", "program", "customer", "paid", "return_of", "occurred_at", "channel")
    list_filter = (by_row("program"), by_choice("type"))
    list_select_related = ("program", "customer", "original", "channel")
    served = ("original__id__exact", "customer__id__exact")
    search_exact = ("id",)
    search_keys = {"reference": lambda term: term[:80]}
    search_help_text = _("Reference of a sale, or id")
    readonly_fields = ("paid", "came_back", "through", "staff")
    help_texts = {
        "program": _("That of the membership it earned on; empty where the customer takes part in none."),
        "occurred_at": _("When it happened: rules, expiry and tiers go by it; UTC."),
        "recorded_at": _("When it was written down; UTC."),
    }
    inlines = (LineInline,)
    fieldsets = (
        (
            _("Transaction"),
            {
                "fields": (
                    ("type", "reference"),
                    ("program", "customer"),
                    ("paid", "original"),
                    ("occurred_at", "recorded_at"),
                    "came_back",
                )
            },
        ),
        (_("Where and by whom"), {"fields": (("through", "staff"), ("location", "business_unit"))}),
    )

    def task_buttons(self, request: HttpRequest, row: Transaction) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.TRANSACTION, row.pk)

    @admin.display(description=_("amount"))
    def paid(self, sale: Transaction) -> str:
        return money(sale.amount, sale.currency)

    @admin.display(description=_("return of"))
    def return_of(self, sale: Transaction) -> str:
        return link(sale.original)

    @admin.display(description=_("returns"))
    def came_back(self, sale: Transaction) -> str:
        return rows_link("activities.Transaction", _("What came back of it"), original__id__exact=sale.pk)

    @admin.display(description=_("staff user"))
    def staff(self, sale: Transaction) -> Any:
        return user_name(sale.user_id)


@admin.register(TransactionItem)
class TransactionItemAdmin(LedgerAdmin):
    program_path = "transaction__program"
    list_display = ("sale", "line", "sku", "category", "sold", "paid", "returns")
    list_filter = (by_row("transaction__program"),)
    list_select_related = ("transaction", "returns")
    served = ("transaction__id__exact",)
    search_exact = ("transaction__reference",)
    search_help_text = _("Reference of a sale")
    fieldsets = (
        (
            _("Line of a transaction"),
            {"fields": (("transaction", "line"), ("sku", "category"), ("quantity", "amount"), "returns")},
        ),
    )

    @admin.display(description=_("transaction"))
    def sale(self, item: TransactionItem) -> str:
        return link(item.transaction)

    @admin.display(description=_("quantity"))
    def sold(self, item: TransactionItem) -> str:
        return f"{item.quantity.normalize():f}"

    @admin.display(description=_("amount"))
    def paid(self, item: TransactionItem) -> str:
        return money(item.amount, item.transaction.currency)


@admin.register(Claim)
class ClaimAdmin(LedgerAdmin):
    list_display = ("id", "receipt", "of", "customer", "claimed", "shown_status", "occurred_at", "received_at")
    list_filter = (by_row("program"), by_choice("status"))
    list_select_related = ("membership", "customer")
    served = ("membership__id__exact",)
    search_exact = ("id", "receipt", "membership__number")
    search_help_text = _("Receipt, member number, or id")
    readonly_fields = ("claimed", "through", "staff", "decider")
    help_texts = {"occurred_at": _("When it was bought, as the member says; UTC.")}
    fieldsets = (
        (
            _("Claim"),
            {
                "fields": (
                    ("receipt", "program"),
                    ("membership", "customer"),
                    ("claimed", "occurred_at"),
                    ("received_at", "through", "staff"),
                    "note",
                )
            },
        ),
        (_("Decision"), {"fields": (("status", "activity"), ("decided_at", "decider"), "why")}),
    )

    def task_buttons(self, request: HttpRequest, row: Claim) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.CLAIM, row.pk)

    @admin.display(description=_("membership"))
    def of(self, claim: Claim) -> str:
        return link(claim.membership)

    @admin.display(description=_("amount"))
    def claimed(self, claim: Claim) -> str:
        return money(claim.amount, claim.currency)

    @display(description=_("status"), label=CLAIM_LABELS)
    def shown_status(self, claim: Claim) -> tuple[str, str]:
        return claim.status, claim.get_status_display()

    @admin.display(description=_("received by"))
    def staff(self, claim: Claim) -> Any:
        return user_name(claim.user_id)

    @admin.display(description=_("decided by"))
    def decider(self, claim: Claim) -> Any:
        return user_name(claim.decided_by_id)
