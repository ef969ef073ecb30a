"""Acme Logistics of the sample world: its membership in World Flyer, two agreements, and those who fly under them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet

from activities.calls import PointsCall
from activities.earning import earn
from activities.redeeming import redeem
from common import clock
from common.actor import Actor
from common.history import audit_context
from customers.affiliations import affiliate, end_affiliation
from customers.creating import create_customer
from customers.employee_groups import make_employee_group
from customers.models import Customer, EmployeeGroup
from loyalty_site.authentication import actor_of_user
from loyalty_site.demo.history import past
from memberships.agreement_terms import AgreementTerms
from memberships.agreements import make_agreement
from memberships.enrolment import enrol
from memberships.leaving_organization import leave_organization
from memberships.models import AgreementForm, InheritedAgreement, Membership, MembershipType
from memberships.organizations import open_organization
from programs.models import Benefit, LeavingRule, Program, Tier
from staff.models import User

PROGRAM = "world-flyer"
NAME = "Acme Logistics"
SIGNATORY = ("Ines", "Park")
BENEFITS = (("lounge", "Airport lounge"), ("priority-boarding", "Priority boarding"))
OFFICE, DRIVERS = "office", "drivers"
FIRST_NAMES = (
    "Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Felix", "Greta", "Hana", "Idris", "Jonas",
    "Klara", "Liam", "Mira", "Noor", "Oskar", "Paula", "Quentin", "Rosa", "Stefan", "Tomoko",
)  # fmt: skip
LAST_NAMES = ("Okafor", "Weber")
# Of the forty, so many drive; they share the points of the organization.
DRIVING = 12
FLOWN = (1_200, 800, 2_500, 400)


def employ() -> None:
    """The organization, its people, and a year of flights."""
    manager, agent = (actor_of_user(User.objects.get(username=name)) for name in ("manager", "agent"))
    program = Program.objects.get(code=PROGRAM)
    organization = create_customer(
        "organization",
        name=NAME,
        actor=agent,
        currency="USD",
        customer_since=past(30).date(),
        email="travel@acme.example.com",
    )
    signatory = _person(*SIGNATORY, actor=agent)
    umbrella = open_organization(organization, program=program, signatories=[signatory.pk], actor=manager)
    groups = {
        code: make_employee_group(organization, code=code, name=name, actor=agent)
        for code, name in ((OFFICE, "Office"), (DRIVERS, "Drivers"))
    }
    _agree(umbrella, groups, actor=manager)
    memberships = [
        _employee(first, last, groups[DRIVERS if number < DRIVING else OFFICE], program, actor=agent)
        for number, (first, last) in enumerate((first, last) for last in LAST_NAMES for first in FIRST_NAMES)
    ]
    _fly(memberships, actor=agent)
    _leave(memberships[DRIVING - 1], organization, actor=agent)


def rows() -> dict[str, Any]:
    """The ids of the story: the organization, its membership, its agreements and who stands under them."""
    umbrella = Membership.objects.get(type=MembershipType.ORGANIZATION, organization__name=NAME)
    under: QuerySet[InheritedAgreement] = InheritedAgreement.objects.filter(agreement__organization_membership=umbrella)
    return {
        "organization": {
            "customer": umbrella.organization_id,
            "membership": umbrella.pk,
            "agreements": list(umbrella.agreements.order_by("pk").values_list("pk", flat=True)),
            "memberships": list(under.filter(ended_at=None).order_by("pk").values_list("membership_id", flat=True)),
            "left": list(under.exclude(ended_at=None).order_by("pk").values_list("membership_id", flat=True)),
        }
    }


def _agree(umbrella: Membership, groups: dict[str, EmployeeGroup], *, actor: Actor) -> None:
    """The office flies on its own points, the drivers share theirs."""
    with audit_context(actor, "sample world"):
        benefits = [
            Benefit.objects.create(program_id=umbrella.program_id, code=code, name=name) for code, name in BENEFITS
        ]
    silver = Tier.objects.get(group__program=umbrella.program_id, group__code="world-flyer-plus", code="silver")
    since = date(clock.now().year, 1, 1)
    make_agreement(
        umbrella,
        AgreementTerms(
            name="Acme office",
            valid_from=since,
            employee_group_id=groups[OFFICE].pk,
            maximum=200,
            tiers=(silver.pk,),
            benefits=tuple(one.pk for one in benefits),
        ),
        actor=actor,
    )
    make_agreement(
        umbrella,
        AgreementTerms(
            name="Acme drivers",
            valid_from=since,
            employee_group_id=groups[DRIVERS].pk,
            form=AgreementForm.SHARED,
            leaving_rule=LeavingRule.BY_CONTRIBUTION,
            benefits=(benefits[1].pk,),
        ),
        actor=actor,
    )


def _employee(first: str, last: str, group: EmployeeGroup, program: Program, *, actor: Actor) -> Membership:
    person = _person(first, last, actor=actor)
    affiliate(person, organization=group.organization, employee_group=group, actor=actor, valid_from=past(10).date())
    return enrol(
        person, program=program, actor=actor, accept_terms=True, at=past(9), organization_id=group.organization_id
    )


def _person(first: str, last: str, *, actor: Actor) -> Customer:
    return create_customer(
        actor=actor,
        first_name=first,
        last_name=last,
        email=f"{first}.{last}@acme.example.com".lower(),
        currency="USD",
        customer_since=past(24).date(),
    )


def _fly(memberships: Sequence[Membership], *, actor: Actor) -> None:
    """Every second person, some of them on the shared points; one driver spent some for all."""
    for number, membership in enumerate(memberships[::2]):
        points = FLOWN[number % len(FLOWN)]
        earn(PointsCall(membership.pk, points, occurred_at=past(number % 8, 3), location="Business trip"), actor=actor)
    redeem(PointsCall(memberships[1].pk, 1_500, location="Seat upgrade"), actor=actor)


def _leave(membership: Membership, organization: Customer, *, actor: Actor) -> None:
    """A driver who left the company takes along what came through them: here nothing."""
    leave_organization(membership, actor=actor, reason="Left the company")
    affiliation = membership.members.get(ended_at=None).customer.affiliations.get(organization=organization)
    end_affiliation(affiliation, last_day=clock.now().date(), actor=actor, reason="Left the company")
