"""Advantages, and tiers by agreement, go along with their person when memberships change (domain 1.7, 1.9)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from common import clock
from common.history import audit_context
from customers.models import Customer
from memberships.enrolment import enrol
from memberships.models import (
    BenefitSource,
    InheritedAgreement,
    Member,
    Membership,
    MembershipBenefit,
    MembershipChange,
    TierStanding,
)
from programs.models import Benefit, Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import anonymous, customer_called, group_of, one_customer, one_person, pair
from tests.factories import ACTOR, make_membership, make_program, member_of
from tests.memberships.changes.planning import refused
from tests.memberships.changes.undone import again, back, done
from tests.organizations import agreement_with, employee, make_benefit, tier_called, umbrella

pytestmark = pytest.mark.django_db


@pytest.fixture
def lounge(miles: Program) -> Benefit:
    return make_benefit(miles)


def give(membership: Membership, benefit: Benefit, **values: Any) -> MembershipBenefit:
    """By hand, as a row."""
    with audit_context(ACTOR, "test"):
        made: MembershipBenefit = MembershipBenefit.objects.create(
            membership=membership,
            program=membership.program,
            benefit=benefit,
            **({"source": BenefitSource.MANUAL, "since": clock.now(), "reason": "kind"} | values),
        )
    return made


def held(membership: Membership) -> list[tuple[str, str, int | None]]:
    """(benefit, source, whose alone) of what it has now."""
    found = MembershipBenefit.objects.filter(membership=membership, ended_at__isnull=True)
    return list(found.order_by("benefit__code", "pk").values_list("benefit__code", "source", "member__customer"))


def result_of(change: MembershipChange) -> Membership:
    return Membership.objects.get(pk=change.result_id)


def one_person_elsewhere_too(stays: Membership, goes: Membership) -> None:
    """Another program still has both records, so that the merge can be undone."""
    other = make_program("other")
    for one in (stays, goes):
        enrol(Customer.objects.get(pk=member_of(one)), program=other, actor=ACTOR)
    one_person(stays, goes)


def test_sharing_an_account_leaves_everybody_what_they_have(miles, lounge):
    anna, ben = pair(miles)
    give(anna, lounge)
    done("merge", anna, ben, result_type="shared")
    assert (held(anna), held(ben)) == ([("lounge", "manual", None)], [])


def test_in_a_group_it_is_that_persons_alone(miles, lounge):
    anna, ben = pair(miles)
    until = clock.program_now(miles) + timedelta(days=30)
    give(anna, lounge, until=until)
    change = done("merge", anna, ben, result_type="group", main_id=member_of(ben))
    group = result_of(change)
    assert held(group) == [("lounge", "manual", member_of(anna))]
    assert held(anna) == []
    carried = MembershipBenefit.objects.get(membership=group)
    assert (carried.until, carried.reason) == (until, "kind")
    back(change, anna, ben)
    assert (held(anna), held(ben)) == ([("lounge", "manual", None)], [])


def test_who_leaves_a_group_takes_along_what_is_theirs_alone_and_no_more(miles, moores, lounge):
    spa = make_benefit(miles, "spa")
    max_moore = customer_called("Max Moore")
    give(moores, lounge, member=Member.objects.get(membership=moores, customer=max_moore))
    give(moores, spa)
    change = done("split", moores, leaver_id=max_moore.pk)
    own = result_of(change)
    assert (held(own), held(moores)) == ([("lounge", "manual", None)], [("spa", "manual", None)])
    back(change, moores)
    assert held(moores) == [("lounge", "manual", max_moore.pk), ("spa", "manual", None)]


def test_a_group_that_becomes_a_pool_gives_each_their_own_and_to_all_what_was_common(miles, lounge):
    group = group_of(miles)
    spa = make_benefit(miles, "spa")
    mia, max_moore = customer_called("Mia Moore").pk, customer_called("Max Moore").pk
    give(group, lounge, member=Member.objects.get(membership=group, customer=mia))
    give(group, spa)
    done("merge", group, result_type="shared")
    found = {
        customer: held(Member.objects.get(customer=customer, current=True, ended_at__isnull=True).membership)
        for customer in (mia, max_moore)
    }
    assert found == {
        mia: [("lounge", "manual", None), ("spa", "manual", None)],
        max_moore: [("spa", "manual", None)],
    }


def test_two_groups_keep_everybodys_apart(miles, lounge):
    prime, other = group_of(miles, "Ann A", "Al A"), group_of(miles, "Bea B", "Bo B")
    bea, bo = customer_called("Bea B").pk, customer_called("Bo B").pk
    give(other, lounge)
    done("merge", prime, other, result_type="group")
    assert held(prime) == [("lounge", "manual", bea), ("lounge", "manual", bo)]


def test_of_one_person_the_longer_lasting_stays(miles, lounge):
    now = clock.program_now(miles)
    anna, twice = pair(miles, "Anna Bauer", "Anna Baur")
    give(anna, lounge, until=now + timedelta(days=10))
    give(twice, lounge, until=now + timedelta(days=40))
    one_person_elsewhere_too(anna, twice)
    change = done("merge", anna, twice)
    kept = MembershipBenefit.objects.get(membership=anna, ended_at__isnull=True)
    assert (held(anna), kept.until) == ([("lounge", "manual", None)], now + timedelta(days=40))
    back(change, anna, twice)
    kept.refresh_from_db()
    assert (kept.until, held(twice)) == (now + timedelta(days=10), [("lounge", "manual", None)])


def test_a_found_cards_advantage_goes_to_who_registers_it(miles, moores, lounge):
    found = anonymous(miles)
    give(found, lounge, source=BenefitSource.RULE)
    moe = customer_called("Moe Moore").pk
    done("absorb", moores, found, main_id=moe)
    assert held(moores) == [("lounge", "rule", moe)]


class TestUnderAnOrganization:
    @pytest.fixture
    def acme(self, miles: Program) -> Membership:
        return umbrella(miles)

    def agreed(self, acme: Membership, lounge: Benefit, **values: Any) -> None:
        tier = tier_called(acme.program, "gold")
        agreement_with(acme, tiers=(tier.pk,), benefits=(lounge.pk,), **values)

    def test_the_record_that_goes_on_takes_over_where_the_person_stands(self, miles, acme, lounge):
        self.agreed(acme, lounge)
        anna, twice = make_membership(miles, "Anna Bauer"), employee(acme, "Anna Baur")
        one_person_elsewhere_too(anna, twice)
        change = done("merge", anna, twice)
        assert (anna.organization_membership_id, twice.organization_membership_id) == (acme.pk, None)
        assert held(anna) == [("lounge", "agreement", None)]
        inherited = InheritedAgreement.objects.get(ended_at__isnull=True)
        assert (inherited.membership_id, inherited.version, inherited.form) == (anna.pk, 1, "standard")
        standing = TierStanding.objects.get(membership=anna, ended_at__isnull=True)
        assert (standing.tier.code, standing.source, standing.agreement_version) == ("gold", "change", 1)
        assert_audit_clean()
        back(change, anna, twice)
        assert (anna.organization_membership_id, twice.organization_membership_id) == (None, acme.pk)
        assert (held(anna), held(twice)) == ([], [("lounge", "agreement", None)])
        assert InheritedAgreement.objects.get(ended_at__isnull=True).membership_id == twice.pk

    def test_of_two_organizations_that_of_the_record_that_goes_on_counts(self, miles, acme, lounge):
        self.agreed(acme, lounge)
        bolt = umbrella(miles, "Bolt Ltd", signatory="Sue Signer")
        agreement_with(bolt)
        anna, twice = employee(bolt, "Anna Bauer"), employee(acme, "Anna Baur")
        one_person(anna, twice)
        done("merge", anna, twice)
        assert (anna.organization_membership_id, held(anna)) == (bolt.pk, [])
        assert InheritedAgreement.objects.get(ended_at__isnull=True).membership_id == anna.pk
        assert_audit_clean()

    def test_into_a_group_the_person_goes_without_the_organization(self, miles, acme, moores, lounge):
        self.agreed(acme, lounge)
        eva = employee(acme)
        assert refused(moores, eva, result_type="group").facts["rule"] == "organization_member"
        one_customer(customer_called("Mia Moore").pk, member_of(eva))
        assert refused(moores, eva).facts["rule"] == "organization_member"

    def test_a_pool_with_an_employee_in_it_becomes_no_group(self, miles, acme, lounge):
        self.agreed(acme, lounge)
        eva, ben = employee(acme), make_membership(miles, "Ben Miller")
        done("merge", ben, eva, result_type="shared")
        assert held(eva) == [("lounge", "agreement", None)]
        error = refused(ben, result_type="group", main_id=member_of(ben))
        assert (error.facts["rule"], error.facts["membership"]) == ("organization_member", eva.pk)

    def test_a_found_card_goes_to_an_employee_who_shares_and_nobody_else_is_asked(self, miles, acme, lounge):
        self.agreed(acme, lounge, form="shared")
        eva, _ = employee(acme), employee(acme, "Max Employee")
        found = anonymous(miles)
        change = done("absorb", eva, found)
        assert change.terms["asked"] == [member_of(eva)]
        again(eva)
        assert (eva.type, eva.organization_membership_id) == ("shared", acme.pk)
        assert_audit_clean()


def test_nothing_is_carried_twice(miles, lounge):
    """Ended ones stay where they are."""
    anna, ben = pair(miles)
    past: datetime = clock.program_now(miles)
    give(anna, lounge, ended_at=past)
    change = done("merge", anna, ben, result_type="group", main_id=member_of(anna))
    assert held(result_of(change)) == []
