"""Pages of other people's apps in the back office: for admins of staff only, and fewer than they bring."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog
from axes.models import AccessLog as LoginLog
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from oauth2_provider.models import get_access_token_model, get_grant_model, get_id_token_model, get_refresh_token_model
from unfold.admin import ModelAdmin

from common.admin import ReadOnlyMixin, RightsMixin

AccessToken: Any = get_access_token_model()

# Rights stand in StaffRight, not in groups; of OAuth2 channels get client credentials and nothing else.
for unused in (Group, get_grant_model(), get_id_token_model(), get_refresh_token_model()):
    admin.site.unregister(unused)
for replaced in (AccessToken, AccessAttempt, AccessFailureLog, LoginLog):
    admin.site.unregister(replaced)


class ForAdmins(RightsMixin, ModelAdmin):
    """May be looked at and taken away."""

    view_action = write_action = "staff:manage"
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
