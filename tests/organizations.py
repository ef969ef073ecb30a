"""Organizations with agreements and people for tests, made through their verbs."""

from datetime import date
from typing import Any

from common.history import audit_context
from customers.affiliations import affiliate
from customers.models import Affiliation, Customer, CustomerKind, EmployeeGroup
from memberships.agreements import AgreementTerms, make_agreement
from memberships.enrolment import enrol
from memberships.models import Membership, OrganizationAgreement
from memberships.organizations import open_organization
from programs.models import Benefit, Program, Tier
from tests.factories import ACTOR, make_customer

LONG_AGO = date(2020, 1, 1)


def make_organization(name: str = "Acme Ltd") -> Customer:
    return make_customer(name, kind=CustomerKind.ORGANIZATION)


def umbrella(program: Program, name: str = "Acme Ltd", *, signatory: str = "Sam Signer") -> Membership:
    """The membership of a new organization; a new customer signs for it."""
    signs = make_customer(signatory)
    return open_organization(make_organization(name), program=program, signatories=[signs.pk], actor=ACTOR)


def make_benefit(program: Program, code: str = "lounge") -> Benefit:
    return Benefit.objects.create(program=program, code=code, name=code.title())


def tier_called(program: Program, code: str) -> Tier:
    return Tier.objects.get(group__program=program, code=code)


def staff_terms(**values: Any) -> AgreementTerms:
    """For everybody, from long ago, without end, giving nothing; unless said otherwise."""
    return AgreementTerms(**({"name": "Staff", "valid_from": LONG_AGO} | values))


def agreement_with(membership: Membership, **values: Any) -> OrganizationAgreement:
    return make_agreement(membership, staff_terms(**values), actor=ACTOR)


def group_called(membership: Membership, code: str = "sales") -> EmployeeGroup:
    """A new employee group of the umbrella's organization."""
    with audit_context(ACTOR, "test"):
        made: EmployeeGroup = EmployeeGroup.objects.create(
            organization_id=membership.organization_id, code=code, name=code.title()
        )
    return made


def affiliated(
    person: Customer, membership: Membership, *, group: EmployeeGroup | None = None, **values: Any
) -> Affiliation:
    """The person belongs to the umbrella's organization, from long ago unless said otherwise."""
    with audit_context(ACTOR, "test"):
        made: Affiliation = Affiliation.objects.create(
            customer=person,
            organization_id=membership.organization_id,
            employee_group=group,
            **({"valid_from": LONG_AGO} | values),
        )
    return made


def employee(membership: Membership, name: str = "Eva Employee", **values: Any) -> Membership:
    """A new person enrolled under the umbrella's agreement."""
    return enrol(
        make_customer(name),
        program=membership.program,
        organization_id=membership.organization_id,
        actor=ACTOR,
        **values,
    )


def works_for(organization: Customer, person: Customer, **values: Any) -> Affiliation:
    """By the verb, from long ago unless said otherwise; the organization need be in no program."""
    return affiliate(person, organization=organization, actor=ACTOR, **({"valid_from": LONG_AGO} | values))
