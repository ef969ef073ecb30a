"""Channels and the feed in the back office."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from common.admin import LoyaltyModelAdmin, PlainTabularInline, ReadOnlyAdmin
from common.staff_actor import actor_of_request
from gateway.channels import all_scopes, create_channel, renew_secret
from gateway.models import Channel, ChannelProgram, Event


def scope_choices() -> list[tuple[str, str]]:
    return [(scope, f"{scope}: {meaning}") for scope, meaning in all_scopes().items()]


class ChannelForm(forms.ModelForm):
    scope_list = forms.MultipleChoiceField(
        label=_("scopes"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget, choices=scope_choices
    )

    class Meta:
        model = Channel
        fields = ("code", "name", "scope_list", "all_programs", "requests_per_minute")


class ProgramInline(PlainTabularInline):
    model = ChannelProgram
    extra = 0


class ChannelAdmin(LoyaltyModelAdmin):
    """Its secret is shown once, when the channel is made or gets a new one."""

    view_action = "staff:manage"
    write_action = "staff:manage"
    form = ChannelForm
    fields = ("code", "name", "client_id", "scope_list", "all_programs", "requests_per_minute")
    readonly_fields = ("client_id",)
    list_display = ("code", "name", "all_programs", "requests_per_minute", "built_in")
    search_prefix = ("code",)
    inlines = (ProgramInline,)
    actions = ("give_new_secret",)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return not getattr(obj, "built_in", False) and super().has_change_permission(request, obj)

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
        self._show(request, obj, secret)

    @admin.action(description=_("Give a new secret (one channel)"), permissions=["change"])
    def give_new_secret(self, request: HttpRequest, queryset: models.QuerySet[Channel]) -> None:
        chosen = list(queryset.filter(built_in=False)[:2])
        if len(chosen) != 1:
            self.message_user(request, _("Choose one channel that is not built in."), messages.ERROR)
            return
        self._show(request, chosen[0], renew_secret(chosen[0], actor=actor_of_request(request)))

    def _show(self, request: HttpRequest, channel: Channel, secret: str) -> None:
        told = _("Client id %(id)s, secret %(secret)s. Write it down: it is not shown again.")
        self.message_user(request, told % {"id": channel.client_id, "secret": secret}, messages.WARNING)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    view_action = "reports:read"
    program_path = "program"
    list_display = ("id", "kind", "program", "subject_id", "recorded_at")
    list_filter = ("program",)
    list_select_related = ("program",)
    search_exact = ("id",)
