"""What hinders the end of a record that is, signs for, or belongs to an organization (domain 1.3)."""

from typing import Any

import pytest

from customers.erasing import erase_customer
from customers.errors import CustomerNotErasable
from customers.exits import obstacles
from customers.models import Customer, CustomerStatus
from memberships.benefits import grant_benefit
from memberships.ending import terminate
from memberships.errors import AlreadyOrganization
from memberships.exits import delete_membership
from memberships.models import InheritedAgreement, Membership, MembershipBenefit, OrganizationSignatory, TierStanding
from memberships.one_person import unite_people
from memberships.organizations import add_signatory, end_signatory
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, counted, make_customer
from tests.organizations import agreement_with, employee, make_benefit, make_organization, tier_called, umbrella


@pytest.fixture
def acme(sky) -> Membership:
    return umbrella(sky)


def codes(found: Any) -> list[str]:
    return sorted(one.code for one in found)


def refusals(customer: Customer) -> list[str]:
    with pytest.raises(CustomerNotErasable) as refused:
        erase_customer(customer, actor=ACTOR, reason="asked for it")
    return sorted(one["code"] for one in refused.value.facts["obstacles"])


def test_an_organization_and_who_signed_for_it_are_not_deleted(acme):
    sam, sue = acme.pool.owner, make_customer("Sue")
    add_signatory(acme, customer_id=sue.pk, actor=ACTOR)
    end_signatory(acme, customer_id=sue.pk, actor=ACTOR, reason="left")
    assert codes(obstacles(sam)) == ["signatory"]
    assert codes(obstacles(sue)) == ["signatory"]
    assert codes(obstacles(acme.organization)) == ["organization_memberships"]
    terminate(acme, actor=ACTOR, reason="contract ended")
    assert codes(obstacles(acme.organization)) == ["organization_memberships"]


def test_the_last_signatory_and_a_current_organization_are_not_erased(acme):
    sam = acme.pool.owner
    before = counted(OrganizationSignatory)
    assert refusals(sam) == ["last_signatory"]
    assert refusals(acme.organization) == ["organization_membership"]
    assert counted(OrganizationSignatory) == before
    terminate(acme, actor=ACTOR, reason="contract ended")
    assert erase_customer(acme.organization, actor=ACTOR, reason="asked for it").status == CustomerStatus.ERASED


def test_an_erased_signatory_signs_no_more_and_nobody_reads_why(acme):
    sam, sue = acme.pool.owner, make_customer("Sue")
    add_signatory(acme, customer_id=sue.pk, actor=ACTOR)
    end_signatory(acme, customer_id=sam.pk, actor=ACTOR, reason="Sam drinks")
    add_signatory(acme, customer_id=sam.pk, actor=ACTOR)
    erase_customer(sam, actor=ACTOR, reason="asked for it")
    open_ones = OrganizationSignatory.objects.filter(ended_at__isnull=True)
    assert [one.customer for one in open_ones] == [sue]
    assert Membership.objects.get(pk=acme.pk).pool.owner == sue
    for history in (OrganizationSignatory.history, Membership.history):
        assert not history.filter(history_change_reason__contains="drinks").exists()
    assert_audit_clean()


def test_a_membership_nothing_was_posted_to_goes_with_what_it_inherited(sky, acme):
    lounge = make_benefit(sky)
    agreement_with(acme, tiers=(tier_called(sky, "gold").pk,), benefits=(lounge.pk,))
    eva = employee(acme, "Eva")
    employee(acme, "Dan")
    delete_membership(eva, actor=ACTOR, reason="typed twice")
    assert counted(InheritedAgreement, TierStanding, MembershipBenefit) == {
        "InheritedAgreement": 1,
        "TierStanding": 1,
        "MembershipBenefit": 1,
    }


def test_reasons_of_benefits_go_with_the_person(sky, acme):
    agreement_with(acme)
    eva = employee(acme, "Eva")
    grant_benefit(eva, benefit=make_benefit(sky), reason="Eva is ill", actor=ACTOR)
    erase_customer(Customer.objects.get(name="Eva"), actor=ACTOR, reason="asked for it")
    assert MembershipBenefit.objects.get().reason == ""
    rows = MembershipBenefit.history.values_list("reason", "history_change_reason")
    assert not any("ill" in (text or "") for row in rows for text in row)


def test_a_signature_goes_to_the_record_that_stays(acme):
    sam, double, sue = acme.pool.owner, make_customer("Sam Signer"), make_customer("Sue")
    add_signatory(acme, customer_id=sue.pk, actor=ACTOR)
    unite_people(double, duplicate=sam, actor=ACTOR, reason="same passport")
    assert [one.customer for one in OrganizationSignatory.objects.order_by("pk")] == [double, sue]
    assert Membership.objects.get(pk=acme.pk).pool.owner == double
    unite_people(double, duplicate=sue, actor=ACTOR, reason="same passport")
    assert [one.customer for one in OrganizationSignatory.objects.all()] == [double]


def test_an_umbrella_goes_to_the_record_that_stays_unless_that_has_one(sky, acme):
    double = make_organization("Acme")
    unite_people(double, duplicate=acme.organization, actor=ACTOR, reason="one company")
    assert Membership.objects.get(pk=acme.pk).organization == double
    third = umbrella(sky, "Acme Limited")
    with pytest.raises(AlreadyOrganization):
        unite_people(double, duplicate=third.organization, actor=ACTOR, reason="one company")
    assert Membership.objects.get(pk=third.pk).organization == third.organization
