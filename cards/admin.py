"""Card types, which program managers design; cards and numbers, to be looked at: every change of them is a verb."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cards.batches import ends_on
from cards.models import Card, CardBatch, CardType, NumberRegistry
from common.admin import LoyaltyModelAdmin, ReadOnlyAdmin, ReadOnlyMixin, tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import figure, rows_link, written

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
BATCH_LABELS = {"queued": "warning", "running": "info", "ready": "success", "revoked": "danger"}


@admin.register(CardType)
class CardTypeAdmin(LoyaltyModelAdmin):
    """A change counts for cards made from now on; those that exist keep their last day."""

    view_action = "cards:read"
    write_action = "programs:design"
    program_path = "program"
    list_display = ("name", "code", "program", "kind", "form", "is_default", "valid_months", "renewable")
    list_filter = (by_row("program"), by_choice("kind"))
    list_select_related = ("program",)
    search_prefix = ("code", "name")
    sortable_by = None
    fieldsets = (
        (_("Card type"), {"fields": ("program", ("name", "code"), ("kind", "form"), "is_default")}),
        (
            _("End and renewal"),
            {
                "description": _("Counts for cards made from now on; those that exist keep their last day."),
                "fields": ("valid_months", ("renewable", "renewal_days")),
            },
        ),
    )
    help_texts = {
        "code": _("Names the type in the API; fixed once it stands."),
        "kind": _("An additional card only earns. Fixed once it stands."),
        "is_default": _("Cards of the kind are of this type unless another one is named."),
        "renewable": _("A card near its end gets a successor by the daily run. Temporary cards never do."),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        fixed = ["program", "code", "kind"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]


@admin.register(Card)
class CardAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "cards:read"
    program_path = "program"
    list_display = (
        "number_id", "program", "kind", "shown_type", "shown_status", "valid_until", "barred_from", "holders",
    )  # fmt: skip
    list_filter = (by_row("program"), by_choice("kind"), by_choice("status"))
    list_select_related = ("program", "card_type")
    search_prefix = ("number__number",)
    served = ("batch__id__exact",)
    search_help_text = _("Card number, or how it begins")
    readonly_fields = ("holders",)
    help_texts = {
        "barred_from": _("Events from then on are refused; those before still count."),
        "successor": _("The card that replaced it, or waits for its end."),
        "valid_until": _("Last day, in the program's zone."),
    }
    fieldsets = (
        (
            _("Card"),
            {
                "fields": (
                    ("number", "program"),
                    ("kind", "card_type"),
                    ("status", "batch"),
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

    @admin.display(description=_("card type"))
    def shown_type(self, card: Card) -> str:
        return str(card.card_type or "")

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, card: Card) -> tuple[str, Any]:
        return card.status, card.get_status_display()

    @admin.display(description=_("holders"))
    def holders(self, card: Card) -> str | SafeString:
        return rows_link("memberships.CardHolding", _("who held it"), card__id__exact=card.pk)


@admin.register(CardBatch)
class CardBatchAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    """To be looked at; asked for, given out and revoked at the desk. The key of its codes is shown nowhere."""

    view_action = "cards:read"
    program_path = "program"
    list_display = ("name", "program", "cards", "shown_status", "last_day", "created_at", "downloaded_at")
    list_filter = (by_row("program"), by_choice("status"))
    list_select_related = ("program",)
    search_prefix = ("name",)
    search_help_text = _("Name of the batch, or how it begins")
    readonly_fields = ("last_day", "its_cards")
    help_texts = {
        "made": _("Made in chunks; an interrupted run goes on from here."),
        "valid_months": _("From the day it was asked for, in the program's zone."),
        "downloaded_at": _("The file is given out once."),
        "cancelled_at": _("Cards in use stay."),
    }
    fieldsets = (
        (
            _("Batch"),
            {
                "fields": (
                    ("name", "program"),
                    ("count", "made"),
                    ("status", "card_type"),
                    ("valid_until", "valid_months"),
                    ("last_day", "its_cards"),
                    ("created_at", "finished_at"),
                    ("downloaded_at", "revoked_at"),
                    "cancelled_at",
                )
            },
        ),
    )

    def task_buttons(self, request: HttpRequest, row: CardBatch) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.BATCH, row.pk)

    @admin.display(description=_("cards"), ordering="count")
    def cards(self, batch: CardBatch) -> str:
        return figure(batch.count)

    @display(description=_("status"), label=BATCH_LABELS)
    def shown_status(self, batch: CardBatch) -> tuple[str, Any]:
        return batch.status, batch.get_status_display()

    @admin.display(description=_("last day"))
    def last_day(self, batch: CardBatch) -> str:
        return written(ends_on(batch))

    @admin.display(description=_("of this batch"))
    def its_cards(self, batch: CardBatch) -> str | SafeString:
        return rows_link("cards.Card", _("its cards"), batch__id__exact=batch.pk)


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
