"""When the password was given last: asked for again before approvals, erasure and changes of rights."""

from datetime import timedelta

from django.http import HttpRequest

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
