"""What a file of customers holds: the same columns in imports and exports."""

from collections.abc import Mapping
from typing import Any

from common.sheets import Column, cells
from customers.details import Details
from customers.models import AddressKind, CustomerKind, IdentificationKind, PreferenceChannel

COLUMNS: tuple[Column, ...] = (
    Column("number", "the customer number of the old system; names the line for ever", required=True),
    Column("kind", "person if empty", cells.one_of(*CustomerKind.values)),
    Column("first_name", "of a person"),
    Column("last_name", "of a person"),
    Column("name", "of an organization, or of a person known by one name"),
    Column("birth_date", "of a person", cells.day),
    Column("email", "one address"),
    Column("phone", "with its country code, or read by the country of the address"),
    Column("language", "as en or de-AT; en if empty"),
    Column("customer_since", "the day of the import if empty", cells.day),
    Column("credit_limit", "empty: none", cells.money),
    Column("payment_terms", "free text"),
    Column("outstanding_balance", "0 if empty", cells.money),
    Column("currency", "three letters, as in ISO 4217; EUR if empty"),
    Column("notes", "free text"),
    Column("address_kind", "home if empty", cells.one_of(*AddressKind.values)),
    Column("address_lines", "street and number; an address needs city and country too"),
    Column("postal_code", "of the address"),
    Column("city", "of the address"),
    Column("country", "two letters, as in ISO 3166"),
    Column("document_kind", "needed with a document", cells.one_of(*IdentificationKind.values)),
    Column("document_country", "two letters, as in ISO 3166"),
    Column("document_number", "of the document"),
    Column("document_valid_until", "last day", cells.day),
    *(
        Column(f"contact_by_{way}", "whether the customer may be contacted so", cells.yes_or_no)
        for way in PreferenceChannel.values
    ),
    Column("allow_duplicate", "yes: create it though it looks like a known customer", cells.yes_or_no),
    Column("status", "shown by exports", passed_over=True),
)
ADDRESS = {
    "address_kind": "kind",
    "address_lines": "lines",
    "postal_code": "postal_code",
    "city": "city",
    "country": "country",
}
DOCUMENT = {
    "document_kind": "kind",
    "document_country": "country",
    "document_number": "number",
    "document_valid_until": "valid_until",
}
# What is neither a column of the customer's row nor of a list beside it.
ABOUT_THE_LINE = frozenset({"number", "kind", "allow_duplicate"})


def details_of(values: Mapping[str, Any]) -> Details:
    """The address, the document and the wishes of a line; none of those it says nothing about."""
    details = Details()
    if address := _part(values, ADDRESS):
        details["addresses"] = [{"kind": AddressKind.HOME.value, **address}]
    if document := _part(values, DOCUMENT):
        details["identifications"] = [document]
    wishes = {way: values[f"contact_by_{way}"] for way in PreferenceChannel.values if f"contact_by_{way}" in values}
    if wishes:
        details["preferences"] = wishes
    return details


def row_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into the customer's own row."""
    elsewhere = ABOUT_THE_LINE | ADDRESS.keys() | DOCUMENT.keys()
    return {
        name: value for name, value in values.items() if name not in elsewhere and not name.startswith("contact_by_")
    }


def _part(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {field: values[column] for column, field in names.items() if column in values}
