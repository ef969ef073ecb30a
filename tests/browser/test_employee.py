"""An employee of Acme at the desk in a real browser: enrolled under its agreement, and leaving."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from activities.calls import PointsCall
from activities.earning import earn_in_general
from common import clock
from customers.creating import create_customer
from customers.models import Affiliation, Customer
from memberships.models import InheritedAgreement, Membership, MembershipBenefit, MembershipType
from programs.models import LeavingRule, Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.browser.helpers import LogIn, Open, assert_sound, mostly_narrow
from tests.changes import account_in_use
from tests.factories import ACTOR
from tests.organizations import agreement_with, make_benefit, tier_called, umbrella

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def acme(live_server: LiveServer, miles: Program) -> Membership:
    """Its people are Gold, may enter the lounge, share a pool, and take along what they brought."""
    membership = umbrella(miles, "Acme Ltd")
    gold, lounge = tier_called(miles, "gold"), make_benefit(miles, "lounge")
    agreement_with(
        membership, tiers=(gold.pk,), benefits=(lounge.pk,), form="shared", leaving_rule=LeavingRule.BY_CONTRIBUTION
    )
    return membership


@pytest.fixture
def eva(live_server: LiveServer, miles: Program) -> Customer:
    return create_customer(first_name="Eva", last_name="Berg", email="eva@acme.example", actor=ACTOR)


def confirms(page: Page, button: str, heading: str) -> None:
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="This will happen")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name=button, exact=True).dblclick()
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert_sound(page)


@mostly_narrow
def test_an_employee_is_enrolled_under_the_agreement_and_leaves(
    log_in: LogIn, open_page: Open, acme: Membership, eva: Customer, width: int
) -> None:
    log_in(Role.SUPPORT_AGENT)
    page = open_page(f"/desk/customers/{eva.pk}", width=width)
    page.get_by_role("link", name="Belongs to an organization").click()
    page.get_by_label("Name or customer number").fill(Customer.objects.get(pk=acme.organization_id).number)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Take this one Acme Ltd").click()
    page.get_by_label("First day").fill("2024-01-01")
    page.get_by_label("Reason").fill("Staff card shown")
    assert_sound(page)
    confirms(page, "Save", "Done: Belongs to an organization")

    page.get_by_role("link", name="Enrol in a program").click()
    assert_sound(page)
    confirms(page, "Enrol", "Done: Enrol in a program")
    page.get_by_role("link", name="Membership: Miles").click()
    expect(page.get_by_text("Gold").first).to_be_visible()
    assert_sound(page)
    membership = Membership.objects.get(members__customer=eva)
    assert (membership.type, membership.organization_membership_id) == (MembershipType.SHARED, acme.pk)
    assert MembershipBenefit.objects.get(membership=membership, ended_at__isnull=True).benefit.code == "lounge"
    earn_in_general(PointsCall(membership.pk, 120), actor=ACTOR)
    assert_sound(open_page(f"/desk/organizations/{acme.organization_id}", width=width))

    page = open_page(f"/desk/customers/{eva.pk}", width=width)
    page.get_by_role("link", name="Has left Acme Ltd").click()
    assert_sound(page)
    page.get_by_role("link", name="Enter the last day").click()
    yesterday = clock.now().date() - timedelta(days=1)
    page.get_by_label("Last day").fill(yesterday.isoformat())
    page.get_by_label("Reason").fill("The person has left")
    confirms(page, "End it", "Done: End the affiliation")
    page.get_by_role("link", name="Playbook: employee left").click()
    page.get_by_role("link", name="Leave", exact=True).click()
    page.get_by_label("Reason").fill("The person has left")
    assert_sound(page)
    confirms(page, "Leave", "Done: Leave the organization")

    membership.refresh_from_db()
    assert (membership.type, membership.organization_membership_id) == (MembershipType.STANDARD, None)
    assert account_in_use(membership).balance == 120
    assert not MembershipBenefit.objects.filter(membership=membership, ended_at__isnull=True).exists()
    assert InheritedAgreement.objects.get(membership=membership).ended_at is not None
    assert Affiliation.objects.get(customer=eva).valid_until == yesterday
    assert_audit_clean()
