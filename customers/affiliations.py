"""Who belongs to which organization, since when, until when, in which employee group (domain 1.1, 1.8).

Ending an affiliation ends no membership: what a person inherited is left by the verbs of memberships.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from common import clock
from common.actor import Actor
from common.db import lock_rows
from common.errors import NotFound
from common.history import audit_context
from customers.checking import check_row, trimmed
from customers.employee_groups import refuse_foreign_group
from customers.errors import (
    AffiliationPeriod,
    AlreadyAffiliated,
    CustomerErased,
    CustomerWrongStatus,
    NotAffiliable,
    PersonnelNumberTaken,
)
from customers.models import Affiliation, Customer, CustomerKind, CustomerStatus, EmployeeGroup
from gateway.events import record_event

ONE_DAY = timedelta(days=1)


def affiliate(
    customer: Customer,
    *,
    organization: Customer,
    actor: Actor,
    reason: str = "",
    employee_group: EmployeeGroup | None = None,
    personnel_number: str | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Affiliation:
    """The person belongs to the organization, from today unless said otherwise; both days belong to the period.

    The same said twice answers the row there is. Raises NotAffiliable, AlreadyAffiliated, PersonnelNumberTaken.
    """
    with _both(customer.pk, organization.pk, actor=actor, reason=reason) as (person, employer):
        row = draft_affiliation(
            person,
            organization=employer,
            employee_group=employee_group,
            personnel_number=personnel_number,
            valid_from=valid_from or today(),
            valid_until=valid_until,
        )
        found = meeting(row, customer_id=person.pk)
        if len(found) == 1 and says_the_same(found[0], row):
            return found[0]
        if found:
            raise already_affiliated(found[0], person)
        _refuse_taken_number(row)
        row.save(force_insert=True)
        _tell("made", row)
        return row


def draft_affiliation(person: Customer, *, organization: Customer, **values: Any) -> Affiliation:
    """The row, judged and not saved; `values` are its columns. Asks nothing of the database."""
    row = Affiliation(customer=person, organization=organization, **trimmed(values))
    if person.kind != CustomerKind.PERSON or organization.kind != CustomerKind.ORGANIZATION:
        raise NotAffiliable(
            "A person belongs to an organization: choose one of each.",
            facts={"kinds": [person.kind, organization.kind]},
        )
    for customer in (person, organization):
        if customer.status != CustomerStatus.ACTIVE:
            raise CustomerWrongStatus(
                f"Customer {customer.number} is {customer.get_status_display()}: reactivate the record first.",
                facts={"customer": customer.pk, "status": customer.status},
            )
    refuse_foreign_group(row.employee_group, organization)
    check_row(row, names={"personnel_number", "valid_from", "valid_until"})
    _refuse_backwards(row.valid_from, row.valid_until)
    return row


def move_to_group(
    affiliation: Affiliation, *, employee_group: EmployeeGroup | None, from_day: date, actor: Actor, reason: str
) -> Affiliation:
    """The person is in that group (None: in none) from that day on, and was in the former one until the day before.

    From the first day of the affiliation on, the group is corrected in place. Agreements a membership has inherited
    stay: they change by leaving and enrolling anew.
    """
    with _changing(affiliation, actor=actor, reason=reason) as row:
        refuse_foreign_group(employee_group, row.organization)
        if row.employee_group_id == (employee_group and employee_group.pk):
            return row
        _refuse_outside(row, from_day)
        if from_day == row.valid_from:
            row.employee_group = employee_group
            row.save()
            _tell("changed", row)
            return row
        last_day, row.valid_until = row.valid_until, from_day - ONE_DAY
        row.save()
        _tell("ended", row)
        moved = Affiliation(
            customer_id=row.customer_id,
            organization_id=row.organization_id,
            employee_group=employee_group,
            personnel_number=row.personnel_number,
            valid_from=from_day,
            valid_until=last_day,
        )
        moved.save(force_insert=True)
        _tell("made", moved)
        return moved


def end_affiliation(affiliation: Affiliation, *, last_day: date, actor: Actor, reason: str) -> Affiliation:
    """The last day on which the person belongs to the organization, which may lie ahead and may be corrected."""
    with _changing(affiliation, actor=actor, reason=reason) as row:
        _refuse_backwards(row.valid_from, last_day)
        if row.valid_until == last_day:
            return row
        row.valid_until = last_day
        others = [one for one in meeting(row, customer_id=row.customer_id) if one.pk != row.pk]
        if others:
            raise already_affiliated(others[0], row.customer)
        row.save()
        _tell("ended", row)
        return row


def affiliations_on(day: date, *, customer_id: int) -> list[Affiliation]:
    """Those the person has that day, the latest first, with their organizations and groups."""
    found = Affiliation.objects.filter(valid_on(day), customer=customer_id)
    return list(found.select_related("organization", "employee_group").order_by("-valid_from", "-pk"))


def affiliations_of(customer_id: int) -> list[Affiliation]:
    """All the person has and had, the latest first, with their organizations and groups."""
    found = Affiliation.objects.filter(customer=customer_id).select_related("organization", "employee_group")
    return list(found.order_by("-valid_from", "-pk"))


def valid_on(day: date) -> Q:
    """As a filter: that day lies within the period."""
    return Q(valid_from__lte=day) & (Q(valid_until__isnull=True) | Q(valid_until__gte=day))


def today() -> date:
    """Affiliations are outside programs: the day is the one of records of customers."""
    return clock.now().date()


def says_the_same(one: Affiliation, other: Affiliation) -> bool:
    names = ("customer_id", "organization_id", "employee_group_id", "personnel_number", "valid_from", "valid_until")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def already_affiliated(found: Affiliation, person: Customer) -> AlreadyAffiliated:
    """Says which days are taken."""
    until = f"until {found.valid_until}" if found.valid_until else "without an end"
    return AlreadyAffiliated(
        f"Customer {person.number} belongs to the organization from {found.valid_from} {until} already: change that "
        "affiliation, or choose days outside of it.",
        facts={
            "affiliation": found.pk,
            "valid_from": found.valid_from.isoformat(),
            "valid_until": found.valid_until and found.valid_until.isoformat(),
        },
    )


def number_taken(row: Affiliation) -> PersonnelNumberTaken:
    return PersonnelNumberTaken(
        f"Personnel number {row.personnel_number} is somebody else's in that organization at that time: two people "
        "never have one number. Look up who has it.",
        facts={"organization": row.organization_id},
    )


def facts_of(row: Affiliation) -> dict[str, Any]:
    """What an event of an affiliation says."""
    return {
        "customer": row.customer_id,
        "organization": row.organization_id,
        "employee_group": row.employee_group_id,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
    }


@contextmanager
def _both(person_id: int, organization_id: int, *, actor: Actor, reason: str) -> Iterator[tuple[Customer, Customer]]:
    """Both rows under lock: two affiliations with one organization wait for each other."""
    with transaction.atomic(), audit_context(actor, reason):
        rows = {row.pk: row for row in lock_rows(Customer.objects.filter(pk__in=(person_id, organization_id)))}
        if person_id not in rows or organization_id not in rows:
            raise NotFound("No such customer.")
        yield rows[person_id], rows[organization_id]


@contextmanager
def _changing(affiliation: Affiliation, *, actor: Actor, reason: str) -> Iterator[Affiliation]:
    people = (affiliation.customer_id, affiliation.organization_id)
    with _both(*people, actor=actor, reason=reason) as (person, organization):
        row = Affiliation.objects.filter(pk=affiliation.pk, customer=person, organization=organization).first()
        if row is None:
            raise NotFound("This affiliation does not exist any more.")
        if person.status == CustomerStatus.ERASED:
            raise CustomerErased(f"Customer {person.number} was erased; nothing about the person can be kept.")
        row.customer, row.organization = person, organization
        yield row


def _overlapping(row: Affiliation) -> QuerySet[Affiliation]:
    within = Q(valid_until__isnull=True) | Q(valid_until__gte=row.valid_from)
    if row.valid_until is not None:
        within &= Q(valid_from__lte=row.valid_until)
    found: QuerySet[Affiliation] = Affiliation.objects.filter(within, organization=row.organization_id)
    return found.order_by("valid_from")


def meeting(row: Affiliation, *, customer_id: int) -> list[Affiliation]:
    """The customer's affiliations with the organization of the row on any of its days, the earliest first."""
    return list(_overlapping(row).filter(customer=customer_id))


def _refuse_taken_number(row: Affiliation) -> None:
    if row.personnel_number:
        taken = _overlapping(row).filter(personnel_number=row.personnel_number).exclude(customer=row.customer_id)
        if taken.exists():
            raise number_taken(row)


def _refuse_backwards(first_day: date, last_day: date | None) -> None:
    if last_day is not None and last_day < first_day:
        raise AffiliationPeriod(
            f"The last day, {last_day}, lies before the first, {first_day}.",
            facts={"valid_from": first_day.isoformat(), "valid_until": last_day.isoformat()},
        )


def _refuse_outside(row: Affiliation, day: date) -> None:
    if day < row.valid_from or (row.valid_until is not None and day > row.valid_until):
        raise AffiliationPeriod(
            f"The person does not belong to the organization on {day}.",
            facts={
                "day": day.isoformat(),
                "valid_from": row.valid_from.isoformat(),
                "valid_until": row.valid_until and row.valid_until.isoformat(),
            },
        )


def _tell(what: str, row: Affiliation) -> None:
    record_event(f"affiliation.{what}", program_id=None, subject_id=row.pk, facts=facts_of(row))
