"""The site of the back office: who gets in, and by what."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite

from loyalty_site.login import StaffLoginForm


class BackOffice(UnfoldAdminSite):
    """Staff only; where second factors are asked for, only after the second one."""

    login_form = StaffLoginForm
    login_template = "loyalty_site/login.html"

    def has_permission(self, request: HttpRequest) -> bool:
        if not super().has_permission(request):
            return False
        return not settings.LOYALTY_TOTP or bool(request.user.is_verified())  # type: ignore[union-attr]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Put together when it is drawn: every page asks for it, and the menu of our own stands in its place."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))
