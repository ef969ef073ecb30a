"""Filling a customer's row from given values: cleaned, named, with its keys, judged as a whole."""

from collections.abc import Mapping
from typing import Any

from common import clock
from customers.checking import check_row, customer_faults, full_name, trimmed
from customers.keys import email_key, name_key, phone_key
from customers.models import Customer, CustomerKind

FIELDS = frozenset(
    {
        "kind", "first_name", "last_name", "name", "birth_date", "email", "phone", "language",
        "customer_since", "credit_limit", "payment_terms", "outstanding_balance", "currency", "notes",
    }
)  # fmt: skip
CONTACT = ("email", "phone")


def fill(row: Customer, values: Mapping[str, Any], *, country: str = "") -> set[str]:
    """Set the values; answers the names of those that changed. `country` reads a national phone number."""
    unknown = set(values) - FIELDS
    if unknown:
        raise TypeError(f"A customer has no {', '.join(sorted(unknown))} to set.")
    before = {name: getattr(row, name) for name in FIELDS}
    for name, value in trimmed(values, lines=("notes",)).items():
        setattr(row, name, value)
    derived = row.kind != CustomerKind.ORGANIZATION and bool(row.first_name or row.last_name)
    if row.kind != CustomerKind.ORGANIZATION and not values.get("name"):
        _derive_name(row, values)
    now = clock.now()
    check_row(row, names=set(FIELDS) - ({"name"} if derived else set()), more=customer_faults(row, today=now.date()))
    row.email_key = email_key(row.email)
    row.phone_key = phone_key(row.phone, country)
    row.name_key = name_key(row.name)
    changed = {name for name in FIELDS if getattr(row, name) != before[name]}
    if changed.intersection(CONTACT):
        row.contact_changed_at = now
    return changed


def _derive_name(row: Customer, values: Mapping[str, Any]) -> None:
    if {"first_name", "last_name"} & set(values):
        row.name = full_name(row) or None
