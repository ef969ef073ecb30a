"""Records that are probably the same person or organization (domain 1.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Q

from customers.masking import masked_email, masked_name
from customers.models import Customer, CustomerStatus, Identification

MOST_SHOWN = 10
# Shared by all who create a customer, held alone by who creates many.
ALL_TRAITS = 0x637573746F6D6572


@dataclass(frozen=True)
class Traits:
    """What a customer can be recognized by, as keys."""

    email: str | None = None
    phone: str | None = None
    documents: frozenset[str] = frozenset()
    name: str | None = None
    birth_date: date | None = None

    def texts(self) -> list[str]:
        """One text per trait, for locks."""
        found = [f"{kind}:{key}" for kind, key in (("email", self.email), ("phone", self.phone)) if key]
        found += [f"document:{key}" for key in self.documents]
        if self.name and self.birth_date:
            found.append(f"name:{self.name}:{self.birth_date}")
        return sorted(found)


@dataclass(frozen=True)
class Candidate:
    """A record found, masked: whoever asks need not have the right to read it."""

    id: int
    number: str
    name: str | None
    email: str | None
    matched_on: list[str] = field(default_factory=list)

    def as_fact(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "number": self.number,
            "name": self.name,
            "email": self.email,
            "matched_on": self.matched_on,
        }


def likely_duplicates(traits: Traits, *, but: int | None = None) -> list[Candidate]:
    """Records sharing e-mail, phone, document, or name and birth date; best matches first.

    A record merged into another is shown as that one; erased ones have nothing left to compare.
    """
    matched: dict[int, set[str]] = {}
    for trait, ids in _matches(traits):
        for pk in ids:
            matched.setdefault(pk, set()).add(trait)
    by_survivor: dict[int, set[str]] = {}
    rows = {row.pk: row for row in _alive().filter(pk__in=matched)}
    for row in rows.values():
        by_survivor.setdefault(row.merged_into_id or row.pk, set()).update(matched[row.pk])
    by_survivor.pop(but or 0, None)
    survivors = Customer.objects.in_bulk([pk for pk in by_survivor if pk not in rows]) | rows
    ranked = sorted(by_survivor, key=lambda pk: (-len(by_survivor[pk]), pk))
    return [_candidate(survivors[pk], sorted(by_survivor[pk])) for pk in ranked[:MOST_SHOWN]]


def taken(all_traits: Sequence[Traits]) -> set[str]:
    """Those texts of the traits that some record has, at one look for many."""
    found = {f"email:{key}" for key in _keys("email_key", {one.email for one in all_traits})}
    found |= {f"phone:{key}" for key in _keys("phone_key", {one.phone for one in all_traits})}
    documents = {key for one in all_traits for key in one.documents}
    known = Identification.objects.filter(number_key__in=documents).values_list("number_key", flat=True)
    found |= {f"document:{key}" for key in known}
    names = {one.name for one in all_traits if one.birth_date}
    people = _alive().filter(name_key__in=names, birth_date__isnull=False).values_list("name_key", "birth_date")
    return found | {f"name:{name}:{born}" for name, born in people}


def lock_traits(traits: Traits) -> None:
    """Until the end of the transaction nobody else creates a customer with one of these traits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [ALL_TRAITS])
        for text in traits.texts():
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"customer:{text}"])


def lock_all_traits() -> None:
    """Until the end of the transaction nobody else creates any customer: one lock instead of thousands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ALL_TRAITS])


def _matches(traits: Traits) -> Iterable[tuple[str, Iterable[int]]]:
    if traits.email:
        yield "email", _ids(Q(email_key=traits.email))
    if traits.phone:
        yield "phone", _ids(Q(phone_key=traits.phone))
    if traits.name and traits.birth_date:
        yield "name_and_birth_date", _ids(Q(name_key=traits.name, birth_date=traits.birth_date))
    if traits.documents:
        keys = Identification.objects.filter(number_key__in=traits.documents)
        yield "document", list(keys.values_list("customer_id", flat=True)[: MOST_SHOWN * 2])


def _keys(column: str, keys: set[str | None]) -> Iterable[str]:
    wanted = [key for key in keys if key]
    found: Iterable[str] = _alive().filter(**{f"{column}__in": wanted}).values_list(column, flat=True)
    return found


def _ids(condition: Q) -> list[int]:
    return list(_alive().filter(condition).order_by("pk").values_list("pk", flat=True)[: MOST_SHOWN * 2])


def _alive() -> Any:
    return Customer.objects.exclude(status=CustomerStatus.ERASED)


def _candidate(row: Customer, matched_on: list[str]) -> Candidate:
    return Candidate(row.pk, row.number, masked_name(row.name), masked_email(row.email), matched_on)
