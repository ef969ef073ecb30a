"""Many new customers in a few statements: the plain case of `create_customer`, for imports.

Whatever is not plain - a number that is taken, somebody who is probably known - is left to `create_customer`, which
refuses and explains. Both leave the same rows; a test holds them against each other.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from common.actor import Actor
from common.db import next_ids
from common.history import AuditedModel, audit_context, create_with_history
from customers.creating import SEQUENCE, facts_of, foreign_number, new_row, number_of, traits_of
from customers.details import Details, detail_rows
from customers.duplicates import Traits
from customers.models import Customer, CustomerNumber
from gateway.events import record_events


@dataclass(frozen=True, slots=True)
class Draft:
    """A customer judged and not saved, with the rows that belong to it."""

    row: Customer
    traits: Traits
    rows: list[AuditedModel] = field(default_factory=list)


def draft_customer(kind: str, *, details: Details, number: str | None, values: dict[str, Any]) -> Draft:
    """The rows of a new customer. Raises Malformed, CustomerNumberRefused; asks nothing of the database."""
    row = new_row(kind, details=details, values=values)
    (row.pk,) = next_ids(SEQUENCE)
    row.number = number_of(row.pk) if number is None else foreign_number(number)
    return Draft(row, traits_of(row, details), detail_rows(row, details))


def create_plain(drafts: Sequence[Draft], *, actor: Actor, reason: str) -> None:
    """Write the drafts. The caller holds `lock_all_traits` and knows that their numbers and traits are free."""
    if not drafts:
        return
    with audit_context(actor, reason):
        create_with_history([draft.row for draft in drafts])
        CustomerNumber.objects.bulk_create(
            CustomerNumber(number=draft.row.number, customer=draft.row) for draft in drafts
        )
        by_table = defaultdict(list)
        for draft in drafts:
            for row in draft.rows:
                by_table[type(row)].append(row)
        for rows in by_table.values():
            create_with_history(rows)
        facts = {draft.row.pk: facts_of(draft.row) for draft in drafts}
        record_events("customer.created", program_id=None, facts=facts)
