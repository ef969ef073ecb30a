"""The catalog by form; it is offered, withdrawn and stocked by its verbs."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from activities import rewards
from activities.models import RewardItem, RewardStatus
from activities.stock import MOST, left_of, set_stock
from common.actor import Actor
from common.admin import LoyaltyModelAdmin, ReasonedForm, VerbPage, tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import NOTHING, figure
from programs.admin.points import ChoosesPointTypes
from programs.models import PointKind, Tier

STATUS_LABELS = {"draft": "info", "offered": "success", "withdrawn": "warning"}
STOCK_REASONS = [
    ("delivered", _("Delivered")),
    ("counted", _("Counted")),
    ("damaged", _("Damaged or lost")),
    ("on-demand", _("Made on demand from now on")),
]


class RewardForm(ReasonedForm):
    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        program = given.get("program")
        # Fixed once the reward stands, and a fault of its own where it is missing.
        self._check_place(given, program.pk if program else self.instance.program_id)
        if given.get("kind", self.instance.kind) == "voucher" and not given.get("face"):
            self.add_error("face", _("A voucher needs the value it has."))
        if (given.get("price") or 0) > 10**12:
            self.add_error("price", _("That is more than anybody can have."))
        return given

    def _check_place(self, given: dict[str, Any], program_id: int | None) -> None:
        point_type, tier = given.get("point_type"), given.get("tier")
        if point_type is not None and program_id not in (None, point_type.program_id):
            self.add_error("point_type", _("This point type belongs to another program."))
        elif point_type is not None and point_type.kind != PointKind.REDEEMABLE:
            self.add_error("point_type", _("Qualifying points can't be spent: choose redeemable ones."))
        if tier is not None and program_id not in (None, tier.group.program_id):
            self.add_error("tier", _("This tier belongs to another program."))


class StockForm(forms.Form):
    left = forms.IntegerField(
        label=_("How many are left"),
        min_value=0,
        max_value=MOST,
        required=False,
        help_text=_("Empty: as many as are asked for."),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "number"}),
    )
    reason_code = forms.ChoiceField(label=_("Reason"), choices=STOCK_REASONS, widget=UnfoldAdminSelectWidget)


def offer(item: RewardItem, actor: Actor, form: Any) -> None:
    rewards.offer(item, actor=actor, reason=form.cleaned_data["reason"])


def withdraw(item: RewardItem, actor: Actor, form: Any) -> None:
    rewards.withdraw(item, actor=actor, reason=form.cleaned_data["reason"])


def stock(item: RewardItem, actor: Actor, form: Any) -> None:
    set_stock(item, form.cleaned_data["left"], actor=actor, reason_code=form.cleaned_data["reason_code"])


@admin.register(RewardItem)
class RewardItemAdmin(ChoosesPointTypes, LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = "rewards:manage"
    program_path = "program"
    form = RewardForm
    rule_owned = ("status",)
    list_display = ("name", "code", "program", "kind", "shown_status", "shown_price", "shown_left", "limit_per_member")
    list_filter = (by_row("program"), by_choice("status"), by_choice("kind"))
    list_select_related = ("program", "point_type", "stock")
    search_prefix = ("code", "name")
    sortable_by = None
    readonly_fields = ("shown_left",)
    fieldsets = (
        (
            _("Reward"),
            {"fields": ("program", ("name", "code"), "description", ("kind", "status"), ("price", "point_type"))},
        ),
        (_("Conditions"), {"fields": (("valid_from", "valid_until"), ("tier", "limit_per_member"), "shown_left")}),
        (_("Vouchers"), {"fields": (("face", "voucher_days"),)}),
    )
    help_texts = {
        "code": _("Names the reward in the API; fixed once it stands."),
        "kind": _("Vouchers are issued with the order; anything else is handed over. Fixed once it stands."),
        "price": _("Of one piece. Orders that were placed keep theirs."),
        "valid_until": _("Its last day, in the program's zone."),
        "tier": _("Who stands on it or above may order; empty: everybody."),
        "limit_per_member": _("Pieces of all its orders that were not cancelled; empty: no limit."),
        "face": _("In the program's currency. Vouchers that were issued keep theirs."),
        "voucher_days": _("Through the end of that day; empty: for ever."),
    }
    verbs = {
        "offer": VerbPage(
            _("Offer"),
            _("Members can order it from now on, within its conditions."),
            offer,
            offered=lambda item: item.status != RewardStatus.OFFERED,
            icon="storefront",
        ),
        "withdraw": VerbPage(
            _("Withdraw"),
            _("No new orders. Those that were placed go on, and vouchers can be used."),
            withdraw,
            offered=lambda item: item.status == RewardStatus.OFFERED,
            icon="remove_shopping_cart",
        ),
        "stock": VerbPage(
            _("Set the stock"),
            _("How many there are now. Orders take from it, cancellations give back; it never goes below nothing."),
            stock,
            form_class=StockForm,
            icon="inventory",
        ),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        fixed = ["program", "code", "kind"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        """Tiers of different programs may have one name."""
        rows = super().get_field_queryset(db, db_field, request)
        if db_field.related_model is Tier:
            return (Tier.objects.all() if rows is None else rows).select_related("group__program")
        return rows

    def task_buttons(self, request: HttpRequest, row: RewardItem) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.REWARDS, program=row.program.code)

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, item: RewardItem) -> tuple[str, str]:
        return item.status, item.get_status_display()

    @admin.display(description=_("price"))
    def shown_price(self, item: RewardItem) -> str:
        return f"{figure(item.price)} {item.point_type.name}"

    @admin.display(description=_("left"))
    def shown_left(self, item: RewardItem) -> str:
        left = left_of(item) if item.pk else None
        return NOTHING if left is None else figure(left)
