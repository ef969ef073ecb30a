"""Programs: brand, numbers and policies by form, their life by its verbs."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common import clock
from common.admin import LoyaltyModelAdmin, tasks
from common.admin.filters import by_choice, by_flag
from common.admin.looks import lasting, moment, rows_link, several
from programs.models import Program

from .life import VERBS

STATUS_LABELS = {"draft": "info", "released": "success", "locked": "warning", "closed": "danger"}
HELP = {
    "code": _("Names the program in every call of the API; fixed once it stands."),
    "business_unit": _("Who in the business answers for the program."),
    "brand_color": _("Shown beside the program's name wherever it appears, as #rrggbb."),
    "time_zone": _("Days end here: expiry, terms and limits per day go by this zone. A name of the IANA list."),
    "currency": _("Three letters of ISO 4217, for fees and the value of points."),
    "valid_from": _("First day; empty: from its release."),
    "activation": _("When a new membership becomes active and may earn."),
    "fee": _("In the program's currency; empty: memberships cost nothing and have no term."),
    "term_months": _("How long a paid term lasts."),
    "auto_renew": _("The daily run opens the next term by itself."),
    "renewal_grace_days": _("So long after its term an ended membership may still be renewed."),
    "member_number_prefix": _("Capital letters or digits in front of every member number."),
    "member_number_length": _("Random digits after the prefix, at least 6."),
    "card_prefix": _("Digits and capital letters in front of every card number."),
    "card_body_length": _("At least 12 digits, or 16 symbols of base32."),
    "card_check": _("Numbers with letters need ISO 7064."),
    "cool_down_days": _("So long a person who left can't join again."),
    "late_grace": _("As days and hours, 3 00:00:00 for three days. Events this much older than now are still taken."),
    "rest_days": _("Days in which renewing or reinstating brings the points of an ended membership back."),
    "refund_policy": _("What a refund does when the points it takes back were spent already."),
    "adjustment_limit": _("Points. More than this needs a second person's approval."),
    "adjustment_day_limit": _("Points per day, of one membership and of one requester, before approval is needed."),
    "redemption_limit": _("Points; empty: no limit."),
    "transfer_minimum": _("Points."),
    "transfer_maximum": _("Points; empty: no limit."),
    "transfer_year_limit": _("Points; empty: no limit."),
    "retention_months": _("How long what members did is kept."),
    "is_sandbox": _("Its clock can be moved forward for trying out; fixed once the program stands."),
}
FIELDSETS = (
    (_("Program"), {"fields": (("name", "code"), ("business_unit", "status"), ("brand_color", "logo"), "rows")}),
    (_("Time and money"), {"fields": (("time_zone", "currency"), ("valid_from", "valid_until"))}),
    (
        _("Membership"),
        {
            "fields": (
                "activation",
                ("fee", "term_months"),
                ("auto_renew", "renewal_grace_days"),
                ("idle_months", "rest_days"),
            )
        },
    ),
    (
        _("Numbers"),
        {
            "fields": (
                ("member_number_prefix", "member_number_length"),
                ("card_prefix", "card_body"),
                ("card_body_length", "card_check"),
            )
        },
    ),
    (
        _("Limits"),
        {
            "description": _("In points. What lies above an adjustment limit waits for a second person."),
            "fields": (
                ("adjustment_limit", "adjustment_day_limit"),
                ("redemption_limit", "transfer_minimum"),
                ("transfer_maximum", "transfer_year_limit"),
            ),
        },
    ),
    (
        _("Pools, groups and changes"),
        {
            "fields": (
                ("pool_redeemers", "split_policy"),
                ("leaving_rule", "cool_down_days"),
                ("pool_most_members", "group_most_members"),
                ("consent_valid_days", "undo_window_days"),
            )
        },
    ),
    (
        _("Events and exceptions"),
        {"fields": (("late_grace", "refund_policy"), "retention_months", "capability_overrides")},
    ),
    (_("Test clock"), {"fields": ("is_sandbox", "clock")}),
)


@admin.register(Program)
class ProgramAdmin(LoyaltyModelAdmin):
    view_action = "memberships:read"
    write_action = "programs:design"
    program_path = "pk"
    list_display = ("brand", "code", "shown_status", "business_unit", "currency", "time_zone", "is_sandbox")
    list_display_links = ("brand",)
    list_filter = (by_choice("status"), by_flag("is_sandbox"))
    search_prefix = ("code", "name")
    sortable_by = None
    rule_owned = ("status", "rows", "clock")
    fieldsets = FIELDSETS
    help_texts = HELP
    verbs = VERBS

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        # Channels and numbers know a program by these.
        fixed = ["code", "is_sandbox"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    def task_buttons(self, request: HttpRequest, row: Program) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.pk).button(tasks.BATCHES, program=row.code)

    @display(description=_("program"), ordering="name")
    def brand(self, program: Program) -> SafeString:
        return format_html(
            '<svg width="12" height="12" viewBox="0 0 12 12" class="inline mr-2" aria-hidden="true">'
            '<rect width="12" height="12" rx="3" fill="{}"/></svg>{}',
            program.brand_color,
            program.name,
        )

    @display(description=_("status"), ordering="status", label=STATUS_LABELS)
    def shown_status(self, program: Program) -> tuple[str, str]:
        return program.status, program.get_status_display()

    @admin.display(description=_("of this program"))
    def rows(self, program: Program) -> str | SafeString:
        if program.pk is None:
            return ""
        lists = {
            "programs.PointType": _("Point types"),
            "programs.TierGroup": _("Tier groups"),
            "programs.ProgramTerms": _("Terms"),
            "programs.ConversionRate": _("Conversion rates"),
            "memberships.Membership": _("Memberships"),
            "cards.Card": _("Cards"),
            "cards.CardBatch": _("Batches of cards"),
        }
        return several([rows_link(label, str(text), program__id__exact=program.pk) for label, text in lists.items()])

    @admin.display(description=_("clock"))
    def clock(self, program: Program) -> str:
        if not program.is_sandbox:
            return str(_("Real time."))
        facts = {"now": moment(clock.program_now(program)), "ahead": lasting(program.clock_offset)}
        return str(_("%(now)s UTC, ahead of real time by %(ahead)s") % facts)
