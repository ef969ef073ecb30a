"""What becomes of affiliations when a record is merged, deleted or erased (domain 1.3)."""

from collections.abc import Iterable

from django.db.models import Q

from common.history import update_with_history
from common.obstacles import Obstacle
from customers.affiliations import meeting, today
from customers.errors import NotOnePerson
from customers.models import Affiliation, Customer, EmployeeGroup


def people_obstacles(organization: Customer) -> Iterable[Obstacle]:
    """People and groups hinder the deletion of an organization."""
    people = Affiliation.objects.filter(organization=organization).count()
    if people:
        yield Obstacle("people", f"People belong or belonged to it: {people}.", {"count": people})
    elif groups := EmployeeGroup.objects.filter(organization=organization).count():
        yield Obstacle("employee_groups", f"It has employee groups: {groups}.", {"count": groups})


def delete_affiliations(customer: Customer) -> None:
    """With the person's record."""
    for row in Affiliation.objects.filter(customer=customer):
        row.delete()


def end_for_erasure(customer: Customer) -> None:
    """Nobody knows who it was: the person belongs nowhere any more, and the personnel numbers go."""
    mine = Affiliation.objects.filter(customer=customer)
    day = today()
    open_ones = mine.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=day), valid_from__lte=day)
    update_with_history(open_ones, valid_until=day)
    update_with_history(mine.filter(personnel_number__isnull=False), personnel_number=None)
    for row in mine.filter(valid_from__gt=day):
        row.delete()


def bring_affiliations(survivor: Customer, other: Customer) -> None:
    """Those of the duplicate come to the record that stays; where both belonged to an organization on the same days,
    the survivor's group and number are kept and cover the days of both."""
    if any(True for _ in people_obstacles(other)):
        raise NotOnePerson(
            f"People belong to {other.number}: keep that record, and merge the other one into it.",
            facts={"customer": survivor.pk, "duplicate": other.pk},
        )
    for row in Affiliation.objects.filter(customer=other).order_by("organization", "valid_from"):
        met = meeting(row, customer_id=survivor.pk)
        if not met:
            row.customer = survivor
            row.save()
            continue
        row.delete()
        kept = met[-1]
        if len(met) == 1:
            kept.valid_from = min(kept.valid_from, row.valid_from)
        ends = (kept.valid_until, row.valid_until)
        kept.valid_until = None if None in ends else max(end for end in ends if end)
        kept.save()
