"""A password given lately: asked for again before approvals, erasure and changes of rights."""

from datetime import timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from common import clock

LASTS = timedelta(minutes=15)
# In the session, seconds of the epoch: the login, and the last time the password was given again.
LOGGED_IN_AT = "logged_in_at"
CONFIRMED_AT = "password_confirmed_at"


def is_recent(request: HttpRequest) -> bool:
    """Was the password given within LASTS?"""
    given = max(request.session.get(LOGGED_IN_AT, 0), request.session.get(CONFIRMED_AT, 0))
    return clock.now().timestamp() - float(given) <= LASTS.total_seconds()


def confirm(request: HttpRequest) -> None:
    """The password was right just now."""
    request.session.cycle_key()
    request.session[CONFIRMED_AT] = int(clock.now().timestamp())


def to_confirmation(request: HttpRequest) -> HttpResponseRedirect:
    """To the page that asks for the password, and back here; a form that was sent is to be sent again."""
    if request.method == "POST":
        messages.info(request, _("Nothing was done yet: give your password, then send the form again."))
    return HttpResponseRedirect(f"{reverse('desk:confirm-password')}?{urlencode({'next': request.get_full_path()})}")


class RecentLoginRequired:
    """Before DeskPage in a page's bases: opens only when the password was given lately."""

    recent_login = True
