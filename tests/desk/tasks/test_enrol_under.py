"""Enrolling at the desk somebody who belongs to an organization: under its agreement, or plainly."""

import pytest

from customers.models import Customer
from memberships.models import Membership
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, said
from tests.factories import make_customer
from tests.organizations import affiliated, agreement_with, make_benefit, tier_called, umbrella

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(miles: Program) -> Membership:
    return umbrella(miles)


@pytest.fixture
def eva(acme: Membership) -> Customer:
    person = make_customer("Eva Employee")
    affiliated(person, acme)
    return person


def test_the_agreement_is_offered_with_what_it_gives_and_chosen_already(
    agent: Desk, eva: Customer, acme: Membership, miles: Program
) -> None:
    gold, lounge = tier_called(miles, "gold"), make_benefit(miles)
    agreement_with(acme, form="shared", tiers=(gold.pk,), benefits=(lounge.pk,))
    path = f"customers/{eva.pk}/enrol"
    form = agent.opens(path).context["form"]
    (choice, plainly) = form.fields[f"under-{miles.pk}"].choices
    told = "Acme Ltd, “Staff”; shared, points in the organization's pool; Gold; Lounge"
    assert choice == (acme.organization_id, told)
    assert plainly[0] == "plainly" and form.fields[f"under-{miles.pk}"].initial == acme.organization_id
    preview = agent.previews(path, **{f"enrol-{miles.pk}": "on", f"under-{miles.pk}": acme.organization_id})
    assert said(preview) == [
        "Miles: active at once, one card. Under agreement “Staff”, version 1. "
        "Points go to the organization's account and are redeemed from it."
    ]
    agent.receipt(agent.confirms(preview))
    made = Membership.objects.get(members__customer=eva)
    assert (made.type, made.organization_membership) == ("shared", acme)
    assert_audit_clean()


def test_plainly_is_a_choice_too(agent: Desk, eva: Customer, acme: Membership, miles: Program) -> None:
    agreement_with(acme)
    agent.does(f"customers/{eva.pk}/enrol", **{f"enrol-{miles.pk}": "on", f"under-{miles.pk}": "plainly"})
    made = Membership.objects.get(members__customer=eva)
    assert (made.type, made.organization_membership) == ("standard", None)


def test_why_an_organization_has_no_agreement_is_told_and_the_person_enrols_plainly(
    agent: Desk, eva: Customer, acme: Membership, miles: Program
) -> None:
    path = f"customers/{eva.pk}/enrol"
    page = agent.opens(path)
    assert f"under-{miles.pk}" not in page.context["form"].fields
    assert "it has no agreement" in page.content.decode()
    agent.does(path, **{f"enrol-{miles.pk}": "on"})
    assert Membership.objects.get(members__customer=eva).organization_membership is None


def test_of_two_organizations_one_is_chosen(agent: Desk, eva: Customer, acme: Membership, miles: Program) -> None:
    other = umbrella(miles, "Other Ltd")
    affiliated(eva, other)
    agreement_with(acme)
    agreement_with(other)
    path = f"customers/{eva.pk}/enrol"
    page = agent.previews(path, **{f"enrol-{miles.pk}": "on"})
    assert page.status_code == 400
    assert said(page) == [f"under-{miles.pk}: Choose an organization, or none."]
    agent.does(path, **{f"enrol-{miles.pk}": "on", f"under-{miles.pk}": other.organization_id})
    assert Membership.objects.get(members__customer=eva).organization_membership == other
