"""Changing what is known about a customer."""

from collections.abc import Callable
from typing import Any

from common.actor import Actor
from common.errors import FieldError, Malformed
from customers.details import Details, home_country, replace_details
from customers.locking import changing
from customers.models import Customer
from customers.record import fill
from gateway.events import record_event


def update_customer(
    customer: Customer,
    *,
    actor: Actor,
    reason: str = "",
    details: Details | None = None,
    check: Callable[[Customer], None] | None = None,
    **values: Any,
) -> Customer:
    """Set the given columns and lists; nothing is written when nothing differs.

    `check` is called with the locked row and may refuse (If-Match). The kind of a customer never changes.
    """
    details = details or {}
    with changing(customer, actor=actor, reason=reason) as row:
        if check is not None:
            check(row)
        if values.get("kind", row.kind) != row.kind:
            detail = "A person never becomes an organization: create another customer."
            raise Malformed(detail, errors=[FieldError(pointer="/kind", code="unchangeable", detail=detail)])
        changed = fill(row, values, country=home_country(details) or _country_of(row))
        changed |= replace_details(row, details)
        if changed:
            row.version += 1
            row.save()
            record_event(
                "customer.updated",
                program_id=None,
                subject_id=row.pk,
                facts={"customer": row.pk, "fields": sorted(changed)},
            )
        return row


def _country_of(row: Customer) -> str:
    address = row.addresses.order_by("pk").first()
    return address.country if address else ""
