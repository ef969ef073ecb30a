"""A new customer, unless the person is probably known already (domain 1.3)."""

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from stdnum import luhn

from common import clock
from common.actor import Actor
from common.db import next_ids
from common.history import audit_context
from customers.details import Details, document_keys, home_country, replace_details
from customers.duplicates import Traits, likely_duplicates, lock_traits
from customers.errors import CustomerNumberRefused, LikelyDuplicate
from customers.models import Customer, CustomerKind, CustomerNumber
from customers.record import fill
from gateway.events import record_event

SEQUENCE = "customers_customer_id_seq"
DIGITS = 7
DRAWN_NUMBER = re.compile(rf"C\d{{{DIGITS + 1},}}\Z")
FOREIGN_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z-]{0,19}\Z")


def create_customer(
    kind: str = CustomerKind.PERSON,
    *,
    actor: Actor,
    allow_duplicate: bool = False,
    details: Details | None = None,
    number: str | None = None,
    reason: str = "",
    **values: Any,
) -> Customer:
    """A customer with its number, documents, addresses and preferences.

    Refused with masked candidates when a record shares e-mail, phone, document, or name and birth date; two
    calls at once wait for each other. `number` is one the customer brings along from another system; without it
    one is drawn. `values` are the columns of record.FIELDS.
    """
    details = details or {}
    with transaction.atomic(), audit_context(actor, reason):
        customer = new_row(kind, details=details, values=values)
        if not allow_duplicate:
            _refuse_duplicate(customer, details)
        (customer.pk,) = next_ids(SEQUENCE)
        customer.number = number_of(customer.pk) if number is None else _brought_along(number)
        customer.save(force_insert=True)
        CustomerNumber.objects.create(number=customer.number, customer=customer)
        replace_details(customer, details)
        record_event("customer.created", program_id=None, subject_id=customer.pk, facts=facts_of(customer))
    return customer


def new_row(kind: str, *, details: Details, values: Mapping[str, Any]) -> Customer:
    """The row of a new customer, judged and not saved, without its id and number. Raises Malformed."""
    now = clock.now()
    customer = Customer(customer_since=now.date(), created_at=now, contact_changed_at=now)
    given = {name: value for name, value in values.items() if name != "customer_since" or value is not None}
    fill(customer, {"kind": kind, **given}, country=home_country(details))
    return customer


def facts_of(customer: Customer) -> dict[str, Any]:
    """What the event of a new customer says."""
    return {"customer": customer.pk, "number": customer.number, "kind": customer.kind}


def traits_of(customer: Customer, details: Details) -> Traits:
    """What others recognize the customer by."""
    return Traits(
        email=customer.email_key,
        phone=customer.phone_key,
        documents=document_keys(details),
        name=customer.name_key,
        birth_date=customer.birth_date,
    )


def number_of(customer_id: int) -> str:
    """C, the id, a Luhn check digit: one digit mistyped never names somebody else."""
    digits = f"{customer_id:0{DIGITS}d}"
    return f"C{digits}{luhn.calc_check_digit(digits)}"


def foreign_number(number: str) -> str:
    """The number of another system, of a form that is never drawn here."""
    number = number.strip().upper()
    if not FOREIGN_NUMBER.match(number) or DRAWN_NUMBER.match(number):
        raise CustomerNumberRefused(
            "A number brought along has 1 to 20 letters, digits and hyphens, and not the form of those drawn here.",
            facts={"number": number},
        )
    return number


def _brought_along(number: str) -> str:
    number = foreign_number(number)
    if CustomerNumber.objects.filter(number=number).exists():
        raise CustomerNumberRefused(f"{number} is another customer's number.", facts={"number": number})
    return number


def _refuse_duplicate(customer: Customer, details: Details) -> None:
    traits = traits_of(customer, details)
    lock_traits(traits)
    candidates = likely_duplicates(traits)
    if candidates:
        numbers = ", ".join(candidate.number for candidate in candidates)
        raise LikelyDuplicate(
            f"This looks like a known customer: {numbers}. Use that one, or repeat with allow_duplicate.",
            facts={"candidates": [candidate.as_fact() for candidate in candidates]},
        )
