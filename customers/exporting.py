"""Customers as a table with the columns of their import; personal values are masked where nobody may see them."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model

from common.actor import Actor
from common.errors import NotAllowed
from common.sheets.paging import pages
from customers.import_columns import ADDRESS, COLUMNS, DOCUMENT
from customers.masking import MASKS
from customers.models import AddressKind, Customer, CustomerStatus

READ, UNMASK = "customers:read", "personal:unmask"
NAMES = [column.name for column in COLUMNS if column.name != "allow_duplicate"]
OWN = (
    "number", "kind", "first_name", "last_name", "birth_date", "email", "phone", "language", "customer_since",
    "credit_limit", "payment_terms", "outstanding_balance", "currency", "notes", "status",
)  # fmt: skip
# How the masks know the columns that are not called as in their row.
MASKED_AS = {"address_lines": "lines", "document_number": "number", "number": ""}


def check_export(actor: Actor, *, unmasked: bool, program_id: int | None = None) -> None:
    """Raise NotAllowed unless the actor may have the table, and see the people in it where `unmasked`."""
    for right in (READ, "reports:read", *([UNMASK] if unmasked else [])):
        if not actor.may(right, program_id):
            raise NotAllowed(f"This export needs the right {right}.", facts={"action": right})


def customer_rows(*, unmasked: bool) -> Iterator[list[Any]]:
    """One row per customer, in the order of NAMES; without those that were erased or merged into another."""
    living = Customer.objects.exclude(status=CustomerStatus.ERASED).filter(merged_into=None)
    for page in pages(living.prefetch_related("addresses", "identifications", "contact_preferences")):
        for customer in page:
            values = _values(customer)
            yield [values[name] if unmasked else masked(name, values[name]) for name in NAMES]


def masked(column: str, value: Any) -> Any:
    """The value as somebody without the right sees it; the customer's own number is no secret."""
    mask = MASKS.get(MASKED_AS.get(column, column))
    return value if mask is None else mask(value)


def _values(customer: Customer) -> dict[str, Any]:
    values = dict.fromkeys(NAMES) | {name: getattr(customer, name) for name in OWN}
    # A person's name follows from its parts; given with them it could contradict.
    if not (customer.first_name or customer.last_name):
        values["name"] = customer.name
    addresses = sorted(customer.addresses.all(), key=lambda row: (row.kind != AddressKind.HOME, row.pk))
    values |= _first(addresses, ADDRESS)
    values |= _first(sorted(customer.identifications.all(), key=lambda row: row.pk), DOCUMENT)
    for wish in customer.contact_preferences.all():
        values[f"contact_by_{wish.channel}"] = wish.allowed
    return values


def _first(rows: list[Any], names: dict[str, str]) -> dict[str, Any]:
    row: Model | None = rows[0] if rows else None
    return {} if row is None else {column: getattr(row, field) for column, field in names.items()}
