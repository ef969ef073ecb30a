"""Pages of organizations in a real browser: at both widths, with what axe says."""

from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import expect

from customers.affiliations import affiliate
from customers.creating import create_customer
from customers.employee_groups import make_employee_group
from customers.models import Affiliation, Customer
from memberships.agreement_terms import terms_of
from memberships.agreements import AgreementTerms, amend_agreement, make_agreement
from memberships.enrolment import enrol
from memberships.models import Membership, OrganizationAgreement, OrganizationSignatory
from memberships.organizations import open_organization
from staff.models import Role
from tests.browser.helpers import LogIn, Open, assert_sound
from tests.changes import earn
from tests.factories import ACTOR, make_program
from tests.organizations import LONG_AGO, make_benefit, tier_called

pytestmark = pytest.mark.browser
PEOPLE = ("Eva Employee", "Ben Miller", "Katharina Schwarzenberger", "Li Wu", "Maximilian Oberhuber")


@dataclass(frozen=True)
class Acme:
    """Two groups, an agreement for sales that was amended since, one in the pool for drivers, five people."""

    customer: Customer
    umbrella: Membership
    sales: OrganizationAgreement
    eva: Affiliation
    membership: Membership


@pytest.fixture
def acme(transactional_db: None) -> Acme:
    sky = make_program("sky", name="SkyConnect Rewards", brand_color="#0b7285")
    make_program("sun", name="Summer Bonus", brand_color="#ffe066")
    customer = create_customer("organization", name="Acme Ltd", actor=ACTOR)
    signs = create_customer(first_name="Sally", last_name="Sharp", actor=ACTOR)
    groups = [make_employee_group(customer, code=code.lower(), name=code, actor=ACTOR) for code in ("Sales", "Drivers")]
    umbrella = open_organization(customer, program=sky, signatories=[signs.pk], actor=ACTOR)
    gold, lounge, parking = tier_called(sky, "gold"), make_benefit(sky), make_benefit(sky, "parking")
    terms = AgreementTerms(
        name="Sales 2026", valid_from=LONG_AGO, employee_group_id=groups[0].pk, tiers=(gold.pk,), benefits=(lounge.pk,),
        maximum=40,
    )  # fmt: skip
    sales = make_agreement(umbrella, terms, actor=ACTOR)
    pooled = AgreementTerms(name="Drivers", valid_from=LONG_AGO, employee_group_id=groups[1].pk, form="shared")
    make_agreement(umbrella, pooled, actor=ACTOR)
    rows = []
    for at, name in enumerate(PEOPLE):
        first, last = name.split()
        person = create_customer(first_name=first, last_name=last, actor=ACTOR)
        group = groups[at % 2]
        rows.append(
            affiliate(person, organization=customer, employee_group=group, personnel_number=f"E-10{at}",
                      valid_from=LONG_AGO, actor=ACTOR)
        )  # fmt: skip
        earn(enrol(person, program=sky, actor=ACTOR), 300)
    amend_agreement(
        sales, replace(terms_of(sales), benefits=(lounge.pk, parking.pk), maximum=60), actor=ACTOR, reason="more"
    )
    membership = Membership.objects.get(members__customer=rows[1].customer)
    return Acme(customer, umbrella, sales, rows[0], membership)


def paths(acme: Acme) -> list[str]:
    person = acme.eva.customer_id
    signatory = OrganizationSignatory.objects.get()
    return [
        f"organizations/{acme.customer.pk}", f"organizations/{acme.customer.pk}?former=yes&add=ben",
        f"agreements/{acme.sales.pk}", f"memberships/{acme.umbrella.pk}/agreements/new",
        f"agreements/{acme.sales.pk}/amend", f"agreements/{acme.sales.pk}/end", f"agreements/{acme.sales.pk}/apply",
        f"customers/{person}", f"customers/{person}/affiliate", f"customers/{acme.customer.pk}",
        f"customers/{person}/affiliate?organization={acme.customer.pk}", f"affiliations/{acme.eva.pk}/end",
        f"affiliations/{acme.eva.pk}/group", f"customers/{acme.customer.pk}/employee-groups/new",
        f"customers/{acme.customer.pk}/open-organization", f"memberships/{acme.umbrella.pk}/signatories/new",
        f"signatories/{signatory.pk}/end", f"memberships/{acme.membership.pk}",
        f"memberships/{acme.membership.pk}/leave-organization", f"memberships/{acme.umbrella.pk}/leave-all",
        f"playbooks/employee-left?customer={person}",
    ]  # fmt: skip


def test_every_page_fits_and_is_accessible(acme: Acme, log_in: LogIn, open_page: Open) -> None:
    log_in(Role.SUPERVISOR)
    for path in paths(acme):
        page = open_page(f"/desk/{path}")
        assert_sound(page)


def test_what_happens_to_the_pools_points_is_asked_only_where_there_is_a_pool(
    acme: Acme, log_in: LogIn, open_page: Open
) -> None:
    log_in(Role.SUPERVISOR)
    page = open_page(f"/desk/memberships/{acme.umbrella.pk}/agreements/new")
    rule = page.get_by_text("When a person leaves the pool")
    expect(rule).to_be_hidden()
    page.get_by_label("Points go into the organization's pool").check()
    expect(rule).to_be_visible()
