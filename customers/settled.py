"""Which addresses a message goes to: a new one alone only once it has settled (domain 1.3).

Who takes over a record and changes its address must not get what was meant for the person: for some days the address
that was in force before gets every message too.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from common import clock
from customers.keys import email_key
from customers.models import Customer

# (since when, the address) of one customer, oldest first.
Past = list[tuple[datetime, str | None]]


class Reachable(Protocol):
    """What decides about messages to a customer."""

    @property
    def pk(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def email(self) -> str | None: ...
    @property
    def email_key(self) -> str | None: ...
    @property
    def contact_changed_at(self) -> datetime: ...


def addresses_of(customer: Reachable, *, settled_days: int) -> list[str]:
    """The present e-mail address, and while it is younger than so many days the one before; none without one."""
    return addresses_of_many([customer], settled_days=settled_days)[customer.pk]


def addresses_of_many(customers: Iterable[Reachable], *, settled_days: int) -> dict[int, list[str]]:
    """The same of several, by their ids; history is read once, and only of those whose contact is that young."""
    rows = list(customers)
    since = clock.now() - timedelta(days=settled_days)
    past = _history_of([one.pk for one in rows if one.email and one.contact_changed_at > since])
    return {one.pk: _of_one(one, past.get(one.pk, []), since) for one in rows}


def _of_one(customer: Reachable, past: Past, since: datetime) -> list[str]:
    if not customer.email:
        return []
    before = _settled_address(past, since)
    if before is None or email_key(before) == customer.email_key:
        return [customer.email]
    return [customer.email, before]


def _history_of(ids: list[int]) -> dict[int, Past]:
    found: dict[int, Past] = {}
    if ids:
        rows = Customer.history.filter(id__any_of=ids).order_by("history_date", "history_id")
        for pk, at, address in rows.values_list("id", "history_date", "email"):
            found.setdefault(pk, []).append((at, address))
    return found


def _settled_address(past: Past, since: datetime) -> str | None:
    """What history says was in force then; a first address counts as settled at once, whenever it came.

    Addresses between that one and the present are left out: they were never settled.
    """
    in_force = [address for at, address in past if at <= since][-1:]
    if in_force and in_force[0]:
        return in_force[0]
    return next((address for at, address in past if at > since and address), None)
