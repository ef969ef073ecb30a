"""Personal values shown just enough to be recognized by who knows them."""

from collections.abc import Callable
from typing import Any

STARS = "***"


def masked_name(name: str | None) -> str | None:
    """Michael Adams -> M*** A***."""
    return " ".join(f"{word[0]}{STARS}" for word in (name or "").split()) or None


def masked_email(email: str | None) -> str | None:
    """michael@example.com -> m***@e***.com."""
    if not email:
        return None
    local, _, domain = email.lower().rpartition("@")
    host, dot, ending = domain.rpartition(".")
    return f"{local[:1]}{STARS}@{(host or ending)[:1]}{STARS}" + (f"{dot}{ending}" if host else "")


def masked_phone(phone: str | None) -> str | None:
    """+491701234567 -> ***67."""
    return f"{STARS}{phone[-2:]}" if phone else None


def masked_text(value: object) -> str | None:
    """Nothing of it: free text, a birth date, a street."""
    return STARS if value not in (None, "") else None


def masked_document(number: str | None) -> str | None:
    """L01X00T47 -> ***47."""
    return f"{STARS}{number[-2:]}" if number else None


# How each personal value looks to those who may not see it.
MASKS: dict[str, Callable[[Any], str | None]] = {
    "first_name": masked_name,
    "last_name": masked_name,
    "name": masked_name,
    "birth_date": masked_text,
    "email": masked_email,
    "phone": masked_phone,
    "payment_terms": masked_text,
    "notes": masked_text,
    # Documents, addresses, affiliations.
    "number": masked_document,
    "personnel_number": masked_document,
    "lines": masked_text,
    "postal_code": masked_text,
    "city": masked_text,
}
