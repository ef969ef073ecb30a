"""The actor of the member of staff who asks; settings name the function, so that nothing here imports upward."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from common.actor import Actor


def actor_of_request(request: HttpRequest) -> Actor:
    """Known once per request."""
    known: Actor | None = request.__dict__.get("_staff_actor")
    if known is None:
        known = request.__dict__["_staff_actor"] = import_string(settings.LOYALTY_ACTOR_OF_USER)(request.user)
    return known
