"""A customer as staff see one: whole when unmasked, else just enough to be recognized.

Every page takes a person's values from here: `shown_customer(customer, unmasked=is_unmasked(request, customer.pk))`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext

from customers.masking import MASKS, masked_email
from customers.models import Address, Customer, CustomerKind, Identification, Message, MessagePurpose
from programs.notice_texts import words_of


@dataclass(frozen=True)
class ShownDocument:
    kind: str
    country: str
    number: str | None
    valid_until: date | None


@dataclass(frozen=True)
class ShownAddress:
    kind: str
    lines: str | None
    postal_code: str | None
    city: str | None
    country: str


@dataclass(frozen=True)
class ShownMessage:
    """`about` says what a notice was about; `program` is the name of the program it speaks for, `at` when it was sent,
    else written. Its text is not here."""

    purpose: str
    about: str
    program: str | None
    status: str
    why_not: str
    address: str | None
    subject: str | None
    at: datetime


@dataclass(frozen=True)
class ShownCustomer:
    """Kinds and statuses in words; values nobody gave are None, masked or not."""

    id: int
    number: str
    kind: str
    status: str
    language: str
    customer_since: date
    unmasked: bool
    name: str | None
    first_name: str | None
    last_name: str | None
    birth_date: date | str | None
    email: str | None
    phone: str | None
    payment_terms: str | None
    notes: str | None

    @property
    def label(self) -> str:
        """What a heading or a link says."""
        return self.name or self.number


def shown_customer(customer: Customer, *, unmasked: bool) -> ShownCustomer:
    """Personal values as the one who looks may see them; nothing is read from the database."""
    show = _shower(customer, unmasked)
    # What a company is called is on its sign; a name that is kept back would only hide which one it is.
    named = unmasked or customer.kind == CustomerKind.ORGANIZATION
    return ShownCustomer(
        id=customer.pk,
        number=customer.number,
        kind=customer.get_kind_display(),
        status=customer.get_status_display(),
        language=customer.language,
        customer_since=customer.customer_since,
        unmasked=unmasked,
        name=customer.name if named else show("name"),
        first_name=show("first_name"),
        last_name=show("last_name"),
        birth_date=show("birth_date"),
        email=show("email"),
        phone=show("phone"),
        payment_terms=show("payment_terms"),
        notes=show("notes"),
    )


def shown_document(row: Identification, *, unmasked: bool) -> ShownDocument:
    show = _shower(row, unmasked)
    return ShownDocument(row.get_kind_display(), row.country, show("number"), row.valid_until)


def shown_address(row: Address, *, unmasked: bool) -> ShownAddress:
    show = _shower(row, unmasked)
    return ShownAddress(row.get_kind_display(), show("lines"), show("postal_code"), show("city"), row.country)


def shown_message(row: Message, *, program: str | None, at: datetime, unmasked: bool) -> ShownMessage:
    return ShownMessage(
        purpose=row.get_purpose_display(),
        about=gettext(words_of(row.template)) if row.purpose == MessagePurpose.NOTICE else "",
        program=program,
        status=row.get_status_display(),
        why_not=gettext(row.why_not) if row.why_not else "",
        address=row.address if unmasked else masked_email(row.address),
        subject=row.subject if unmasked else None,
        at=at,
    )


def _shower(row: Any, unmasked: bool) -> Callable[[str], Any]:
    def show(name: str) -> Any:
        value = getattr(row, name)
        return value if unmasked else MASKS[name](value)

    return show
