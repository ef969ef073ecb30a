"""Which addresses a message goes to: a new one alone only once it has settled (domain 1.3).

Who takes over a record and changes its address must not get what was meant for the person: for some days the address
that was in force before gets every message too.
"""

from datetime import datetime, timedelta

from common import clock
from customers.keys import email_key
from customers.models import Customer


def addresses_of(customer: Customer, *, settled_days: int) -> list[str]:
    """The present e-mail address, and while it is younger than so many days the one before; none without one."""
    if not customer.email:
        return []
    since = clock.now() - timedelta(days=settled_days)
    before = _settled_address(customer, since) if customer.contact_changed_at > since else None
    if before is None or email_key(before) == customer.email_key:
        return [customer.email]
    return [customer.email, before]


def _settled_address(customer: Customer, since: datetime) -> str | None:
    """What history says was in force then; a first address counts as settled at once, whenever it came.

    Addresses between that one and the present are left out: they were never settled.
    """
    rows = Customer.history.filter(id=customer.pk)
    in_force = rows.filter(history_date__lte=since).order_by("-history_date", "-history_id")
    address: str | None = in_force.values_list("email", flat=True).first()
    if address:
        return address
    later = rows.filter(history_date__gt=since, email__isnull=False).order_by("history_date", "history_id")
    first: str | None = later.values_list("email", flat=True).first()
    return first
