"""A customer's documents, addresses and wishes about being contacted, each list replaced as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar

from common.errors import FieldError
from common.history import AuditedModel
from customers.checking import check_row, country_fault, refuse, trimmed
from customers.keys import document_key
from customers.models import Address, ContactPreference, Customer, Identification, PreferenceChannel

MOST = 20
Rows = Sequence[Mapping[str, Any]]
D = TypeVar("D", bound=AuditedModel)
IDENTIFICATION = ("kind", "country", "number", "valid_until")
ADDRESS = ("kind", "lines", "postal_code", "city", "country")


class Details(TypedDict, total=False):
    """What is given; a list left out stays as it is."""

    identifications: Rows
    addresses: Rows
    preferences: Mapping[str, bool]


def document_keys(details: Details) -> frozenset[str]:
    """The keys of the documents given."""
    found = (document_key(str(given.get("number") or "")) for given in details.get("identifications", ()))
    return frozenset(key for key in found if key)


def home_country(details: Details) -> str:
    """The country of the first address given, which reads a national phone number."""
    return next((str(given.get("country") or "") for given in details.get("addresses", ())), "")


def replace_details(customer: Customer, details: Details) -> set[str]:
    """Set what is given; answers the names of the lists that changed."""
    changed = set()
    if "identifications" in details and set_identifications(customer, details["identifications"]):
        changed.add("identifications")
    if "addresses" in details and set_addresses(customer, details["addresses"]):
        changed.add("addresses")
    if "preferences" in details and set_preferences(customer, details["preferences"]):
        changed.add("preferences")
    return changed


def detail_rows(customer: Customer, details: Details) -> list[AuditedModel]:
    """The rows of a customer that has none yet, checked and not saved."""
    rows: list[AuditedModel] = [*identification_rows(customer, details.get("identifications", ()))]
    rows += address_rows(customer, details.get("addresses", ()))
    wishes = details.get("preferences", {})
    _check_ways(wishes)
    rows += [ContactPreference(customer=customer, channel=way, allowed=allowed) for way, allowed in wishes.items()]
    return rows


def set_identifications(customer: Customer, given: Rows) -> bool:
    """Exactly these documents: {kind, country?, number, valid_until?}."""
    rows = identification_rows(customer, given)
    return _replace(customer.identifications.all(), rows, (*IDENTIFICATION, "number_key"))


def identification_rows(customer: Customer, given: Rows) -> list[Identification]:
    rows = []
    for at, values in _numbered("identifications", given):
        row = Identification(customer=customer, **_cleaned(values, IDENTIFICATION, ("country",)))
        faults = [*country_fault(row.country, f"{at}/country")] if row.country else []
        row.number_key = document_key(row.number)
        if row.number_key is None:
            faults.append(FieldError(pointer=f"{at}/number", code="required", detail="A document has a number."))
        check_row(row, names=set(IDENTIFICATION), at=at, more=faults)
        rows.append(row)
    return rows


def set_addresses(customer: Customer, given: Rows) -> bool:
    """Exactly these addresses: {kind, lines, postal_code?, city, country}."""
    return _replace(customer.addresses.all(), address_rows(customer, given), ADDRESS)


def address_rows(customer: Customer, given: Rows) -> list[Address]:
    rows = []
    for at, values in _numbered("addresses", given):
        row = Address(customer=customer, **_cleaned(values, ADDRESS, ()))
        faults = [*country_fault(row.country, f"{at}/country")]
        for name in ("lines", "city"):
            if getattr(row, name) is None:
                faults.append(FieldError(pointer=f"{at}/{name}", code="required", detail="This is needed."))
        check_row(row, names=set(ADDRESS), at=at, more=faults)
        rows.append(row)
    return rows


def set_preferences(customer: Customer, given: Mapping[str, bool]) -> bool:
    """How the customer may be contacted: {"email": true, "sms": false}; ways not named stay as they are."""
    _check_ways(given)
    known = {row.channel: row for row in customer.contact_preferences.all()}
    changed = False
    for way, allowed in given.items():
        row = known.get(way) or ContactPreference(customer=customer, channel=way)
        if row.pk is None or row.allowed is not allowed:
            row.allowed = allowed
            row.save()
            changed = True
    return changed


def _check_ways(given: Iterable[str]) -> None:
    refuse(
        [
            FieldError(pointer=f"/preferences/{way}", code="invalid_choice", detail="There is no such way.")
            for way in given
            if way not in PreferenceChannel.values
        ]
    )


def _numbered(name: str, given: Rows) -> list[tuple[str, Mapping[str, Any]]]:
    if len(given) > MOST:
        refuse([FieldError(pointer=f"/{name}", code="max_length", detail=f"No more than {MOST}.")])
    return [(f"/{name}/{index}", values) for index, values in enumerate(given)]


def _cleaned(values: Mapping[str, Any], names: Sequence[str], blank: Sequence[str]) -> dict[str, Any]:
    clean = trimmed({name: values[name] for name in names if name in values}, lines=("lines",))
    return {name: ("" if value is None and name in blank else value) for name, value in clean.items()}


def _replace(stored: Any, rows: Sequence[D], names: Sequence[str]) -> bool:
    """Keep the rows that are equal, delete the others, add the new."""

    def content(row: D) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in names)

    old = {content(row): row for row in stored}
    new = {content(row): row for row in rows}
    for key in old.keys() - new.keys():
        old[key].delete()
    for key, row in new.items():
        if key not in old:
            row.save()
    return old.keys() != new.keys()
