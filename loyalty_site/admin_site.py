"""The site of the back office: who gets in, and by what."""

from django.conf import settings
from django.http import HttpRequest
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
