"""Values of a customer's rows, cleaned or refused field by field."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from common.errors import FieldError, Malformed
from customers.models import Customer, CustomerKind

EARLIEST_BIRTH = date(1850, 1, 1)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
CURRENCY = re.compile(r"[A-Z]{3}")
COUNTRY = re.compile(r"[A-Z]{2}")
# White space a text of several lines may hold.
LINE_BREAKS = "\n\r\t"
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


def trimmed(values: Mapping[str, Any], *, lines: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values without white space around them, empty texts as None; a text no database or page can hold is
    refused. `lines` names the fields that may break lines."""
    faults = [
        _fault(name, "unprintable", "This text holds characters that can't be printed.")
        for name, value in values.items()
        if isinstance(value, str) and not _printable(value, LINE_BREAKS if name in lines else "")
    ]
    refuse(faults)
    return {name: (value.strip() or None) if isinstance(value, str) else value for name, value in values.items()}


def check_row(row: models.Model, *, names: set[str], at: str = "", more: Iterable[FieldError] = ()) -> None:
    """Let the model judge the named fields, and add `more`; a fault tells its pointer, below `at`."""
    faults = list(more)
    known = {fault["pointer"] for fault in faults}
    everything = {field.name for field in row._meta.fields}
    try:
        row.clean_fields(exclude=everything - names)
    except ValidationError as error:
        for name, errors in error.error_dict.items():
            pointer = f"{at}/{name}"
            if pointer not in known:
                faults += [FieldError(pointer=pointer, code=one.code or "invalid", detail=_text(one)) for one in errors]
    refuse(faults)


def customer_faults(row: Customer, *, today: date) -> Iterator[FieldError]:
    """What is wrong with a customer beyond single columns."""
    yield from _name_faults(row)
    yield from _date_faults(row, today)
    if not LANGUAGE.fullmatch(row.language or ""):
        yield _fault("language", "invalid", "Write a language as en or de-AT.")
    if not CURRENCY.fullmatch(row.currency or ""):
        yield _fault("currency", "invalid", "Three capital letters, as in ISO 4217.")
    if isinstance(row.credit_limit, Decimal) and row.credit_limit.is_finite() and row.credit_limit < 0:
        yield _fault("credit_limit", "min_value", "A credit limit is not negative.")
    if row.phone is not None and sum(letter.isdigit() for letter in row.phone) < 3:
        yield _fault("phone", "invalid", "This is no phone number.")


def full_name(row: Customer) -> str:
    """First and last name as one."""
    return " ".join(part for part in (row.first_name, row.last_name) if part)


def country_fault(value: Any, pointer: str) -> Iterator[FieldError]:
    if not COUNTRY.fullmatch(value or ""):
        yield FieldError(pointer=pointer, code="invalid", detail="Two capital letters, as in ISO 3166.")


def refuse(faults: list[FieldError]) -> None:
    """Raise Malformed if there are faults."""
    if faults:
        detail = faults[0]["detail"] if len(faults) == 1 else f"The request has {len(faults)} faults."
        raise Malformed(detail, errors=faults)


def _name_faults(row: Customer) -> Iterator[FieldError]:
    if row.kind == CustomerKind.ORGANIZATION:
        for name in ("first_name", "last_name", "birth_date"):
            if getattr(row, name) is not None:
                yield _fault(name, "not_for_organizations", "An organization has a name only.")
    elif (row.first_name or row.last_name) and row.name != full_name(row):
        yield _fault("name", "derived", "A person's name follows from first and last name: change those.")
    if row.name is None:
        pointer = "name" if row.kind == CustomerKind.ORGANIZATION else "last_name"
        yield _fault(pointer, "required", "A customer needs a name.")


def _date_faults(row: Customer, today: date) -> Iterator[FieldError]:
    if row.birth_date is not None and not EARLIEST_BIRTH <= row.birth_date <= today:
        yield _fault("birth_date", "out_of_range", "Nobody who lives was born then.")
    if row.customer_since is not None and row.customer_since > today:
        yield _fault("customer_since", "out_of_range", "A customer since is not in the future.")


def _printable(text: str, allowed: str) -> bool:
    return all(letter in allowed or unicodedata.category(letter) not in UNPRINTABLE for letter in text)


def _fault(name: str, code: str, detail: str) -> FieldError:
    return FieldError(pointer=f"/{name}", code=code, detail=detail)


def _text(error: ValidationError) -> str:
    return str(error.messages[0])
