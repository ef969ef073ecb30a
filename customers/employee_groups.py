"""The kinds of people of an organization; agreements of every program may name one (domain 1.8)."""

from django.db import transaction

from common.actor import Actor
from common.db import lock_rows
from common.errors import NotFound
from common.history import audit_context
from customers.checking import check_row, trimmed
from customers.errors import EmployeeGroupRefused, NotAffiliable
from customers.locking import changing
from customers.models import Customer, CustomerKind, EmployeeGroup


def make_employee_group(
    organization: Customer, *, code: str, name: str, actor: Actor, reason: str = ""
) -> EmployeeGroup:
    """A group of the organization; the same said twice answers the one there is."""
    with changing(organization, actor=actor, reason=reason) as employer:
        if employer.kind != CustomerKind.ORGANIZATION:
            raise NotAffiliable("Only an organization has employee groups.", facts={"customer": employer.pk})
        row = EmployeeGroup(organization=employer, **trimmed({"code": code, "name": name}))
        check_row(row, names={"code", "name"})
        found: EmployeeGroup | None = EmployeeGroup.objects.filter(organization=employer, code=row.code).first()
        if found is None:
            row.save(force_insert=True)
            return row
        if found.name != row.name:
            raise EmployeeGroupRefused(
                f"{row.code} is the code of the group {found.name}: rename that one, or choose another code.",
                facts={"employee_group": found.pk},
            )
        return found


def rename_employee_group(group: EmployeeGroup, *, name: str, actor: Actor, reason: str = "") -> EmployeeGroup:
    """Its code stays: files and agreements name the group by it."""
    with transaction.atomic(), audit_context(actor, reason):
        rows = lock_rows(EmployeeGroup.objects.filter(pk=group.pk))
        if not rows:
            raise NotFound("This employee group does not exist any more.")
        row: EmployeeGroup = rows[0]
        row.name = trimmed({"name": name})["name"]
        check_row(row, names={"name"})
        row.save()
        return row


def groups_of(organization_id: int) -> list[EmployeeGroup]:
    return list(EmployeeGroup.objects.filter(organization=organization_id).order_by("code"))


def refuse_foreign_group(group: EmployeeGroup | None, organization: Customer) -> None:
    if group is not None and group.organization_id != organization.pk:
        raise EmployeeGroupRefused(
            f"The group {group.name} belongs to another organization: choose one of {organization.number}.",
            facts={"employee_group": group.pk, "organization": organization.pk},
        )
