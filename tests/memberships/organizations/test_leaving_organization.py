"""People leave an organization by the rule they accepted, asked for no consent (domain 1.8)."""

import re
from datetime import timedelta

import pytest

from activities.expiring import expire_rested_memberships
from common import clock
from memberships import lifecycle
from memberships.agreements import amend_agreement
from memberships.changes.errors import NotUndoable
from memberships.changes.preview import preview_of
from memberships.changes.undo_rules import refuse_undo
from memberships.ending import terminate
from memberships.errors import AgreementFull, OrganizationNotActive, ReasonMissing, UnderNoOrganization, WrongStatus
from memberships.leaving_organization import leave_all, leave_organization, leaving_change
from memberships.models import (
    ChangeParty,
    Consent,
    InheritedAgreement,
    Membership,
    MembershipBenefit,
    MembershipChange,
    TierStanding,
)
from points.errors import HoldTooLarge
from points.models import Lot, PointAccount, Posting
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, earn, owe, pair
from tests.factories import ACTOR, account_of, make_membership, member_of
from tests.memberships.changes.planning import change_program
from tests.memberships.changes.undone import again, back, done, figures, hold_of, lots, proposed
from tests.organizations import agreement_with, employee, make_benefit, staff_terms, tier_called, umbrella
from tests.queries import asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(miles: Program) -> Membership:
    return umbrella(miles)


def open_benefits(membership: Membership) -> int:
    return MembershipBenefit.objects.filter(membership=membership, ended_at__isnull=True).count()


class TestOne:
    def test_with_points_of_their_own_benefits_end_and_everything_else_stays(self, miles, acme):
        gold = tier_called(miles, "gold")
        agreement_with(acme, tiers=(gold.pk,), benefits=(make_benefit(miles).pk,))
        eva = employee(acme)
        earn(eva, 300)
        number, postings = eva.number, Posting.objects.count()
        left = leave_organization(eva, actor=ACTOR, reason="new job")
        assert (left.type, left.status, left.number, left.organization_membership_id) == (
            "standard", "active", number, None,
        )  # fmt: skip
        assert (open_benefits(left), figures(left), Posting.objects.count()) == (0, (300, 0), postings)
        standing = TierStanding.objects.get(membership=left, ended_at__isnull=True)
        assert standing.tier_id == gold.pk
        assert standing.until is not None and standing.until <= clock.program_now(miles)
        assert InheritedAgreement.objects.get(membership=left).ended_at is not None
        assert not MembershipChange.objects.exists()
        assert_audit_clean()

    def test_points_left_behind_stay_in_the_organizations_account(self, acme):
        agreement_with(acme, form="shared", benefits=())
        eva, max_ = employee(acme), employee(acme, "Max Employee")
        earn(eva, 300)
        earn(max_, 100)
        leave_organization(eva, actor=ACTOR, reason="new job")
        again(eva, max_)
        assert (eva.type, eva.pool_id, eva.organization_membership_id) == ("standard", None, None)
        assert (figures(eva), account_of(eva).closed) == ((0, 0), False)
        assert dict(lots(max_)) == {300: None, 100: member_of(max_)}
        change = MembershipChange.objects.get()
        assert (change.kind, change.status, change.basis, change.policy) == (
            "split", "carried_out", "leaving_rule", "leave_behind",
        )  # fmt: skip
        assert not Consent.objects.exists()
        assert list(ChangeParty.objects.values_list("membership_id", flat=True)) == [eva.pk]
        assert_audit_clean()

    def test_by_contribution_what_was_brought_goes_along_with_a_part_of_what_is_nobodys(self, acme):
        agreement_with(acme, form="shared", leaving_rule="by_contribution")
        eva, max_, pat = (employee(acme, name) for name in ("Eva E", "Max E", "Pat E"))
        earn(eva, 300, days=20)
        earn(max_, 100, days=10)
        Lot.objects.filter(account=account_in_use(max_)).filter(contributor=member_of(max_)).update(contributor=None)
        leave_organization(eva, actor=ACTOR, reason="new job")
        again(eva, max_, pat)
        assert figures(eva) == (334, 0)
        assert {contributor for _, contributor in lots(eva)} == {member_of(eva)}
        assert figures(pat) == (66, 0)
        assert_audit_clean()

    def test_debts_of_those_who_stay_stay_with_them(self, acme):
        agreement_with(acme, form="shared", leaving_rule="by_contribution")
        eva, max_ = employee(acme), employee(acme, "Max Employee")
        owe(max_, 50)
        owe(eva, 8)
        leave_organization(eva, actor=ACTOR, reason="new job")
        again(eva, max_)
        assert (figures(eva), figures(max_)) == ((-8, 8), (-50, 50))
        assert_audit_clean(without=["S02"])

    def test_the_rule_of_the_version_they_came_under_counts(self, acme):
        agreement = agreement_with(acme, form="shared", leaving_rule="by_contribution")
        eva = employee(acme)
        earn(eva, 300)
        amend_agreement(agreement, staff_terms(form="shared"), actor=ACTOR, reason="stricter")
        late = employee(acme, "Lea Late")
        earn(late, 20)
        leave_organization(eva, actor=ACTOR, reason="new job")
        leave_organization(late, actor=ACTOR, reason="new job")
        again(eva, late)
        assert (figures(eva), figures(late)) == ((300, 0), (0, 0))
        assert_audit_clean()

    def test_a_hold_larger_than_what_goes_along_is_named_and_nothing_happens(self, acme):
        agreement_with(acme, form="shared")
        eva = employee(acme)
        earn(eva, 300)
        hold = hold_of(eva, 60)
        with pytest.raises(HoldTooLarge) as refused:
            leave_organization(eva, actor=ACTOR, reason="new job")
        again(eva)
        assert (refused.value.facts["hold"], eva.type, eva.organization_membership_id) == (hold.pk, "shared", acme.pk)

    def test_a_hold_on_lots_of_others_goes_along_where_it_is_covered(self, acme):
        agreement_with(acme, form="shared", leaving_rule="by_contribution")
        eva, max_ = employee(acme), employee(acme, "Max Employee")
        earn(max_, 100, days=5)
        earn(eva, 80, days=50)
        hold = hold_of(eva, 60)
        assert list(hold.lots.values_list("lot__contributor", flat=True)) == [member_of(max_)]
        leave_organization(eva, actor=ACTOR, reason="new job")
        again(eva, max_)
        hold.refresh_from_db()
        assert hold.account.account_set_id == eva.own_set_id
        assert (figures(eva), figures(max_)) == ((80, 0), (100, 0))
        assert_audit_clean()

    def test_where_others_hold_what_somebody_brought_other_points_go_along(self, acme):
        agreement_with(acme, form="shared", leaving_rule="by_contribution")
        eva, max_ = employee(acme), employee(acme, "Max Employee")
        earn(eva, 80, days=5)
        earn(max_, 100, days=50)
        hold_of(max_, 60)
        leave_organization(eva, actor=ACTOR, reason="new job")
        again(eva, max_)
        assert (figures(eva), figures(max_)) == ((80, 0), (100, 0))
        assert_audit_clean()

    def test_debts_of_who_left_before_are_divided_among_all(self, acme):
        agreement_with(acme, form="shared", leaving_rule="by_contribution")
        eva, max_ = employee(acme), employee(acme, "Max Employee")
        owe(eva, 9, person=member_of(make_membership(acme.program, "Gone Long")))
        leave_organization(eva, actor=ACTOR, reason="new job")
        again(eva, max_)
        assert (figures(eva), figures(max_)) == ((-5, 5), (-4, 4))
        assert_audit_clean(without=["S02"])

    def test_it_is_said_why_and_happens_once(self, acme, miles):
        agreement_with(acme)
        eva = employee(acme)
        with pytest.raises(ReasonMissing):
            leave_organization(eva, actor=ACTOR, reason=" ")
        leave_organization(eva, actor=ACTOR, reason="new job")
        with pytest.raises(UnderNoOrganization):
            leave_organization(eva, actor=ACTOR, reason="new job")
        with pytest.raises(UnderNoOrganization):
            leave_organization(make_membership(miles, "Anna Bauer"), actor=ACTOR, reason="new job")

    def test_an_open_proposal_to_divide_the_pool_otherwise_lapses(self, acme):
        agreement_with(acme, form="shared")
        eva, _ = employee(acme), employee(acme, "Max Employee")
        change = proposed("split", eva, leaver_id=member_of(eva), policy="equal")
        leave_organization(eva, actor=ACTOR, reason="new job")
        change.refresh_from_db()
        assert change.status == "lapsed"
        assert_audit_clean()

    def test_who_shares_with_friends_goes_on_sharing(self, miles, acme):
        agreement_with(acme)
        eva, ben = employee(acme), make_membership(miles, "Ben Miller")
        earn(eva, 30)
        done("merge", eva, ben, result_type="shared")
        leave_organization(eva, actor=ACTOR, reason="new job")
        again(eva)
        assert (eva.type, eva.organization_membership_id, figures(eva)) == ("shared", None, (30, 0))
        assert_audit_clean()

    def test_leaving_by_consent_and_another_policy_is_asked_of_the_person_and_who_signs(self, acme):
        agreement_with(acme, form="shared")
        eva, max_ = employee(acme), employee(acme, "Max Employee")
        earn(eva, 31)
        earn(max_, 70)
        change = done("split", eva, leaver_id=member_of(eva), policy="equal")
        again(max_)
        assert (eva.type, eva.organization_membership_id) == ("standard", None)
        assert (figures(eva), figures(max_)) == ((51, 0), (50, 0))
        assert len(change.terms["asked"]) == 2
        assert change.terms["organization"]["membership"] == acme.pk
        assert_audit_clean()


class TestPreviewAndUndo:
    def test_what_leaving_means_is_previewed_like_any_split(self, acme):
        agreement_with(acme, form="shared", leaving_rule="by_contribution")
        eva, max_ = employee(acme), employee(acme, "Max Employee")
        earn(eva, 300)
        earn(max_, 100)
        draft = leaving_change(eva, actor=ACTOR, reason="new job")
        assert draft is not None and (draft.pk, draft.basis) == (None, "leaving_rule")
        preview = preview_of(draft, actor=ACTOR)
        assert [one.customer for one in preview.people] == [member_of(eva)]
        assert [(one.before, one.after) for one in preview.totals if one.point_type == "miles"] == [(400, 400)]
        assert not MembershipChange.objects.exists()

    def test_with_points_of_their_own_there_is_nothing_to_preview(self, acme):
        agreement_with(acme)
        assert leaving_change(employee(acme), actor=ACTOR, reason="new job") is None

    @pytest.mark.parametrize("rule", ["leave_behind", "by_contribution"])
    def test_undone_it_is_as_before(self, miles, acme, rule):
        agreement_with(acme, form="shared", leaving_rule=rule, benefits=(make_benefit(miles).pk,))
        eva, max_ = employee(acme), employee(acme, "Max Employee")
        earn(eva, 300)
        earn(max_, 100)
        before = sorted(lots(max_), key=str)
        leave_organization(eva, actor=ACTOR, reason="mistake")
        earn(max_, 5)
        back(MembershipChange.objects.get(), eva, max_)
        assert (eva.type, eva.pool_id, eva.organization_membership_id) == ("shared", acme.pool_id, acme.pk)
        assert sorted(lots(max_), key=str) == sorted([*before, (5, member_of(max_))], key=str)
        assert (open_benefits(eva), account_of(eva).closed) == (1, True)
        inherited = InheritedAgreement.objects.get(membership=eva, ended_at__isnull=True)
        assert (inherited.version, inherited.form) == (1, "shared")

    def test_the_place_may_be_taken_by_then(self, acme):
        agreement_with(acme, form="shared", maximum=1)
        eva = employee(acme)
        leave_organization(eva, actor=ACTOR, reason="mistake")
        employee(acme, "Max Employee")
        with pytest.raises(AgreementFull):
            refuse_undo(MembershipChange.objects.get(), at=clock.program_now(acme.program))

    def test_nobody_comes_back_to_an_organization_that_has_ended(self, acme):
        agreement_with(acme, form="shared")
        leave_organization(employee(acme), actor=ACTOR, reason="mistake")
        terminate(acme, actor=ACTOR, reason="closed")
        with pytest.raises(NotUndoable) as caught:
            refuse_undo(MembershipChange.objects.get(), at=clock.program_now(acme.program))
        assert caught.value.facts["rule"] == "organization_ended"


class TestAll:
    def test_each_leaves_by_their_own_rule_and_whom_a_hold_keeps_is_named(self, acme):
        by_contribution = staff_terms(form="shared", leaving_rule="by_contribution")
        agreement = agreement_with(acme, form="shared")
        held = employee(acme, "Hal Held")
        amend_agreement(agreement, by_contribution, actor=ACTOR, reason="kinder")
        eva = employee(acme)
        amend_agreement(agreement, staff_terms(), actor=ACTOR, reason="own points from now on")
        own = employee(acme, "Olga Own")
        earn(held, 20)
        earn(eva, 30)
        hold = hold_of(held, 20)
        heard: list[int] = []
        done_ = leave_all(acme, actor=ACTOR, reason="contract over", progress=heard.append)
        assert [(one.membership_id, one.form, one.rule, dict(one.takes)) for one in done_.lines] == [
            (eva.pk, "shared", "by_contribution", {"miles": 30}),
            (own.pk, "standard", "", {}),
        ]
        assert [number for number, _ in done_.refused] == [held.number]
        assert str(hold.pk) in done_.refused[0][1]
        assert (done_.left, done_.remaining, heard) == (2, 1, [held.pk, eva.pk, own.pk])

    def test_a_rehearsal_says_the_same_and_changes_nothing(self, acme):
        agreement_with(acme, form="shared", leaving_rule="by_contribution")
        eva = employee(acme)
        earn(eva, 30)
        tried = leave_all(acme, actor=ACTOR, reason="contract over", dry_run=True)
        assert [(one.number, dict(one.takes)) for one in tried.lines] == [(eva.number, {"miles": 30})]
        assert tried.remaining == 1
        again(eva)
        assert (eva.type, MembershipChange.objects.count()) == ("shared", 0)

    def test_in_portions_it_goes_on_where_it_stopped(self, acme):
        agreement_with(acme)
        people = [employee(acme, f"P{n}") for n in range(3)]
        first = leave_all(acme, actor=ACTOR, reason="contract over", limit=2)
        assert ([one.membership_id for one in first.lines], first.remaining) == ([one.pk for one in people[:2]], 1)
        second = leave_all(acme, actor=ACTOR, reason="contract over", limit=2)
        assert ([one.membership_id for one in second.lines], second.remaining) == ([people[2].pk], 0)
        assert leave_all(acme, actor=ACTOR, reason="contract over").left == 0

    def test_nobody_stands_under_a_persons_membership(self, miles):
        with pytest.raises(WrongStatus):
            leave_all(make_membership(miles), actor=ACTOR, reason="contract over")


class TestEnds:
    def test_case_74_under_a_suspended_organization_people_go_on_and_nobody_comes(self, acme):
        agreement_with(acme)
        eva = employee(acme)
        lifecycle.suspend(acme, actor=ACTOR, reason="unpaid")
        again(eva)
        assert (eva.status, eva.organization_membership_id) == ("active", acme.pk)
        with pytest.raises(OrganizationNotActive):
            employee(acme, "Max Employee")

    def test_its_points_rest_only_when_the_last_one_has_left(self, miles, acme):
        change_program(miles, rest_days=30)
        agreement_with(acme, form="shared")
        eva, max_ = employee(acme), employee(acme, "Max Employee")
        earn(eva, 300)
        terminate(acme, actor=ACTOR, reason="closed")
        again(acme, eva)
        assert (acme.status, acme.rests_until) == ("expired", None)
        assert (eva.status, eva.type, figures(eva)) == ("active", "shared", (300, 0))
        earn(eva, 1)
        leave_organization(max_, actor=ACTOR, reason="over")
        again(acme)
        assert acme.rests_until is None
        at = clock.program_now(miles)
        leave_organization(eva, actor=ACTOR, reason="over")
        again(acme)
        assert acme.rests_until is not None
        assert at + timedelta(days=30) <= acme.rests_until <= clock.program_now(miles) + timedelta(days=30)
        assert expire_rested_memberships(miles, actor=ACTOR, at=acme.rests_until) == 1
        assert PointAccount.objects.get(account_set=acme.pool_id).balance == 0
        again(acme)
        assert acme.rests_until is None
        assert_audit_clean()

    def test_while_people_share_its_account_it_can_come_back(self, acme):
        agreement_with(acme, form="shared")
        employee(acme)
        terminate(acme, actor=ACTOR, reason="closed")
        again(acme)
        assert lifecycle.reinstate(acme, actor=ACTOR, reason="signed again").status == "active"
        assert employee(acme, "Max Employee").pool_id == acme.pool_id
        assert_audit_clean()

    def test_ending_an_individual_membership_leaves_the_organization_first(self, miles, acme):
        agreement_with(acme, form="shared", leaving_rule="by_contribution", benefits=(make_benefit(miles).pk,))
        eva, _ = employee(acme), employee(acme, "Max Employee")
        earn(eva, 40)
        terminate(eva, actor=ACTOR, reason="wish")
        again(eva)
        assert (eva.status, eva.type, eva.organization_membership_id) == ("expired", "standard", None)
        assert (account_of(eva).balance, open_benefits(eva)) == (40, 0)
        assert not InheritedAgreement.objects.filter(membership=eva, ended_at__isnull=True).exists()
        assert_audit_clean()

    def test_ending_one_with_points_of_their_own_too(self, miles, acme):
        agreement_with(acme, benefits=(make_benefit(miles).pk,))
        eva = employee(acme)
        terminate(eva, actor=ACTOR, reason="wish")
        again(eva)
        assert (eva.status, eva.organization_membership_id, open_benefits(eva)) == ("expired", None, 0)
        assert_audit_clean()


class TestManyShareIt:
    """An organization's pool may have 10,000 members."""

    @pytest.fixture
    def crowd(self, acme) -> list[Membership]:
        agreement_with(acme, form="shared", leaving_rule="by_contribution")
        return [employee(acme, f"P{n}") for n in range(12)]

    def leave(self, membership: Membership) -> list[str]:
        with asked() as found:
            leave_organization(membership, actor=ACTOR, reason="new job")
        return found

    def test_a_leave_takes_as_many_statements_however_many_share_and_locks_nobody_else(self, acme, crowd):
        for one in crowd:
            earn(one, 10)
        few = self.leave(crowd[0])
        locking = " ".join(one for one in few if "memberships_membership" in one and "FOR UPDATE" in one)
        assert re.search(rf"\b{crowd[0].pk}\b", locking)
        assert not any(re.search(rf"\b{other.pk}\b", locking) for other in crowd[1:])
        for n in range(12):
            earn(employee(acme, f"Q{n}"), 10)
        assert len(self.leave(crowd[1])) == len(few)
        parties = ChangeParty.objects.order_by("pk").values_list("membership_id", flat=True)
        assert list(parties) == [crowd[0].pk, crowd[1].pk]

    def test_only_lots_of_the_leaver_are_read(self, crowd):
        for one in crowd:
            earn(one, 10)
        leave_organization(crowd[0], actor=ACTOR, reason="new job")
        again(crowd[0], crowd[1])
        assert (figures(crowd[0]), figures(crowd[1])) == ((10, 0), (110, 0))
        assert_audit_clean()


def test_sharing_with_friends_locks_and_asks_all_of_them_as_before(miles):
    anna, ben = pair(miles)
    done("merge", anna, ben, result_type="shared")
    change = proposed("split", anna, leaver_id=member_of(anna))
    assert sorted(change.terms["asked"]) == sorted([member_of(anna), member_of(ben)])
