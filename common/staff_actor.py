"""The actor of the member of staff who asks; settings name the function, so that nothing here imports upward."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.module_loading import import_string

from common.actor import Actor
from common.errors import NotFound


def actor_of_request(request: HttpRequest) -> Actor:
    """Known once per request; what the session has unmasked is part of it."""
    known: Actor | None = request.__dict__.get("_staff_actor")
    if known is None:
        actor_of = import_string(settings.LOYALTY_ACTOR_OF_USER)
        known = request.__dict__["_staff_actor"] = actor_of(request.user, getattr(request, "session", None))
    return known


def actor_of_username(username: str) -> Actor:
    """For commands that run in somebody's name. Raises NotFound."""
    user = get_user_model().objects.filter(username=username, is_active=True, is_staff=True).first()
    if user is None:
        raise NotFound(f"There is no active member of staff “{username}”.")
    actor: Actor = import_string(settings.LOYALTY_ACTOR_OF_USER)(user)
    return actor
