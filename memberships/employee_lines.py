"""What a file of an organization's employees holds, and whom each of its lines speaks of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from common.errors import Conflict
from common.sheets import Column, LineRefused, cells
from common.sheets.importing import Record
from customers.affiliating_many import Known
from customers.affiliations import number_taken, today
from customers.creating_many import Draft, draft_customer
from customers.details import Details
from customers.import_columns import COLUMNS as OF_CUSTOMERS
from customers.import_columns import details_of, row_values
from customers.models import Affiliation, Customer, CustomerKind, EmployeeGroup

# About a person who is new: the columns a file of customers has.
PERSONAL = (
    "first_name", "last_name", "birth_date", "email", "phone", "language", "address_lines", "postal_code", "city",
    "country",
)  # fmt: skip
COLUMNS: tuple[Column, ...] = (
    Column("personnel_number", "of the organization; names the line for ever", required=True),
    Column("customer_number", "of a person who is known here; empty: known by the personnel number, or new"),
    Column("employee_group", "code of the employee group; in none if empty"),
    Column("valid_from", "first day in the organization; the day of the import if empty", cells.day),
    Column("valid_until", "last day in the organization; open if empty", cells.day),
    Column("accept_terms", "whether the person accepted the program's terms", cells.yes_or_no),
    *(column for column in OF_CUSTOMERS if column.name in PERSONAL),
    Column("allow_duplicate", "yes: a new person though the record looks like a known customer", cells.yes_or_no),
)


class KnownOtherwise(Conflict):
    code = "known_otherwise"
    title = "The person belongs to the organization on other terms"


@dataclass(frozen=True, slots=True)
class Employee:
    """A line: `person` is known, or `draft` is new; `known` is the affiliation there is."""

    line: int
    personnel_number: str
    first_day: date
    last_day: date | None
    group: EmployeeGroup | None
    accept_terms: bool
    allow_duplicate: bool
    personal: Mapping[str, Any]
    person: Customer | None = None
    draft: Draft | None = None
    known: Affiliation | None = None

    @property
    def customer(self) -> Customer:
        if self.draft is not None:
            return self.draft.row
        if self.person is None:
            raise LookupError("a line speaks of a person or of a draft")
        return self.person

    @property
    def details(self) -> Details:
        return details_of(self.personal)

    @property
    def columns(self) -> dict[str, Any]:
        """Of the new person's own row."""
        return row_values(self.personal)

    @property
    def traits(self) -> list[str]:
        """What a new person could be known by; nothing where it was said that this is no reason."""
        return [] if self.draft is None or self.allow_duplicate else self.draft.traits.texts()


class LineReader:
    """Reads the lines about one organization. `people` are those found by the customer numbers of the lines."""

    def __init__(self, people: Mapping[str, Customer], known: Known, groups: Sequence[EmployeeGroup]) -> None:
        self.people, self.known = people, known
        self.groups = {group.code: group for group in groups}

    def read(self, record: Record) -> Employee:
        """Raises LineRefused, Malformed, PersonnelNumberTaken, KnownOtherwise."""
        if len(record.lines) > 1:
            numbers = ", ".join(str(line.number) for line in record.lines[:5])
            raise LineRefused(f"personnel_number: lines {numbers} have the same number; a person has one line.")
        values = record.values[0]
        first, last = values.get("valid_from") or today(), values.get("valid_until")
        _refuse_not_now(first, last)
        number = personnel_number(record)
        person = self._person(values, number, first, last)
        personal = {name: values[name] for name in PERSONAL if name in values}
        draft = None
        if person is None:
            draft = draft_customer(
                CustomerKind.PERSON, details=details_of(personal), number=None, values=row_values(personal)
            )
        return Employee(
            line=record.line,
            personnel_number=number,
            first_day=first,
            last_day=last,
            group=self._group(values),
            accept_terms=values.get("accept_terms", False),
            allow_duplicate=values.get("allow_duplicate", False),
            personal=personal,
            person=person,
            draft=draft,
            known=self._known(person, values, number, first, last) if person else None,
        )

    def _person(self, values: Mapping[str, Any], number: str, first: date, last: date | None) -> Customer | None:
        """Whom the line speaks of, where the person is known."""
        holder = self.known.by_number(number, first, last)
        wanted = customer_number(values)
        if wanted is None:
            return holder.customer if holder is not None else None
        person = self.people.get(wanted)
        if person is None:
            raise LineRefused(f"customer_number: there is no customer {wanted}.")
        if holder is not None and holder.customer_id != person.pk:
            raise number_taken(holder)
        return person

    def _group(self, values: Mapping[str, Any]) -> EmployeeGroup | None:
        code = values.get("employee_group")
        if not code:
            return None
        if code not in self.groups:
            known = ", ".join(sorted(self.groups)) or "none"
            raise LineRefused(f"employee_group: the organization has no group “{code}”; it has {known}.")
        return self.groups[code]

    def _known(
        self, person: Customer, values: Mapping[str, Any], number: str, first: date, last: date | None
    ) -> Affiliation | None:
        """The affiliation the line speaks of; an empty cell says nothing about it."""
        for row in self.known.of_person(person.pk, first, last)[:1]:
            told = (
                ("personnel_number", row.personnel_number, number),
                ("employee_group", row.employee_group and row.employee_group.code, values.get("employee_group")),
                ("valid_from", row.valid_from, values.get("valid_from")),
                ("valid_until", row.valid_until, values.get("valid_until")),
            )
            differing = [name for name, is_so, said in told if said and said != is_so]
            if differing:
                raise KnownOtherwise(
                    f"Customer {person.number} belongs to the organization with another {', '.join(differing)}. Leave "
                    "the cells empty, or change it at the desk.",
                    facts={"customer": person.pk, "affiliation": row.pk, "columns": differing},
                )
            return row
        return None


def _refuse_not_now(first: date, last: date | None) -> None:
    """Who is not there today is not enrolled today."""
    if first > today():
        raise LineRefused(f"valid_from: {first} lies ahead; import the line from that day on.")
    if last is not None and last < today():
        raise LineRefused(f"valid_until: {last} has passed; who has left is not enrolled.")


def personnel_number(record: Record) -> str:
    return str(record.values[0]["personnel_number"]).strip()


def customer_number(values: Mapping[str, Any]) -> str | None:
    return str(values.get("customer_number") or "").strip().upper() or None
