"""The base of every page of the desk: who may see it, how it is drawn, how a refusal is told."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views import View

from common.actor import Actor
from common.desk.menu import menu_of
from common.desk.recent_login import to_confirmation
from common.errors import LoyaltyError
from common.recent_login import is_recent
from common.staff_actor import actor_of_request


class DeskPage(View):
    """A page for members of staff who may do `action`; each page asks again for the program of what it shows.

    What belongs to a program the user has no right in is answered like what does not exist.
    """

    # An action of staff.rights; every page names one.
    action: ClassVar[str]
    template: ClassVar[str]
    # Set by RecentLoginRequired.
    recent_login: ClassVar[bool] = False
    # The entry of the menu this page belongs to.
    section: ClassVar[str] = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _is_logged_in(request):
            return redirect_to_login(request.get_full_path())
        self.allow(None)
        if self.recent_login and not is_recent(request):
            return to_confirmation(request)
        try:
            return super().dispatch(request, *args, **kwargs)
        except LoyaltyError as error:
            return self.refusal(error)

    @property
    def actor(self) -> Actor:
        return actor_of_request(self.request)

    def may(self, action: str, program_id: int | None = None) -> bool:
        return self.actor.may(action, program_id)

    def allow(self, program_id: int | None) -> None:
        """Raise PermissionDenied unless the user may do the page's action in that program (None: in any)."""
        if not self.may(self.action, program_id):
            raise PermissionDenied

    def refusal(self, error: LoyaltyError) -> HttpResponse:
        """What a rule refused, as a page of its own; pages with a form show it beside the form instead."""
        return self.draw("desk/refused.html", status=error.status, error=error)

    def draw(self, template: str | None = None, *, status: int = 200, **context: Any) -> HttpResponse:
        given = {"page": self, "section": self.section, "actor": self.actor, "menu": menu_of(self.actor), **context}
        return render(self.request, template or self.template, given, status=status)


def _is_logged_in(request: HttpRequest) -> bool:
    user: Any = request.user
    if not (user.is_authenticated and user.is_active and user.is_staff):
        return False
    return not settings.LOYALTY_TOTP or user.is_verified()
