"""A person with a membership of their own joins an organization (domain 1.8)."""

from datetime import timedelta

import pytest

from common import clock
from customers.models import Customer
from memberships import lifecycle
from memberships.agreements import amend_agreement
from memberships.changes.carrying_out import carry_out
from memberships.changes.errors import ChangeRefused, NotUndoable, TermsChanged
from memberships.changes.preview import preview_of
from memberships.changes.proposing import refresh
from memberships.changes.undo_rules import refuse_undo
from memberships.changes.undoing import undo
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.errors import AgreementFull, CoolingDown, NoAgreement, OrganizationNotActive
from memberships.leaving_organization import leave_organization
from memberships.models import (
    CardHolding,
    ChangeParty,
    Consent,
    InheritedAgreement,
    Membership,
    MembershipBenefit,
    MembershipChange,
    TierStanding,
)
from memberships.organizations import leading_signatory
from points.models import Posting
from programs.models import Benefit, Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import agree, anonymous, earn, owe, pair
from tests.factories import ACTOR, account_of, make_membership, member_of
from tests.memberships.changes.planning import change_program, planned, refused
from tests.memberships.changes.undone import again, back, done, figures, gold, hold_of, lots, proposed
from tests.organizations import agreement_with, employee, make_benefit, staff_terms, tier_called, umbrella

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(miles: Program) -> Membership:
    return umbrella(miles)


@pytest.fixture
def lounge(miles: Program) -> Benefit:
    return make_benefit(miles)


@pytest.fixture
def anna(miles: Program) -> Membership:
    return make_membership(miles, "Anna Bauer")


def tier_of(membership: Membership) -> tuple[str, str]:
    standing = TierStanding.objects.select_related("tier").get(membership=membership, ended_at__isnull=True)
    return standing.tier.code, standing.source


def benefits_of(membership: Membership) -> list[str]:
    found = MembershipBenefit.objects.filter(membership=membership, ended_at__isnull=True)
    return list(found.order_by("benefit__code").values_list("benefit__code", flat=True))


class TestWhoMay:
    def test_the_person_and_who_signs_for_the_organization_are_asked_and_nobody_else(self, miles, acme, anna):
        agreement_with(acme, form="shared")
        employee(acme, "Eva Employee")
        plan = planned(anna, acme, kind="join")
        signatory = leading_signatory(acme.pk)
        assert plan.row == "join"
        assert plan.asked == tuple(sorted([member_of(anna), signatory]))
        assert [one.pk for one in plan.parties] == [anna.pk]
        assert (plan.owner_id, plan.main_id, plan.receiver_id) == (signatory, None, None)

    def test_the_organization_is_in_no_ones_way_so_several_may_wait_to_join(self, miles, acme):
        agreement_with(acme)
        anna, ben = pair(miles)
        first, second = proposed("join", anna, acme), proposed("join", ben, acme)
        parties = ChangeParty.objects.filter(is_open=True).order_by("pk")
        assert list(parties.values_list("change_id", "membership_id")) == [(first.pk, anna.pk), (second.pk, ben.pk)]
        asked = Consent.objects.filter(change=first).order_by("customer_id")
        signatory = leading_signatory(acme.pk)
        assert dict(asked.values_list("customer_id", "membership_id")) == {
            member_of(anna): anna.pk,
            signatory: acme.pk,
        }
        assert_audit_clean()

    def test_who_signs_for_it_may_join_it_and_is_asked_once(self, miles, acme):
        agreement_with(acme, form="shared")
        signatory = leading_signatory(acme.pk)
        own = enrol(Customer.objects.get(pk=signatory), program=miles, actor=ACTOR)
        change = proposed("join", own, acme)
        assert list(Consent.objects.filter(change=change).values_list("customer_id", "membership_id")) == [
            (signatory, own.pk)
        ]

    def test_the_form_is_the_agreements_and_points_of_ones_own_are_always_possible(self, miles, acme, anna):
        agreement = agreement_with(acme, form="shared")
        assert planned(anna, acme, kind="join").change.result_type == "shared"
        assert planned(anna, acme, kind="join", result_type="standard").change.result_type == "standard"
        amend_agreement(agreement, staff_terms(form="standard"), actor=ACTOR, reason="test")
        assert planned(anna, acme, kind="join").change.result_type == "standard"
        error = refused(anna, acme, kind="join", result_type="shared")
        assert error.facts == {"rule": "result_type", "result_types": ["standard"]}

    @pytest.mark.parametrize("make", [anonymous, lambda program: pair(program)[0]])
    def test_only_an_organization_is_joined(self, miles, anna, make):
        assert refused(anna, make(miles), kind="join").facts["rule"] == "organization_membership"
        assert refused(anna, kind="join").facts["rule"] == "organization_membership"

    def test_only_a_standard_membership_joins(self, acme, katrin_and_john, moores):
        agreement_with(acme)
        for one in (katrin_and_john[0], moores):
            error = refused(one, acme, kind="join")
            assert (error.facts["rule"], error.facts["type"]) == ("types", one.type)

    def test_who_stands_under_an_organization_leaves_that_one_first(self, miles, acme):
        agreement_with(acme)
        eva = employee(acme, "Eva Employee")
        other = umbrella(miles, "Bolt Ltd", signatory="Sue Signer")
        agreement_with(other)
        error = refused(eva, other, kind="join")
        assert (error.facts["rule"], error.facts["organization_membership"]) == ("organization_member", acme.pk)

    def test_a_membership_that_is_not_active_joins_nothing(self, acme, anna):
        agreement_with(acme)
        lifecycle.suspend(anna, actor=ACTOR, reason="test")
        assert refused(anna, acme, kind="join").facts["rule"] == "not_active"

    def test_without_an_agreement_or_a_place_under_it_nobody_is_asked(self, miles, acme, anna):
        with pytest.raises(NoAgreement) as none:
            proposed("join", anna, acme)
        assert none.value.facts["why"] == "none"
        agreement_with(acme, maximum=1)
        employee(acme, "Eva Employee")
        with pytest.raises(AgreementFull):
            proposed("join", anna, acme)
        assert not MembershipChange.objects.exists()

    def test_case_74_a_suspended_organization_is_not_joined(self, acme, anna):
        agreement_with(acme)
        change = agree(proposed("join", anna, acme))
        lifecycle.suspend(acme, actor=ACTOR, reason="test")
        with pytest.raises(OrganizationNotActive):
            carry_out(change, actor=ACTOR)
        lifecycle.reinstate(acme, actor=ACTOR, reason="test")
        assert carry_out(change, actor=ACTOR).status == "carried_out"

    def test_an_organization_that_ends_lets_the_proposals_lapse(self, miles, acme):
        agreement_with(acme)
        changes = [proposed("join", one, acme) for one in pair(miles)]
        terminate(acme, actor=ACTOR, reason="test")
        for change in changes:
            change.refresh_from_db()
            assert change.status == "lapsed"
        assert_audit_clean()

    def test_its_pool_is_not_frozen_for_one_person(self, acme, anna):
        agreement_with(acme, form="shared")
        assert refused(anna, acme, kind="join", freezes=True).facts["rule"] == "freezes"

    def test_who_left_a_pool_lately_waits_before_sharing_another_but_may_join_with_points_of_their_own(
        self, miles, acme, katrin_and_john
    ):
        agreement_with(acme, form="shared")
        change_program(miles, cool_down_days=90)
        katrin, john = katrin_and_john
        done("split", john, leaver_id=member_of(john))
        with pytest.raises(CoolingDown):
            proposed("join", john, acme)
        assert done("join", john, acme, result_type="standard").status == "carried_out"


class TestTerms:
    def test_they_cite_agreement_version_form_rule_tiers_and_benefits(self, miles, acme, anna, lounge):
        tier = tier_called(miles, "gold")
        agreement = agreement_with(
            acme, form="shared", leaving_rule="by_contribution", tiers=(tier.pk,), benefits=(lounge.pk,)
        )
        terms = proposed("join", anna, acme).terms
        assert terms["organization"] == {
            "membership": acme.pk,
            "number": acme.number,
            "signatory": leading_signatory(acme.pk),
            "agreement": agreement.pk,
            "version": 1,
            "form": "shared",
            "leaving_rule": "by_contribution",
            "tiers": [tier.pk],
            "benefits": [lounge.pk],
            "contributes": anna.pk,
        }
        assert (terms["row"], terms["result"], terms["policy"]) == ("join", "shared", "")

    def test_other_changes_have_the_terms_they_always_had(self, miles):
        anna, ben = pair(miles)
        assert "organization" not in proposed("merge", anna, ben, result_type="shared").terms

    def test_another_version_is_consented_to_anew(self, acme, anna, lounge):
        agreement = agreement_with(acme)
        change = agree(proposed("join", anna, acme))
        amend_agreement(agreement, staff_terms(benefits=(lounge.pk,)), actor=ACTOR, reason="test")
        with pytest.raises(TermsChanged) as caught:
            carry_out(change, actor=ACTOR)
        assert "agreement" in caught.value.message
        anna.refresh_from_db()
        assert anna.organization_membership_id is None
        change.refresh_from_db()
        assert (change.status, change.terms["organization"]["version"]) == ("awaiting_consent", 2)
        assert set(Consent.objects.filter(change=change).values_list("status", flat=True)) == {"void"}
        assert refresh(change, actor=ACTOR) is False


class TestCarryingOut:
    def test_with_points_of_their_own_a_person_takes_over_tier_and_benefits_and_no_point_moves(
        self, miles, acme, anna, lounge
    ):
        agreement = agreement_with(acme, tiers=(tier_called(miles, "gold").pk,), benefits=(lounge.pk,))
        earn(anna, 300)
        number, postings = anna.number, Posting.objects.count()
        cards = list(
            CardHolding.objects.filter(membership=anna, held_until__isnull=True).values_list("card", flat=True)
        )
        change = done("join", anna, acme)
        assert (anna.type, anna.status, anna.number, anna.pool_id) == ("standard", "active", number, None)
        assert anna.organization_membership_id == acme.pk
        assert (figures(anna), Posting.objects.count(), change.posting_id) == ((300, 0), postings, None)
        assert (tier_of(anna), benefits_of(anna)) == (("gold", "agreement"), ["lounge"])
        inherited = InheritedAgreement.objects.get(membership=anna)
        assert (inherited.agreement_id, inherited.version, inherited.form, inherited.source) == (
            agreement.pk, 1, "standard", "join",
        )  # fmt: skip
        held = CardHolding.objects.filter(membership=anna, held_until__isnull=True)
        assert list(held.values_list("card", flat=True)) == cards
        assert_audit_clean()

    def test_in_the_shared_form_the_own_points_become_the_persons_contribution(self, miles, acme, anna):
        agreement_with(acme, form="shared")
        eva = employee(acme, "Eva Employee")
        earn(eva, 100)
        earn(anna, 300, days=30)
        earn(anna, 40, "status")
        hold = hold_of(anna, 50)
        change = done("join", anna, acme)
        assert (anna.type, anna.pool_id) == ("shared", acme.pool_id)
        assert lots(anna) == [(300, member_of(anna)), (100, member_of(eva))]
        assert (figures(anna), figures(anna, "status")) == ((400, 0), (40, 0))
        assert account_of(anna).closed
        hold.refresh_from_db()
        assert hold.account.account_set_id == acme.pool_id
        posting = Posting.objects.get(pk=change.posting_id)
        assert (posting.kind, posting.cause_kind, posting.cause_id) == ("merge", "change", change.pk)
        assert_audit_clean()

    def test_a_debt_comes_along_and_stays_the_persons(self, acme, anna):
        agreement_with(acme, form="shared")
        owe(anna, 60)
        done("join", anna, acme)
        assert figures(anna) == (-60, 60)
        assert_audit_clean(without=["S02"])

    def test_a_higher_tier_stays(self, miles, acme, anna):
        gold(anna)
        agreement_with(acme, tiers=(tier_called(miles, "blue").pk,))
        done("join", anna, acme)
        assert tier_of(anna) == ("gold", "manual")

    def test_the_preview_shows_the_benefit_and_the_shared_points_and_keeps_nothing(self, miles, acme, anna, lounge):
        agreement_with(acme, form="shared", benefits=(lounge.pk,))
        eva = employee(acme, "Eva Employee")
        earn(eva, 100)
        earn(anna, 30)
        preview = preview_of(proposed("join", anna, acme), actor=ACTOR)
        (person,) = preview.people
        assert person.customer == member_of(anna)
        assert person.before is not None and person.after is not None
        assert (person.before.benefits, [one.benefit for one in person.after.benefits]) == ((), ["lounge"])
        (line,) = [one for one in person.after.points if one.point_type == "miles"]
        assert (line.pooled, line.balance, line.brought) == (True, 130, 30)
        assert preview.conserved
        again(anna)
        assert (anna.type, benefits_of(anna)) == ("standard", [])

    def test_the_form_of_a_standard_member_is_no_reason_to_ask_the_others(self, miles, acme):
        """Standard form: who shares an account with friends goes on doing so, under the organization."""
        agreement_with(acme)
        anna, ben = pair(miles)
        done("join", anna, acme)
        done("merge", anna, ben, result_type="shared")
        assert (anna.type, anna.organization_membership_id, ben.organization_membership_id) == ("shared", acme.pk, None)
        assert anna.pool_id not in (None, acme.pool_id)
        change = proposed("split", anna, leaver_id=member_of(ben))
        assert sorted(change.terms["asked"]) == sorted([member_of(anna), member_of(ben)])
        carry_out(agree(change), actor=ACTOR)
        again(anna, ben)
        assert (anna.type, anna.pool_id, anna.organization_membership_id) == ("standard", None, acme.pk)
        assert_audit_clean()

    def test_nobody_under_an_organization_goes_into_a_group(self, miles, acme):
        agreement_with(acme)
        anna, ben = pair(miles)
        done("join", anna, acme)
        error = refused(anna, ben, result_type="group", main_id=member_of(anna))
        assert (error.facts["rule"], error.facts["membership"]) == ("organization_member", anna.pk)


class TestUndoing:
    def test_with_points_of_their_own_everything_is_as_before(self, miles, acme, anna, lounge):
        agreement_with(acme, tiers=(tier_called(miles, "gold").pk,), benefits=(lounge.pk,))
        earn(anna, 300)
        change = done("join", anna, acme)
        back(change, anna)
        assert (anna.type, anna.organization_membership_id) == ("standard", None)
        assert (tier_of(anna), benefits_of(anna), figures(anna)) == (("blue", "initial"), [], (300, 0))
        assert not InheritedAgreement.objects.filter(ended_at__isnull=True).exists()

    def test_shared_points_come_back_and_others_keep_theirs(self, acme, anna):
        agreement_with(acme, form="shared")
        eva = employee(acme, "Eva Employee")
        earn(eva, 100)
        earn(anna, 300)
        change = done("join", anna, acme)
        earn(eva, 7)
        earn(anna, 11)
        back(change, anna, eva)
        assert (anna.type, anna.pool_id, figures(anna)) == ("standard", None, (311, 0))
        assert (eva.type, lots(eva)) == ("shared", [(100, member_of(eva)), (7, member_of(eva))])

    def test_a_later_undo_asks_the_person_and_who_signs(self, acme, anna):
        agreement_with(acme, form="shared")
        eva = employee(acme, "Eva Employee")
        change = done("join", anna, acme)
        earn(eva, 7)
        asking = undo(change, actor=ACTOR, reason="mistake")
        assert asking.status == "awaiting_consent"
        assert sorted(asking.terms["asked"]) == sorted([member_of(anna), leading_signatory(acme.pk)])

    def test_who_left_since_has_nothing_to_undo(self, acme, anna):
        agreement_with(acme)
        change = done("join", anna, acme)
        leave_organization(anna, actor=ACTOR, reason="left")
        with pytest.raises(NotUndoable) as caught:
            refuse_undo(MembershipChange.objects.get(pk=change.pk), at=clock.program_now(anna.program))
        assert caught.value.facts["rule"] == "left_since"

    def test_its_window_ends_like_that_of_every_change(self, miles, acme, anna):
        agreement_with(acme)
        change = done("join", anna, acme)
        at = clock.program_now(miles) + timedelta(days=miles.undo_window_days + 1)
        with pytest.raises(NotUndoable) as caught:
            refuse_undo(change, at=at)
        assert caught.value.facts["rule"] == "window"


def test_an_organization_joins_nobody(acme, anna):
    agreement_with(acme)
    with pytest.raises(ChangeRefused):
        proposed("join", acme, anna)
