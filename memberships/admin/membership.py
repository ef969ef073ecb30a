"""A membership's page: who takes part, what it may do, its points, and the way to everything that belongs to it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import LoyaltyModelAdmin, ReadOnlyInline, ReadOnlyMixin, tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import NOTHING, anchor, figure, link, moment, page_of, rows_link, several
from memberships.capabilities import capabilities_of
from memberships.models import CardHolding, Member, Membership, MembershipTerm, TermsAcceptance, TierStanding
from memberships.types import type_of
from points.balances import balances_of
from points.models import PointAccount
from programs.design import design_of

STATUS_LABELS = {"inactive": "info", "active": "success", "suspended": "warning", "expired": "danger"}
WORDS = {
    "earn": _("earn"),
    "redeem": _("redeem"),
    "hold": _("hold"),
    "transfer_out": _("send points"),
    "transfer_in": _("receive points"),
    "adjust": _("be adjusted"),
    "tier_review": _("change tier"),
    "use_card": _("use a card"),
}
HELP = {
    "status": _("Changed by the desk's tasks only."),
    "superseded_by": _("Calls for this membership land there."),
    "expires_on": _("Last day of the paid term, in the program's zone."),
    "redeem_override": _("May redeem although its type does not allow it."),
    "is_beneficiary": _("Others may donate points to it."),
}


class MemberInline(ReadOnlyInline):
    model = Member
    fields = ("customer", "joined_at", "ended_at", "suspended_at")
    related = ("customer",)


class StandingInline(ReadOnlyInline):
    model = TierStanding
    fields = ("group", "tier", "since", "until", "ended_at", "source", "reason")
    ordering = ("-since",)
    related = ("group", "tier")


class HoldingInline(ReadOnlyInline):
    model = CardHolding
    fields = ("card", "customer", "held_from", "held_until")
    ordering = ("-held_from",)
    related = ("card", "customer")


class TermInline(ReadOnlyInline):
    model = MembershipTerm
    fields = ("first_day", "last_day", "fee", "currency", "paid_at", "payment_reference")
    ordering = ("-first_day",)


class AcceptanceInline(ReadOnlyInline):
    model = TermsAcceptance
    fields = ("terms", "customer", "accepted_at")
    related = ("terms", "customer")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "memberships:read"
    program_path = "program"
    list_display = ("number", "program", "people", "type", "shown_status", "end_reason", "enrolled_at", "expires_on")
    list_filter = (by_row("program"), by_choice("type"), by_choice("status"))
    list_select_related = ("program",)
    ordering = ("-pk",)
    search_exact = ("members__customer__number",)
    search_prefix = ("number", "holdings__card__number__number")
    search_help_text = _("Member number, card number or customer number")
    served = ("own_set__id__exact", "pool__id__exact", "organization_membership__id__exact")
    help_texts = HELP
    readonly_fields = ("people", "able", "points", "rows")
    inlines = (MemberInline, HoldingInline, StandingInline, AcceptanceInline, TermInline)
    fieldsets = (
        (
            _("Membership"),
            {"fields": (("number", "program"), ("type", "status"), "people", "able", "rows")},
        ),
        (_("Points"), {"fields": ("points",)}),
        (
            _("Time"),
            {"fields": (("enrolled_at", "activated_at"), "expires_on", ("ended_at", "end_reason"), "rests_until")},
        ),
        (
            _("Ties and exceptions"),
            {
                "fields": (
                    ("superseded_by", "organization_membership"),
                    ("is_beneficiary", "redeem_override"),
                    ("own_set", "pool"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        members = Member.objects.filter(ended_at=None).select_related("customer")
        rows: QuerySet[Membership] = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("members", queryset=members, to_attr="open_members"))

    def task_buttons(self, request: HttpRequest, row: Membership) -> Iterable[dict[str, Any] | None]:
        desk = tasks.Desk(request, row.program_id)
        yield desk.button(tasks.MEMBERSHIP, row.pk)
        yield desk.menu(_("Points"), (tasks.STATEMENT, tasks.EXPLAIN, *tasks.ON_POINTS), row.pk)
        yield desk.menu(_("Life"), tasks.ON_LIFE, row.pk)
        if type_of(row.type).takes_exception:
            yield desk.menu(_("Exception"), tasks.ON_EXCEPTION, row.pk)

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, membership: Membership) -> tuple[str, str]:
        return membership.status, membership.get_status_display()

    @admin.display(description=_("members"))
    def people(self, membership: Any) -> str | SafeString:
        return several([link(member.customer) for member in membership.open_members])

    @admin.display(description=_("may now"))
    def able(self, membership: Membership) -> str | SafeString:
        """What the membership may do now: status, type and the program's exceptions."""
        answers = capabilities_of(membership, design_of(membership.program_id))
        return format_html_join(", ", "{}", ((WORDS[name],) for name, able in answers.items() if able)) or str(
            _("nothing")
        )

    @admin.display(description=_("balances"))
    def points(self, membership: Membership) -> str | SafeString:
        """Of the own set and, while it shares one, of the pool."""
        sets = [one for one in (membership.own_set_id, membership.pool_id) if one]
        figures = balances_of(sets, design=design_of(membership.program_id))
        accounts = PointAccount.objects.filter(account_set__in=sets).select_related("point_type").order_by("pk")
        lines = (
            (_line(account, balance),)
            for account in accounts
            for balance in figures[account.account_set_id]
            if balance["point_type"] == account.point_type.code
        )
        return format_html_join("", "<p>{}</p>", lines) or NOTHING

    @admin.display(description=_("of this membership"))
    def rows(self, membership: Membership) -> str | SafeString:
        own, pk = membership.own_set_id, membership.pk
        links = [
            rows_link("points.Posting", _("Postings"), for_set__id__exact=own),
            rows_link("activities.MemberActivity", _("Activities"), membership__id__exact=pk),
            rows_link("points.Hold", _("Holds"), for_set__id__exact=own),
            rows_link("points.Adjustment", _("Adjustments"), for_set__id__exact=own),
        ]
        return several(links)


def _line(account: PointAccount, balance: Mapping[str, Any]) -> str:
    name = f"{account.point_type.name} ({_('pool')})" if balance["pooled"] else account.point_type.name
    told = {"available": _("available"), "held": _("held"), "pending": _("pending"), "debt": _("debt")}
    facts: list[str] = [format_html("{}: <b>{}</b>", name, figure(balance["balance"]))]
    facts += [f"{figure(balance[key])} {word}" for key, word in told.items() if balance[key] or key == "available"]
    ending = balance["next_expiry"]
    if ending:
        at = moment(datetime.fromisoformat(ending["at"]))
        facts.append(_("%(points)s expire %(at)s") % {"points": figure(ending["points"]), "at": at})
    facts.append(anchor(page_of(account), _("account")))
    facts.append(rows_link("points.Entry", _("entries"), account__id__exact=account.pk))
    facts.append(rows_link("points.Lot", _("lots"), entry__account__id__exact=account.pk))
    return several(facts)
