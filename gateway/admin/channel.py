"""Channels: scopes, programs, and a secret that is shown once."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from common.actor import Actor
from common.admin import LoyaltyModelAdmin, PlainTabularInline, ReadOnlyMixin, ReasonedForm, VerbPage
from common.history import audit_context
from common.staff_actor import actor_of_request
from gateway.channels import all_scopes, create_channel, renew_secret
from gateway.models import Channel, ChannelProgram

SECRET = _("Client id %(id)s, secret %(secret)s. Write it down: it is not shown again.")


def scope_choices() -> list[tuple[str, str]]:
    return [(scope, f"{scope}: {meaning}") for scope, meaning in all_scopes().items()]


class ChannelForm(ReasonedForm):
    scope_list = forms.MultipleChoiceField(
        label=_("scopes"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        choices=scope_choices,
        help_text=_("What the channel may do; give no more than it needs."),
    )

    class Meta:
        model = Channel
        fields = ("code", "name", "scope_list", "all_programs", "requests_per_minute")


class ProgramInline(PlainTabularInline):
    model = ChannelProgram
    extra = 0
    show_change_link = True


def renew(channel: Channel, actor: Actor, form: Any) -> str:
    with audit_context(actor, form.cleaned_data["reason"]):
        secret = renew_secret(channel, actor=actor)
    return SECRET % {"id": channel.client_id, "secret": secret}


class ChannelAdmin(LoyaltyModelAdmin):
    """Its secret is shown once, when the channel is made or gets a new one."""

    view_action = "staff:manage"
    write_action = "staff:manage"
    form = ChannelForm
    list_display = ("name", "code", "reach", "scopes", "requests_per_minute", "built_in")
    list_display_links = ("name",)
    search_prefix = ("code", "name")
    sortable_by = None
    inlines = (ProgramInline,)
    readonly_fields = ("client_id",)
    help_texts = {
        "code": _("Names the channel in logs and history."),
        "all_programs": _("Otherwise only the programs below."),
        "requests_per_minute": _("More are answered with 429."),
        "client_id": _("The channel's name at /oauth/token; its secret is shown only when it is made."),
    }
    fieldsets = (
        (_("Channel"), {"fields": (("name", "code"), "client_id", ("requests_per_minute", "all_programs"))}),
        (_("Rights"), {"fields": ("scope_list",)}),
    )
    add_fieldsets = (
        (_("Channel"), {"fields": (("name", "code"), ("requests_per_minute", "all_programs"))}),
        (_("Rights"), {"fields": ("scope_list",)}),
    )
    verbs = {
        "new-secret": VerbPage(
            _("New secret"),
            _("The present secret stops working at once; tokens it got live on for up to an hour. Shown once."),
            renew,
            offered=lambda channel: not channel.built_in,
            icon="key",
            danger=True,
        )
    }

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return not getattr(obj, "built_in", False) and super().has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Channel]:
        return super().get_queryset(request).prefetch_related("channel_programs__program")

    def reach(self, channel: Channel) -> str:
        if channel.all_programs:
            return str(_("every program"))
        return ", ".join(sorted(row.program.name for row in channel.channel_programs.all()))

    reach.short_description = _("programs")  # type: ignore[attr-defined]

    def scopes(self, channel: Channel) -> str:
        if set(channel.scope_list) == set(all_scopes()):
            return str(_("everything"))
        return ", ".join(channel.scope_list)

    scopes.short_description = _("scopes")  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made, secret = create_channel(
            obj.code,
            name=obj.name,
            scopes=obj.scope_list,
            actor=actor_of_request(request),
            all_programs=obj.all_programs,
            requests_per_minute=obj.requests_per_minute,
        )
        # The form goes on with its own object: to the programs and the log of the admin.
        obj.pk = made.pk
        obj._state.adding = False
        obj.refresh_from_db()
        self.message_user(request, SECRET % {"id": obj.client_id, "secret": secret}, messages.WARNING)


@admin.register(ChannelProgram)
class ChannelProgramAdmin(ReadOnlyMixin, LoyaltyModelAdmin):
    """One program of a channel, given and taken on the channel's page; its history is what one comes here for."""

    view_action = "staff:manage"
    list_display = ("channel", "program")
    list_select_related = ("channel", "program")
    fieldsets = ((_("Program of a channel"), {"fields": ("channel", "program")}),)
