"""Taking over customers from a file (interfaces 3.3): a line is a customer, named by its number in the old system.

A line whose number is known and that says nothing new changes nothing, so a file can be imported again and an
interrupted run goes on. A line that would change a known customer is refused unless updates are asked for: since the
first run somebody may have corrected the record. An empty cell leaves what is there.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db.models import Model

from common.actor import Actor
from common.errors import Conflict, LoyaltyError, NotAllowed
from common.sheets import Column, LineRefused
from common.sheets.importing import Outcome, Record, Result, attempt, outcome_of
from common.sheets.seen import Seen
from customers.creating import create_customer
from customers.creating_many import Draft, create_plain, draft_customer
from customers.details import ADDRESS as ADDRESS_FIELDS
from customers.details import IDENTIFICATION as DOCUMENT_FIELDS
from customers.details import Details
from customers.duplicates import lock_all_traits, taken
from customers.errors import LikelyDuplicate
from customers.import_columns import COLUMNS, details_of, row_values
from customers.models import Customer, CustomerKind, CustomerNumber
from customers.updating import update_customer

WRITE = "customers:write"
REASON = "import"


class KnownOtherwise(Conflict):
    code = "known_otherwise"
    title = "The customer is known with other values"


class CustomerImport:
    """One run. `update`: lines may change known customers."""

    columns: Sequence[Column] = COLUMNS
    identity = "number"

    def __init__(self, *, actor: Actor, update: bool = False) -> None:
        if not actor.may(WRITE, None):
            raise NotAllowed("Importing customers needs the right customers:write.")
        self.actor, self.update = actor, update
        self._seen = Seen()
        self._fresh: dict[str, int] = {}

    def take(self, records: Sequence[Record]) -> list[Outcome]:
        self._fresh = {}
        lock_all_traits()
        known = _known([str(record.values[0]["number"]) for record in records])
        outcomes: dict[int, Outcome] = {}
        drafts: dict[int, Draft] = {}
        for at, record in enumerate(records):
            customer = known.get(_number(record))
            try:
                _refuse_several(record)
                if customer is None:
                    drafts[at] = _draft(record)
            except LoyaltyError as error:
                outcomes[at] = outcome_of(error)
                continue
            if customer is not None:
                outcomes[at] = self._compare(customer, record.values[0])
        return [*_in_order(outcomes | self._create(records, drafts))]

    def keep(self) -> None:
        """The lines of the last batch are through: later ones are compared with them too."""
        for text, line in self._fresh.items():
            self._seen.add(text, line)

    def _create(self, records: Sequence[Record], drafts: Mapping[int, Draft]) -> dict[int, Outcome]:
        """Plain ones together; whoever is probably known is left to the verb, which refuses and says why."""
        suspects = taken([draft.traits for draft in drafts.values()])
        outcomes: dict[int, Outcome] = {}
        plain = []
        for at, draft in drafts.items():
            record, texts = records[at], draft.traits.texts()
            allowed = record.values[0].get("allow_duplicate", False)
            earlier = None if allowed else next((line for text in texts if (line := self._line_of(text))), None)
            if not allowed and suspects.intersection(texts):
                outcomes[at] = attempt(partial(self._create_one, record))
            elif earlier is not None:
                outcomes[at] = outcome_of(like_line(earlier))
            else:
                plain.append(draft)
                outcomes[at] = Outcome(Result.NEW)
            if outcomes[at].result is Result.NEW:
                self._fresh |= dict.fromkeys(texts, record.line)
        create_plain(plain, actor=self.actor, reason=REASON)
        return outcomes

    def _line_of(self, text: str) -> int | None:
        return self._fresh.get(text) or self._seen.line_of(text)

    def _create_one(self, record: Record) -> Outcome:
        values = record.values[0]
        create_customer(
            values.get("kind", CustomerKind.PERSON),
            actor=self.actor,
            number=values["number"],
            details=details_of(values),
            reason=REASON,
            **row_values(values),
        )
        return Outcome(Result.NEW)

    def _compare(self, customer: Customer, values: Mapping[str, Any]) -> Outcome:
        differing = differences(customer, values)
        if not differing:
            return Outcome(Result.SAME)
        if not self.update:
            return outcome_of(
                KnownOtherwise(
                    f"Customer {customer.number} is known with another {', '.join(differing)}. "
                    "Leave the line out, or import with updates to change the customer.",
                    facts={"customer": customer.pk, "columns": differing},
                )
            )
        return attempt(lambda: self._update(customer, values))

    def _update(self, customer: Customer, values: Mapping[str, Any]) -> Outcome:
        kind = {"kind": values["kind"]} if "kind" in values else {}
        details = _merged(customer, details_of(values))
        update_customer(customer, actor=self.actor, reason=REASON, details=details, **kind, **row_values(values))
        return Outcome(Result.CHANGED)


def differences(customer: Customer, values: Mapping[str, Any]) -> list[str]:
    """The columns in which the line says something else than the record."""
    own = {name: values[name] for name in ("kind", *row_values(values)) if name in values}
    found = [name for name, value in own.items() if getattr(customer, name) != _trimmed(value)]
    details = details_of(values)
    addresses = [_content(row, ADDRESS_FIELDS) for row in customer.addresses.all()]
    if any(not _among(given, addresses) for given in details.get("addresses", ())):
        found.append("address")
    documents = [_content(row, DOCUMENT_FIELDS) for row in customer.identifications.all()]
    if any(not _among(given, documents) for given in details.get("identifications", ())):
        found.append("document")
    wishes = {row.channel: row.allowed for row in customer.contact_preferences.all()}
    found += [f"contact_by_{way}" for way, ok in details.get("preferences", {}).items() if wishes.get(way) is not ok]
    return found


def _known(numbers: Sequence[str]) -> dict[str, Customer]:
    """Whoever answers to the numbers today, with what belongs to them."""
    rows = CustomerNumber.objects.select_related("customer").filter(number__in=[one.strip().upper() for one in numbers])
    lists = ("customer__addresses", "customer__identifications", "customer__contact_preferences")
    return {row.number: row.customer for row in rows.prefetch_related(*lists)}


def _number(record: Record) -> str:
    return str(record.values[0]["number"]).strip().upper()


def _refuse_several(record: Record) -> None:
    if len(record.lines) > 1:
        numbers = ", ".join(str(line.number) for line in record.lines[:5])
        raise LineRefused(f"number: lines {numbers} have the same number; a customer has one line.")


def _draft(record: Record) -> Draft:
    values = record.values[0]
    return draft_customer(
        values.get("kind", CustomerKind.PERSON),
        details=details_of(values),
        number=values["number"],
        values=row_values(values),
    )


def like_line(line: int) -> LikelyDuplicate:
    """Somebody of an earlier line has the same e-mail, phone, document, or name and birth date."""
    return LikelyDuplicate(
        f"This looks like the customer of line {line}: one of the two is too many, or say yes in allow_duplicate.",
        facts={"line": line},
    )


def _merged(customer: Customer, details: Details) -> Details:
    """With what the customer has besides: a line names one address and one document, and takes none away."""
    if "addresses" in details:
        details["addresses"] = _replaced(customer.addresses.all(), details["addresses"][0], ADDRESS_FIELDS)
    if "identifications" in details:
        kept = _replaced(customer.identifications.all(), details["identifications"][0], DOCUMENT_FIELDS)
        details["identifications"] = kept
    return details


def _replaced(rows: Iterable[Model], given: Mapping[str, Any], names: Sequence[str]) -> list[Mapping[str, Any]]:
    others = [_content(row, names) for row in rows]
    return [*(one for one in others if one["kind"] != given.get("kind")), given]


def _content(row: Model, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _among(given: Mapping[str, Any], contents: Sequence[Mapping[str, Any]]) -> bool:
    wanted = {name: _trimmed(value) for name, value in given.items()}
    return any(wanted.items() <= content.items() for content in contents)


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _in_order(outcomes: Mapping[int, Outcome]) -> list[Outcome]:
    return [outcomes[at] for at in sorted(outcomes)]
