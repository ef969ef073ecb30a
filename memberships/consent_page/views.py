"""The member's own page: reads the terms in plain words, says yes or no (interfaces 3.2).

Whoever holds the link is the person; there is no session and no cookie. So a forged form of another site would have
to know the link, and the usual token against forgery adds nothing: browsers that are told to send no referrer could
not pass it anyway, since they send no origin either.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from axes.helpers import get_client_ip_address
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from common.db import retrying
from common.errors import NotFound
from gateway.throttling import MINUTE, count_failure, seconds_left, take_permit, too_many_failures
from memberships.changes.errors import ChangeNotOpen, ConsentNotTaken, NotAsked, TermsChanged
from memberships.changes.inviting import decide_by_link, open_invitation
from memberships.consent_page.forms import AnswerForm
from memberships.consent_page.shown import page_of

REQUESTS_PER_MINUTE = 60
MOST_DEAD_LINKS = 30
Answers = Callable[..., HttpResponseBase]


def quiet(view: Answers) -> Answers:
    """No trace of the address in other sites, search engines and caches."""

    @wraps(view)
    def answer(*args: Any, **named: Any) -> HttpResponseBase:
        response = view(*args, **named)
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        return response

    return answer


@method_decorator([csrf_exempt, quiet, never_cache], name="dispatch")
class ConsentPage(View):
    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        caller = _caller(request)
        guesses = f"consent-guess:{caller}"
        if too_many_failures(guesses, MOST_DEAD_LINKS) or not take_permit(f"consent:{caller}", REQUESTS_PER_MINUTE):
            busy = render(request, "consent/busy.html", status=429)
            busy.headers["Retry-After"] = str(int(seconds_left(MINUTE)))
            return busy
        try:
            return super().dispatch(request, *args, **named)
        except (NotFound, ChangeNotOpen, NotAsked):
            count_failure(guesses)
            return render(request, "consent/gone.html", status=404)

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._draw(token)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        form = AnswerForm(request.POST)
        if not form.is_valid():
            return self._draw(token, notice=_("Choose one of the answers below."), status=400)
        try:
            retrying(lambda: decide_by_link(token, **form.cleaned_data))
        except TermsChanged:
            notice = _("The terms have changed since you opened this page. Please read them again before you answer.")
            return self._draw(token, notice=notice, status=409)
        except ConsentNotTaken:
            notice = _("Your answer was not taken, because the question was answered meanwhile. See how it stands.")
            return self._draw(token, notice=notice, status=409)
        # The page that follows may be read again and again without answering twice.
        return HttpResponseRedirect(request.path, status=303)

    def _draw(self, token: str, *, notice: str = "", status: int = 200) -> HttpResponse:
        invitation = open_invitation(token)
        if invitation is None:
            raise NotFound
        return render(self.request, "consent/page.html", {"page": page_of(invitation), "notice": notice}, status=status)


def _caller(request: HttpRequest) -> str:
    """The address, not readable in the table of counters."""
    address = get_client_ip_address(request) or ""
    return salted_hmac("consent-page", address).hexdigest()[:32]
