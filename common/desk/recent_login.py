"""Pages that open only when the password was given lately."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _


def to_confirmation(request: HttpRequest) -> HttpResponseRedirect:
    """To the page that asks for the password, and back here; a form that was sent is to be sent again."""
    if request.method == "POST":
        messages.info(request, _("Nothing was done yet: give your password, then send the form again."))
    return HttpResponseRedirect(f"{reverse('desk:confirm-password')}?{urlencode({'next': request.get_full_path()})}")


class RecentLoginRequired:
    """Before DeskPage in a page's bases: approvals, erasure, whatever an open screen must not do."""

    recent_login = True
