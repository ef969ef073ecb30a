"""Changes of memberships and their consents, to be looked at: every step is a page of the desk."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import LoyaltyModelAdmin, PlainModelAdmin, ReadOnlyInline, ReadOnlyMixin, tasks
from common.admin.filters import by_choice, by_row
from memberships.admin.sent import SentAdmin
from memberships.models import (
    ChangeParty,
    Consent,
    ConsentDecision,
    ConsentDocument,
    ConsentInvitation,
    MembershipChange,
)

STATUS_LABELS = {
    "draft": "info",
    "awaiting_consent": "warning",
    "agreed": "info",
    "carried_out": "success",
    "refused": "danger",
    "lapsed": "danger",
}
CONSENT_LABELS = {
    "asked": "warning",
    "given": "success",
    "refused": "danger",
    "withdrawn": "warning",
    "void": "warning",
}


class PartyInline(ReadOnlyInline):
    model = ChangeParty
    fields = ("membership", "role")
    related = ("membership",)


class ConsentInline(ReadOnlyInline):
    model = Consent
    fields = ("customer", "membership", "status", "method", "decided_at")
    related = ("customer", "membership")


@admin.register(MembershipChange)
class MembershipChangeAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "memberships:read"
    program_path = "program"
    list_display = ("id", "program", "kind", "shown_status", "prime", "secondary", "proposed_at", "expires_at")
    list_filter = (by_row("program"), by_choice("kind"), by_choice("status"))
    list_select_related = ("program", "prime", "secondary")
    ordering = ("-pk",)
    window = 100_000
    served = ("prime__id__exact", "secondary__id__exact")
    search_exact = ("prime__number", "parties__membership__number")
    search_help_text = _("Member number")
    readonly_fields = ("terms", "digest", "outcome")
    help_texts = {
        "digest": _("SHA-256 of the terms: what everyone consents to."),
        "outcome": _("What carrying out did to rows, so that it can be undone."),
        "expires_at": _("By the program's clock; then it has lapsed."),
        "basis": _("On what it was carried out."),
    }
    inlines = (PartyInline, ConsentInline)
    fieldsets = (
        (
            _("Change"),
            {"fields": (("kind", "status"), "program", ("prime", "secondary"), ("leaver", "main"), "reason")},
        ),
        (
            _("Terms"),
            {
                "fields": (
                    ("result_type", "policy"),
                    ("leaver_share", "manual_shares"),
                    "freezes",
                    "terms",
                    "digest",
                )
            },
        ),
        (
            _("Time"),
            {
                "fields": (
                    ("proposed_at", "expires_at"),
                    ("channel_id", "user_id"),
                    ("ended_at", "carried_out_at"),
                    ("carried_out_channel_id", "carried_out_user_id"),
                    "basis",
                )
            },
        ),
        (_("What came of it"), {"fields": (("result", "posting"), ("undoes", "replaces"), "outcome")}),
    )

    def task_buttons(self, request: HttpRequest, row: MembershipChange) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.CHANGE, row.pk)

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, change: MembershipChange) -> tuple[str, str]:
        return change.status, change.get_status_display()


@admin.register(ChangeParty)
class ChangePartyAdmin(ReadOnlyMixin, PlainModelAdmin):
    view_action = "memberships:read"
    program_path = "program"
    ordering = ("-pk",)
    window = 100_000
    list_display = ("change", "membership", "role", "is_open")
    list_filter = (by_row("program"), by_choice("role"))
    list_select_related = ("change", "membership")
    served = ("change__id__exact", "membership__id__exact")
    search_exact = ("membership__number",)
    search_help_text = _("Member number")
    readonly_fields = ("is_open",)
    fieldsets = ((_("Party"), {"fields": (("change", "membership"), ("role", "is_open"), "program")}),)


@admin.register(Consent)
class ConsentAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    view_action = "memberships:read"
    program_path = "program"
    ordering = ("-pk",)
    window = 100_000
    customer_path = "customer"
    list_display = ("customer", "change", "membership", "shown_status", "method", "decided_at")
    list_filter = (by_row("program"), by_choice("status"), by_choice("method"))
    list_select_related = ("customer", "change", "membership")
    served = ("change__id__exact", "customer__id__exact")
    search_exact = ("customer__number", "membership__number")
    search_help_text = _("Customer number or member number")
    help_texts = {"digest": _("Of the terms consented to: it counts while those of the change have the same.")}
    fieldsets = (
        (
            _("Consent"),
            {
                "fields": (
                    ("customer", "membership"),
                    ("change", "program"),
                    ("status", "method"),
                    "decided_at",
                    "evidence",
                    "digest",
                    ("channel_id", "user_id"),
                    "confirmed_by_id",
                )
            },
        ),
    )

    @display(description=_("status"), label=CONSENT_LABELS)
    def shown_status(self, consent: Consent) -> tuple[str, str]:
        return consent.status, consent.get_status_display()


@admin.register(ConsentDecision)
class ConsentDecisionAdmin(ReadOnlyMixin, PlainModelAdmin):
    view_action = "memberships:read"
    program_path = "consent__program"
    customer_path = "consent__customer"
    list_display = ("consent", "decision", "method", "decided_at", "user_id", "confirmed_by_id")
    list_filter = (by_choice("decision"), by_choice("method"))
    list_select_related = ("consent",)
    ordering = ("-pk",)
    window = 100_000
    served = ("consent__id__exact",)
    search_exact = ("consent__customer__number",)
    search_help_text = _("Customer number")
    fieldsets = (
        (
            _("Decision"),
            {
                "fields": (
                    ("consent", "decision"),
                    ("method", "decided_at"),
                    "evidence",
                    "digest",
                    ("channel_id", "user_id"),
                    "confirmed_by_id",
                )
            },
        ),
    )


@admin.register(ConsentInvitation)
class ConsentInvitationAdmin(SentAdmin):
    """A code or a link by which a member was asked."""

    list_display = ("asked", "change", "membership", "kind", "sent_at", "shown_state", "tries", "letter")
    list_filter = (by_row("program"), by_choice("kind"), by_choice("message__status"))
    list_select_related = ("consent__customer", "consent__change", "consent__membership", "message")
    served = ("consent__id__exact", "consent__change__id__exact", "consent__customer__id__exact")
    search_exact = ("consent__customer__number", "consent__membership__number")
    readonly_fields = ("shown_state", "letter")
    help_texts = {
        "tries": _("Six wrong ones end a code."),
        "expires_at": _("A code lasts half an hour, a link as long as the change."),
        "ended_at": _("A newer one of the kind took its place, or the change went on without it."),
    }
    fieldsets = (
        (
            _("Invitation"),
            {
                "fields": (
                    ("consent", "kind"),
                    ("shown_state", "letter"),
                    ("sent_at", "expires_at"),
                    "tries",
                    ("used_at", "ended_at"),
                    ("message", "program"),
                )
            },
        ),
    )

    def task_buttons(self, request: HttpRequest, row: ConsentInvitation) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.CHANGE, row.consent.change_id)

    @admin.display(description=_("asked"))
    def asked(self, row: ConsentInvitation) -> str:
        return str(row.consent.customer)

    @admin.display(description=_("change"))
    def change(self, row: ConsentInvitation) -> str:
        return str(row.consent.change)

    @admin.display(description=_("membership"))
    def membership(self, row: ConsentInvitation) -> str:
        return str(row.consent.membership)


@admin.register(ConsentDocument)
class ConsentDocumentAdmin(ReadOnlyMixin, PlainModelAdmin):
    """The file itself is opened at the desk, where that is written down."""

    view_action = "memberships:read"
    program_path = "program"
    customer_path = "consent__customer"
    list_display = ("consent", "decides", "recorded_at", "user_id", "confirmed_at", "confirmed_by_id", "ended_at")
    list_filter = (by_row("program"), by_choice("decides"))
    list_select_related = ("consent",)
    ordering = ("-pk",)
    window = 100_000
    served = ("consent__id__exact",)
    search_exact = ("consent__customer__number",)
    search_help_text = _("Customer number")
    fieldsets = (
        (
            _("Document"),
            {
                "fields": (
                    ("consent", "decides"),
                    "evidence",
                    ("content_type", "file_digest"),
                    "digest",
                    ("recorded_at", "channel_id", "user_id"),
                    ("confirmed_at", "confirmed_by_id"),
                    "ended_at",
                    "program",
                )
            },
        ),
    )
