"""Pages of other people's apps in the back office: for admins of staff only, and fewer than they bring."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog
from axes.models import AccessLog as LoginLog
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice
from oauth2_provider.models import get_access_token_model, get_grant_model, get_id_token_model, get_refresh_token_model
from unfold.admin import ModelAdmin

from common.admin import AsksPasswordAgain, PlainModelAdmin, ReadOnlyMixin, RightsMixin
from common.staff_actor import actor_of_request
from staff.second_factor import MANAGE, enrol_device, qr_of, secret_of, withdraw_device

AccessToken: Any = get_access_token_model()

# Rights stand in StaffRight, not in groups; of OAuth2 channels get client credentials and nothing else.
for unused in (Group, get_grant_model(), get_id_token_model(), get_refresh_token_model()):
    admin.site.unregister(unused)
for replaced in (AccessToken, AccessAttempt, AccessFailureLog, LoginLog, TOTPDevice):
    admin.site.unregister(replaced)


class ForAdmins(RightsMixin, ModelAdmin):
    """May be looked at and taken away."""

    view_action = write_action = MANAGE
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AccessToken)
class AccessTokenAdmin(ForAdmins):
    """Taking a token away locks its holder out after seconds."""

    list_display = ("application", "scope", "created", "expires")
    list_select_related = ("application",)
    fields = ("application", "scope", "created", "expires")


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ForAdmins):
    """Deleting an attempt unlocks the login."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("=username", "=ip_address")
    fields = ("attempt_time", "username", "ip_address", "user_agent", "path_info", "failures_since_start")


@admin.register(AccessFailureLog)
class AccessFailureLogAdmin(ReadOnlyMixin, ForAdmins):
    list_display = ("attempt_time", "username", "ip_address", "locked_out")
    search_fields = ("=username", "=ip_address")
    fields = ("attempt_time", "username", "ip_address", "user_agent", "path_info", "locked_out")


@admin.register(LoginLog)
class LoginLogAdmin(ReadOnlyMixin, ForAdmins):
    list_display = ("attempt_time", "username", "ip_address", "logout_time")
    search_fields = ("=username", "=ip_address")
    fields = ("attempt_time", "username", "ip_address", "user_agent", "path_info", "logout_time")


@admin.register(TOTPDevice)
class DeviceAdmin(AsksPasswordAgain, PlainModelAdmin):
    """Its secret is shown once, when the device is enrolled, to be scanned or typed; who lost it gets a new one."""

    view_action = write_action = MANAGE
    list_display = ("user", "name", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_prefix = ("user__username",)
    may_delete = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("user", "name") if obj is None else ("user", "name", "created_at", "last_used_at")

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One at a time, by its own page."""
        return {}

    def save_model(self, request: HttpRequest, obj: TOTPDevice, form: Any, change: bool) -> None:
        made = enrol_device(obj.user, name=obj.name, actor=actor_of_request(request))
        obj.pk = made.pk
        told = _(
            "Let %(user)s scan this code with an authenticator app now, or enter the secret %(secret)s; neither is "
            "shown again."
        )
        shown = {"user": obj.user, "secret": secret_of(made)}
        picture = format_html('<br><img src="{}" alt="{}" width="240">', qr_of(made), _("The secret as a QR code"))
        self.message_user(request, format_html("{}{}", told % shown, picture), messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: TOTPDevice) -> None:
        withdraw_device(obj, actor=actor_of_request(request))
