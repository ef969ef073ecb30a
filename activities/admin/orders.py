"""Orders, vouchers and the movements of stock, to be looked at."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from activities.models import RewardOrder, StockMovement, Voucher, VoucherUse
from activities.vouchers import masked_code
from common.admin import ReadOnlyInline, tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import figure, link
from points.admin.base import LedgerAdmin, user_name

ORDER_LABELS = {"ordered": "warning", "fulfilled": "success", "cancelled": "info"}
VOUCHER_LABELS = {
    "issued": "success",
    "part_used": "success",
    "used": "info",
    "expired": "warning",
    "cancelled": "danger",
}


@admin.register(RewardOrder)
class RewardOrderAdmin(LedgerAdmin):
    list_display = ("id", "item", "quantity", "shown_points", "of", "customer", "shown_status", "ordered_at", "paid")
    list_filter = (by_row("program"), by_choice("status"))
    list_select_related = ("item", "membership", "customer", "posting")
    served = ("membership__id__exact", "item__id__exact")
    search_exact = ("id", "membership__number")
    readonly_fields = ("shown_points", "through", "staff", "settler")
    fieldsets = (
        (
            _("Order"),
            {
                "fields": (
                    ("item", "quantity"),
                    ("membership", "customer"),
                    ("shown_points", "posting"),
                    ("status", "activity"),
                    "note",
                )
            },
        ),
        (
            _("When and by whom"),
            {"fields": (("ordered_at", "through", "staff"), ("settled_at", "settler"), "settled_why")},
        ),
    )

    def task_buttons(self, request: HttpRequest, row: RewardOrder) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.ORDER, row.pk)

    @admin.display(description=_("membership"))
    def of(self, order: RewardOrder) -> str:
        return link(order.membership)

    @admin.display(description=_("posting"))
    def paid(self, order: RewardOrder) -> str:
        return link(order.posting)

    @display(description=_("status"), label=ORDER_LABELS)
    def shown_status(self, order: RewardOrder) -> tuple[str, str]:
        return order.status, order.get_status_display()

    @admin.display(description=_("points"))
    def shown_points(self, order: RewardOrder) -> str:
        return figure(order.points)

    @admin.display(description=_("staff user"))
    def staff(self, order: RewardOrder) -> Any:
        return user_name(order.user_id)

    @admin.display(description=_("fulfilled or cancelled by"))
    def settler(self, order: RewardOrder) -> Any:
        return user_name(order.settled_by_id)


class UseInline(ReadOnlyInline):
    model = VoucherUse
    fields = ("number", "used_at", "amount", "remaining_after", "reference", "channel")
    related = ("channel",)
    ordering = ("-number",)
    show_change_link = False


@admin.register(Voucher)
class VoucherAdmin(LedgerAdmin):
    """Its code is a secret: whoever may use vouchers reads it at the desk."""

    list_display = ("id", "masked", "item", "of", "shown_status", "left", "issued_at", "expires_at")
    list_filter = (by_row("program"), by_choice("status"))
    list_select_related = ("item", "membership")
    served = ("membership__id__exact", "item__id__exact", "order__id__exact")
    search_exact = ("id", "membership__number")
    exclude = ("code",)
    readonly_fields = ("masked", "left", "ender")
    inlines = (UseInline,)
    fieldsets = (
        (
            _("Voucher"),
            {"fields": (("masked", "item"), ("membership", "order"), ("status", "left"), ("issued_at", "expires_at"))},
        ),
        (_("Its end"), {"fields": (("ended_at", "ender"), "ended_why")}),
    )

    def task_buttons(self, request: HttpRequest, row: Voucher) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.VOUCHER, row.pk)

    @admin.display(description=_("code"))
    def masked(self, voucher: Voucher) -> str:
        return masked_code(voucher.code)

    @admin.display(description=_("membership"))
    def of(self, voucher: Voucher) -> str:
        return link(voucher.membership)

    @display(description=_("status"), label=VOUCHER_LABELS)
    def shown_status(self, voucher: Voucher) -> tuple[str, str]:
        return voucher.status, voucher.get_status_display()

    @admin.display(description=_("left of"))
    def left(self, voucher: Voucher) -> str:
        return f"{voucher.remaining:,} / {voucher.face:,} {voucher.currency}"

    @admin.display(description=_("cancelled by"))
    def ender(self, voucher: Voucher) -> Any:
        return user_name(voucher.ended_by_id)


@admin.register(StockMovement)
class StockMovementAdmin(LedgerAdmin):
    program_path = "item__program"
    list_display = ("id", "item", "quantity", "left", "order", "shown_reason", "recorded_at")
    list_filter = (by_row("item__program"),)
    list_select_related = ("item", "order__item")
    served = ("item__id__exact",)
    search_exact = ("item__code",)
    search_help_text = _("Code of the reward")
    readonly_fields = ("through", "staff")
    fieldsets = (
        (_("Movement"), {"fields": (("item", "order"), ("quantity", "left"), "reason_code")}),
        (_("When and by whom"), {"fields": (("recorded_at", "through", "staff"),)}),
    )

    @admin.display(description=_("staff user"))
    def staff(self, movement: StockMovement) -> Any:
        return user_name(movement.user_id)
