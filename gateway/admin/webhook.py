"""Webhooks and what became of each event: looked at here, switched off and tried again by verbs."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.actor import Actor
from common.admin import LoyaltyModelAdmin, ReadOnlyAdmin, VerbPage
from common.admin.filters import by_choice
from common.history import audit_context
from gateway.models import WebhookDelivery, WebhookEndpoint
from gateway.webhooks import deactivate_webhook, retry_all, rotate_secret

SECRET = _("Its new secret is %(secret)s. Write it down: it is not shown again.")
RETRIED = _("%(count)s deliveries are tried again.")
LABELS = {"waiting": "info", "done": "success", "dead": "danger"}


def renew(row: WebhookEndpoint, actor: Actor, form: Any) -> str:
    with audit_context(actor, form.cleaned_data["reason"]):
        return SECRET % {"secret": rotate_secret(row, actor=actor)}


def switch_off(row: WebhookEndpoint, actor: Actor, form: Any) -> None:
    deactivate_webhook(row, actor=actor, reason=form.cleaned_data["reason"])


def try_again(row: WebhookEndpoint, actor: Actor, form: Any) -> str:
    with audit_context(actor, form.cleaned_data["reason"]):
        return RETRIED % {"count": retry_all(row, actor=actor)}


def is_on(row: WebhookEndpoint) -> bool:
    return row.is_active


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(LoyaltyModelAdmin):
    """A channel registers its own webhooks by the API; nothing of them is typed here."""

    view_action = "staff:manage"
    write_action = "staff:manage"
    list_display = ("url", "channel", "description", "is_active", "after")
    list_select_related = ("channel",)
    search_prefix = ("url",)
    sortable_by = None
    rule_owned = ("channel", "url", "description", "kinds", "is_active", "after", "created_at")
    fieldsets = (
        (
            _("Webhook"),
            {"fields": (("channel", "is_active"), "url", "description", "kinds", ("after", "created_at"))},
        ),
    )
    help_texts = {"kinds": _("Beginnings of kinds of events; empty: all.")}
    verbs = {
        "retry": VerbPage(
            _("Try again"),
            _("Everything that was given up for this webhook is sent again, from the first try on."),
            try_again,
            offered=is_on,
            icon="replay",
        ),
        "new-secret": VerbPage(
            _("New secret"),
            _("Shown once. For a day every message is signed with the present secret too."),
            renew,
            offered=is_on,
            icon="key",
        ),
        "switch-off": VerbPage(
            _("Switch off"),
            _("Nothing is sent there any more, and what waits is given up. The channel may register it again."),
            switch_off,
            offered=is_on,
            icon="block",
            danger=True,
        ),
    }

    def has_add_permission(self, request: Any) -> bool:
        return False


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    view_action = "staff:manage"
    list_display = ("id", "endpoint", "kind", "shown_status", "tries", "answered", "problem", "next_try_at")
    list_filter = (by_choice("status"),)
    list_select_related = ("endpoint", "event")
    ordering = ("-pk",)
    window = 100_000
    served = ("endpoint__id__exact",)
    search_exact = ("id", "number")
    search_help_text = _("Id, or number of the event")
    readonly_fields = ("kind", "shown_status")
    fieldsets = (
        (
            _("Webhook delivery"),
            {
                "fields": (
                    ("endpoint", "program"),
                    ("kind", "number"),
                    ("shown_status", "tries"),
                    ("answered", "problem"),
                    ("next_try_at", "done_at"),
                )
            },
        ),
    )
    help_texts = {"tries": _("Ten within sixteen hours; then it is given up.")}

    @admin.display(description=_("event"))
    def kind(self, delivery: WebhookDelivery) -> str:
        return delivery.event.kind

    @display(description=_("status"), label=LABELS)
    def shown_status(self, delivery: WebhookDelivery) -> tuple[str, str]:
        return delivery.status, delivery.get_status_display()
