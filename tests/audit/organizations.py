"""An organization of the sound world, row by row: Eva under one of its agreements, Dan in its pool by another."""

from datetime import date
from typing import Any

from customers.models import Affiliation, EmployeeGroup
from memberships.models import (
    AgreementBenefit,
    AgreementTier,
    AgreementVersion,
    InheritedAgreement,
    Membership,
    MembershipBenefit,
    OrganizationAgreement,
    OrganizationSignatory,
    TierStanding,
)
from programs.models import Benefit, Tier

from .world import World, days

START = date(2020, 1, 1)


def add_organizations(w: World) -> None:
    acme = w.customer("acme", kind="organization")
    for name in ("sam", "eva", "dan"):
        w.customer(name)
    pool = w.open_set(is_pool=True)
    pool.owner = w.customers["sam"]
    pool.save()
    umbrella = w.membership("acme", type="organization", pool=pool, organization=acme)
    OrganizationSignatory.objects.create(
        membership=umbrella, program=w.north, customer=w.customers["sam"], since=w.now - days(100)
    )
    sales, drivers = (
        EmployeeGroup.objects.create(organization=acme, code=code, name=code) for code in ("sales", "drivers")
    )
    Affiliation.objects.create(customer=w.customers["eva"], organization=acme, employee_group=sales, valid_from=START)
    silver = Tier.objects.get(group__program=w.north, code="silver")
    lounge = Benefit.objects.create(program=w.north, code="lounge", name="Lounge")
    for_sales = agreement(w, "Sales", sales, tier=silver, benefit=lounge)
    for_drivers = agreement(w, "Drivers", drivers, form="shared")
    eva = w.membership("eva", "eva", organization_membership=umbrella)
    dan = w.membership("dan", "dan", type="shared", pool=pool, organization_membership=umbrella)
    stand_under(w, eva, for_sales, form="standard")
    stand_under(w, dan, for_drivers, form="shared")
    cited = {"agreement": for_sales, "agreement_version": 1, "source": "agreement", "since": eva.enrolled_at}
    TierStanding.objects.create(membership=eva, program=w.north, group=silver.group, tier=silver, **cited)
    MembershipBenefit.objects.create(membership=eva, program=w.north, benefit=lounge, **cited)


def agreement(
    w: World, name: str, group: EmployeeGroup, *, tier: Tier | None = None, benefit: Benefit | None = None, **more: Any
) -> OrganizationAgreement:
    """With its first version."""
    made: OrganizationAgreement = OrganizationAgreement.objects.create(
        organization_membership=w.memberships["acme"],
        program=w.north,
        name=name,
        employee_group=group,
        valid_from=START,
        **more,
    )
    if tier is not None:
        AgreementTier.objects.create(agreement=made, program=w.north, group=tier.group, tier=tier)
    if benefit is not None:
        AgreementBenefit.objects.create(agreement=made, program=w.north, benefit=benefit)
    terms = {
        "name": name, "form": made.form, "maximum": None, "leaving_rule": made.leaving_rule,
        "valid_from": "2020-01-01", "valid_until": None, "employee_group": group.pk,
        "tiers": {str(tier.group_id): tier.pk} if tier else {}, "benefits": [benefit.pk] if benefit else [],
    }  # fmt: skip
    AgreementVersion.objects.create(
        agreement=made, program=w.north, version=1, terms=terms, made_at=w.now - days(99), channel_id=w.till.pk
    )
    return made


def stand_under(w: World, membership: Membership, made: OrganizationAgreement, *, form: str) -> InheritedAgreement:
    inherited: InheritedAgreement = InheritedAgreement.objects.create(
        membership=membership,
        program=w.north,
        agreement=made,
        version=1,
        form=form,
        source="enrolment",
        since=membership.enrolled_at,
    )
    return inherited
