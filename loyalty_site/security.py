"""Two small middlewares: what the admin's pages may load, and how long a staff session may last."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from common import clock
from common.recent_login import LOGGED_IN_AT

Handler = Callable[[HttpRequest], HttpResponse]


def admin_content_policy(get_response: Handler) -> Handler:
    """unfold's pages evaluate expressions in attributes and set inline styles; no other page may."""
    prefix = reverse("admin:index")

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith(prefix):
            response._csp_update = {  # type: ignore[attr-defined]  # django-csp's own way to widen one response
                "script-src": [SELF, UNSAFE_EVAL],
                "style-src": [SELF, UNSAFE_INLINE],
            }
        return response

    return handle


def absolute_session_limit(get_response: Handler) -> Handler:
    """End a session LOYALTY_SESSION_SECONDS after its login, however busy it was."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            started = request.session.setdefault(LOGGED_IN_AT, int(clock.now().timestamp()))
            if clock.now().timestamp() - started > settings.LOYALTY_SESSION_SECONDS:
                logout(request)
        return get_response(request)

    return handle
