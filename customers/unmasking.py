"""Seeing a customer's personal values: asked for with a reason, written down, over after some minutes."""

from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common import clock
from common.errors import NotAllowed
from common.staff_actor import actor_of_request
from customers.models import Customer
from staff.access import log_access
from staff.models import User

UNMASK = "personal:unmask"
LASTS = timedelta(minutes=15)
SESSION_KEY = "unmasked_until"
Session = MutableMapping[str, Any] | None


class UnmaskReason(models.TextChoices):
    """Codes, because the log is never changed and must hold no personal text."""

    CUSTOMER_ASKS = "customer_asks", _("the customer asks")
    VERIFICATION = "verification", _("making sure who it is")
    CORRECTION = "correction", _("correcting the customer's data")
    COMPLAINT = "complaint", _("working on a complaint")
    FRAUD = "fraud", _("suspected misuse")
    LEGAL = "legal", _("a legal duty")


def unmask(request: HttpRequest, customer: Customer, *, reason: UnmaskReason) -> None:
    """Show this customer's personal values to the session for LASTS; raises NotAllowed."""
    user = request.user
    if not isinstance(user, User) or not actor_of_request(request).may(UNMASK, None):
        raise NotAllowed("Seeing personal values needs the right personal:unmask.")
    log_access(user, "unmask", customer, facts={"reason": reason.value})
    now = clock.now()
    lasting = {pk: until for pk, until in _kept(request.session).items() if until > now.timestamp()}
    request.session[SESSION_KEY] = lasting | {str(customer.pk): (now + LASTS).timestamp()}
    request.__dict__.pop("_staff_actor", None)


def unmasked_in(session: Session) -> frozenset[int]:
    """Ids of the customers the session shows whole at this moment."""
    now = clock.now().timestamp()
    return frozenset(int(pk) for pk, until in _kept(session).items() if until > now)


def is_unmasked(request: HttpRequest, customer_id: int) -> bool:
    """May this request's user see the customer's personal values now? Ends at once with the right."""
    return actor_of_request(request).sees(customer_id)


def _kept(session: Session) -> dict[str, float]:
    kept: dict[str, float] = session.get(SESSION_KEY, {}) if session is not None else {}
    return kept
