"""Many affiliations with one organization in a few statements: the plain case of `affiliate`, for imports.

Whatever is not plain - days already taken, a personnel number somebody else has - is left to `affiliate`, which
refuses and explains. Both leave the same rows; a test holds them against each other.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date

from django.db.models import Q

from common.actor import Actor
from common.history import audit_context, create_with_history
from customers.affiliations import facts_of
from customers.models import Affiliation
from gateway.events import record_events


class Known:
    """The affiliations with one organization of these people, and those by these personnel numbers."""

    def __init__(self, organization_id: int, *, customers: Collection[int], numbers: Collection[str]) -> None:
        found = Affiliation.objects.filter(organization=organization_id).select_related("customer", "employee_group")
        self._of_person: dict[int, list[Affiliation]] = defaultdict(list)
        self._of_number: dict[str, list[Affiliation]] = defaultdict(list)
        for row in found.filter(Q(customer__in=customers) | Q(personnel_number__in=numbers)).order_by("valid_from"):
            self._of_person[row.customer_id].append(row)
            if row.personnel_number:
                self._of_number[row.personnel_number].append(row)

    def of_person(self, customer_id: int, first: date, last: date | None) -> list[Affiliation]:
        """Those of the person on any of these days."""
        return [row for row in self._of_person[customer_id] if _meet(row, first, last)]

    def by_number(self, number: str | None, first: date, last: date | None) -> Affiliation | None:
        """Who has the personnel number on one of these days."""
        return next((row for row in self._of_number[number or ""] if _meet(row, first, last)), None)


def affiliate_plain(rows: Sequence[Affiliation], *, actor: Actor, reason: str) -> None:
    """Write the drafts. The caller holds the organization's lock, and knows that they are free."""
    if not rows:
        return
    with audit_context(actor, reason):
        made: Iterable[Affiliation] = create_with_history(rows)
        record_events("affiliation.made", program_id=None, facts={row.pk: facts_of(row) for row in made})


def _meet(row: Affiliation, first: date, last: date | None) -> bool:
    ends_before = row.valid_until is not None and row.valid_until < first
    return not ends_before and (last is None or row.valid_from <= last)
