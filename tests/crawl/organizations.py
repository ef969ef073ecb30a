"""An organization in each program of the crawl, with a row of every kind around it."""

from customers.employee_groups import make_employee_group
from memberships.enrolment import enrol
from memberships.models import OrganizationSignatory
from memberships.organizations import open_organization
from programs.models import TierBenefit
from tests.api.world import Side
from tests.factories import ACTOR, make_customer
from tests.organizations import agreement_with, make_benefit, make_organization, tier_called, works_for


def open_an_organization(side: Side) -> None:
    """One person works for it, another is enrolled under its agreement; the first member of the side signs."""
    program = side.program
    acme = make_organization(f"Acme {program.code}")
    umbrella = open_organization(acme, program=program, signatories=[side.ids["customer"]], actor=ACTOR)
    group = make_employee_group(acme, code="sales", name="Sales", actor=ACTOR)
    gold, lounge = tier_called(program, "gold"), make_benefit(program)
    TierBenefit.objects.create(program=program, group=gold.group, tier=gold, benefit=lounge)
    agreement = agreement_with(
        umbrella,
        employee_group_id=group.pk,
        tiers=(gold.pk,),
        benefits=(lounge.pk,),
    )
    affiliation = works_for(acme, make_customer("Emil Bell"), employee_group=group, personnel_number="E-1")
    enrol(affiliation.customer, program=program, actor=ACTOR)
    side.ids.update(
        organization=acme.pk,
        umbrella=umbrella.pk,
        signatory=OrganizationSignatory.objects.get(membership=umbrella).pk,
        agreement=agreement.pk,
        affiliation=affiliation.pk,
    )
