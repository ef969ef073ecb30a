"""Postings with their entries."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import ReadOnlyInline, tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import NOTHING, figure, link, rows_link, several, signed
from points.admin.base import LedgerAdmin, membership_of, user_name
from points.models import Draw, Entry, Posting

KIND_LABELS = {
    "earn": "success",
    "redeem": "info",
    "capture": "info",
    "expire": "warning",
    "adjust": "warning",
    "reverse": "danger",
    "transfer": "info",
    "donate": "info",
    "convert": "info",
    "merge": "info",
    "split": "info",
    "undo": "danger",
    "opening": "success",
}


class EntryInline(ReadOnlyInline):
    model = Entry
    fields = ("account", "number", "points", "after")
    readonly_fields = ("points", "after")
    related = ("account__point_type__program",)
    tab = False

    @admin.display(description=_("points"))
    def points(self, entry: Entry) -> str:
        return signed(entry.amount)

    @admin.display(description=_("balance after"))
    def after(self, entry: Entry) -> str:
        return figure(entry.balance_after)


class DrawInline(ReadOnlyInline):
    model = Draw
    fields = ("lot", "points", "entry")
    readonly_fields = ("points",)
    related = ("lot", "entry")
    tab = False

    @admin.display(description=_("points"))
    def points(self, draw: Draw) -> str:
        return figure(draw.amount)


@admin.register(Posting)
class PostingAdmin(LedgerAdmin):
    list_display = ("id", "shown_kind", "membership", "person", "amounts", "occurred_at", "recorded_at", "shown_reason")
    list_filter = (by_row("program"), by_choice("kind"))
    list_select_related = ("for_set__membership", "person")
    served = ("for_set__id__exact", "reverses__id__exact")
    search_exact = ("id", "activities__reference")
    search_help_text = _("Id of the posting, or the reference of a sale")
    readonly_fields = ("membership", "amounts", "through", "staff", "rows")
    inlines = (EntryInline, DrawInline)
    help_texts = {
        "occurred_at": _("When it happened: rules, expiry and tiers go by it; UTC."),
        "recorded_at": _("When it was written down: statements go by it; UTC."),
        "for_set": _("The set it acted for."),
        "cause_id": _("Id of the activity, adjustment, hold or lot that caused it."),
        "part": _("Reversals of one posting count 1, 2, 3 ..."),
    }
    fieldsets = (
        (
            _("Posting"),
            {
                "fields": (
                    ("kind", "program"),
                    ("membership", "person"),
                    ("occurred_at", "recorded_at"),
                    "amounts",
                    "rows",
                )
            },
        ),
        (
            _("Why and by whom"),
            {"fields": (("cause_kind", "cause_id"), ("reason_code", "through"), "staff", ("reverses", "part"))},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("entries__account__point_type")

    def task_buttons(self, request: HttpRequest, row: Posting) -> Iterable[dict[str, Any] | None]:
        desk = tasks.Desk(request, row.program_id)
        yield desk.button(tasks.POSTING, row.pk)
        yield desk.button(tasks.REVERSE, row.pk)

    @display(description=_("kind"), label=KIND_LABELS)
    def shown_kind(self, posting: Posting) -> tuple[str, str]:
        return posting.kind, posting.get_kind_display()

    @admin.display(description=_("membership"))
    def membership(self, posting: Posting) -> str | SafeString:
        return link(membership_of(posting.for_set))

    @admin.display(description=_("points"))
    def amounts(self, posting: Posting) -> str | SafeString:
        lines = ((signed(entry.amount), entry.account.point_type.name) for entry in posting.entries.all())
        return format_html_join(", ", "{} {}", lines) or NOTHING

    @admin.display(description=_("staff user"))
    def staff(self, posting: Posting) -> Any:
        return user_name(posting.user_id)

    @admin.display(description=_("of this posting"))
    def rows(self, posting: Posting) -> str | SafeString:
        return several(
            [
                rows_link("activities.MemberActivity", _("Activity"), posting__id__exact=posting.pk),
                rows_link("points.Lot", _("Lots it made"), entry__posting__id__exact=posting.pk),
                rows_link("points.Posting", _("Reversals"), reverses__id__exact=posting.pk),
                rows_link("points.Reversal", _("What reversals did"), reverses__id__exact=posting.pk),
            ]
        )


@admin.register(Entry)
class EntryAdmin(LedgerAdmin):
    list_display = ("id", "posting", "kind", "membership", "point_type", "number", "shown_amount", "after")
    list_filter = (by_row("program"),)
    list_select_related = ("posting", "account__point_type", "account__account_set__membership")
    served = ("account__id__exact", "posting__id__exact")
    search_exact = ("id", "account__account_set__membership__number")
    search_help_text = _("Id, or member number")
    readonly_fields = ("membership", "shown_amount", "after", "rows")
    fieldsets = (
        (
            _("Entry"),
            {"fields": (("posting", "account"), ("membership", "number"), ("shown_amount", "after"), "rows")},
        ),
    )

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Of one account in the order of their numbers, which an index holds."""
        if "account__id__exact" in request.GET:
            return ("-account_id", "-number")
        return self.ordering

    @admin.display(description=_("kind"))
    def kind(self, entry: Entry) -> str:
        return entry.posting.get_kind_display()

    @admin.display(description=_("membership"))
    def membership(self, entry: Entry) -> str | SafeString:
        return link(membership_of(entry.account.account_set))

    @admin.display(description=_("point type"))
    def point_type(self, entry: Entry) -> str:
        return entry.account.point_type.name

    @admin.display(description=_("points"))
    def shown_amount(self, entry: Entry) -> str:
        return signed(entry.amount)

    @admin.display(description=_("balance after"))
    def after(self, entry: Entry) -> str:
        return figure(entry.balance_after)

    @admin.display(description=_("of this entry"))
    def rows(self, entry: Entry) -> str | SafeString:
        return several(
            [
                rows_link("points.Lot", _("Lots it made"), entry__id__exact=entry.pk),
                rows_link("points.Draw", _("Draws from lots"), entry__id__exact=entry.pk),
            ]
        )
