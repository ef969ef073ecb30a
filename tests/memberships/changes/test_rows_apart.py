"""Who may leave, who follows whoever leads, by which policy points are divided; and undoing."""

from decimal import Decimal

import pytest

from common import clock
from memberships import lifecycle
from memberships.changes.errors import ChangeRefused
from memberships.changes.rows import plan_of
from memberships.ending import expire
from memberships.models import ChangeKind, ChangeStatus, EndReason, MembershipChange
from tests.changes import customer_called, group_of, organization_pool, people_of, pool_of
from tests.factories import ACTOR, member_of
from tests.memberships.changes.planning import change_program, decease, planned, refused

pytestmark = pytest.mark.django_db


class TestWhoLeaves:
    def test_anyone_who_shares_a_pool_may_leave_it_and_everyone_is_asked(self, katrin_and_john):
        katrin, john = katrin_and_john
        for prime in (katrin, john):
            for leaver in (katrin, john):
                plan = planned(prime, kind="split", leaver_id=member_of(leaver))
                assert (plan.row, plan.main_id, plan.owner_id) == ("leave_pool", None, None)
                assert plan.asked == tuple(sorted([member_of(katrin), member_of(john)]))
                assert [one.pk for one in plan.parties] == sorted([katrin.pk, john.pk])

    def test_anyone_of_a_group_may_leave_it_and_everyone_is_asked(self, moores):
        plan = planned(moores, kind="split", leaver_id=customer_called("Moe Moore").pk)
        assert (plan.row, plan.main_id) == ("leave_group", customer_called("Mia Moore").pk)
        assert plan.asked == tuple(people_of(moores))

    def test_a_leaver_is_named_and_takes_part(self, katrin_and_john, moores):
        error = refused(moores, kind="split", leaver_id=member_of(katrin_and_john[0]))
        assert error.facts == {"rule": "leaver", "customers": people_of(moores)}
        assert refused(moores, kind="split").facts["rule"] == "leaver"

    def test_a_split_has_no_result_to_choose(self, moores):
        error = refused(moores, kind="split", leaver_id=people_of(moores)[1], result_type="standard")
        assert error.facts == {"rule": "result_type"}

    def test_nobody_leaves_a_standard_membership(self, anna_and_ben):
        error = refused(anna_and_ben[0], kind="split", leaver_id=member_of(anna_and_ben[0]))
        assert (error.facts["rule"], error.facts["type"]) == ("types", "standard")
        assert "nobody to leave" in error.message

    def test_nobody_leaves_what_has_ended(self, moores):
        expire(moores, actor=ACTOR, end_reason=EndReason.TERM_END)
        error = refused(moores, kind="split", leaver_id=customer_called("Moe Moore").pk)
        assert (error.facts["rule"], error.facts["end_reason"]) == ("ended", "term_end")

    def test_suspended_paused_and_deceased_people_leave_and_are_left_and_asked(self, miles):
        first, second, third = pool_of(miles, "Ada Lee", "Bob Lee", "Cid Lee")
        lifecycle.suspend(first, actor=ACTOR, reason="test")
        lifecycle.pause(second, actor=ACTOR, reason="test")
        decease(member_of(third))
        lifecycle.suspend_member(second.members.get(), actor=ACTOR, reason="test")
        for leaver in (second, third):
            plan = planned(third, kind="split", leaver_id=member_of(leaver))
            assert plan.asked == tuple(sorted(member_of(one) for one in (first, second, third)))
        assert plan.person(member_of(second)).suspended is True
        assert plan.person(member_of(third)).deceased is True


class TestWhoFollows:
    def test_a_leaving_main_member_names_a_successor_among_those_who_stay(self, moores, anna_and_ben):
        mia, max_moore, moe = people_of(moores)
        error = refused(moores, kind="split", leaver_id=mia)
        assert error.facts == {"rule": "main", "customers": [max_moore, moe]}
        for other in (mia, member_of(anna_and_ben[0])):
            assert refused(moores, kind="split", leaver_id=mia, main_id=other).facts["rule"] == "main"
        assert planned(moores, kind="split", leaver_id=mia, main_id=moe).main_id == moe

    def test_nobody_deceased_follows(self, moores):
        mia, max_moore, moe = people_of(moores)
        decease(moe)
        assert refused(moores, kind="split", leaver_id=mia, main_id=moe).facts["rule"] == "main"
        assert planned(moores, kind="split", leaver_id=mia, main_id=max_moore).main_id == max_moore

    def test_a_leaving_owner_names_a_successor(self, miles):
        ada, bob, cid = (member_of(one) for one in pool_of(miles, "Ada Lee", "Bob Lee", "Cid Lee"))
        prime = customer_called("Bob Lee").members.get().membership
        assert refused(prime, kind="split", leaver_id=ada).facts == {"rule": "main", "customers": [bob, cid]}
        assert planned(prime, kind="split", leaver_id=ada, main_id=cid).owner_id == cid

    def test_whoever_leads_and_stays_is_followed_by_nobody(self, moores):
        mia, max_moore, moe = people_of(moores)
        error = refused(moores, kind="split", leaver_id=moe, main_id=max_moore)
        assert (error.facts["rule"], error.facts["main"]) == ("main", mia)
        assert planned(moores, kind="split", leaver_id=moe, main_id=mia).main_id == mia

    def test_where_only_one_stays_that_one_is_it(self, miles, katrin_and_john):
        katrin, john = (member_of(one) for one in katrin_and_john)
        plan = planned(katrin_and_john[0], kind="split", leaver_id=katrin)
        assert (plan.main_id, plan.owner_id) == (None, None)
        assert planned(katrin_and_john[0], kind="split", leaver_id=katrin, main_id=john).owner_id is None
        couple = group_of(miles, "Lea Lee", "Leo Lee")
        assert planned(couple, kind="split", leaver_id=people_of(couple)[0]).main_id is None
        assert refused(couple, kind="split", leaver_id=people_of(couple)[0], main_id=katrin).facts["rule"] == "main"

    def test_the_last_but_one_leaves_an_organizations_pool_to_its_owner(self, miles):
        organization, (eve, adam) = organization_pool(miles, "Eve Adams", "Adam Adams")
        pool = organization.pool
        pool.owner_id = customer_called("Eve Adams").pk
        pool.save()
        plan = planned(adam, kind="split", leaver_id=member_of(adam))
        assert (plan.row, plan.owner_id) == ("leave_pool", member_of(eve))


class TestPolicies:
    def test_the_programs_policy_counts_unless_another_is_chosen(self, miles, moores):
        moe = customer_called("Moe Moore").pk
        change_program(miles, split_policy="leave_behind")
        assert planned(moores, kind="split", leaver_id=moe).change.policy == "leave_behind"
        assert planned(moores, kind="split", leaver_id=moe, policy="equal").change.policy == "equal"

    @pytest.mark.parametrize("share", [None, "0", "100", "-1", "33.33333", "NaN", "Infinity"])
    def test_a_ratio_needs_a_share_above_0_and_below_100(self, moores, share):
        error = refused(
            moores,
            kind="split",
            leaver_id=customer_called("Moe Moore").pk,
            policy="ratio",
            leaver_share=share and Decimal(share),
        )
        assert error.facts == {"rule": "leaver_share", "leaver_share": share}

    @pytest.mark.parametrize("share", ["0.0001", "60", "99.9999"])
    def test_a_share_between_is_taken_as_it_is(self, moores, share):
        leaver = customer_called("Moe Moore").pk
        plan = planned(moores, kind="split", leaver_id=leaver, policy="ratio", leaver_share=Decimal(share))
        assert plan.change.leaver_share == Decimal(share)

    @pytest.mark.parametrize("points", [-1, True, 1.0, "5", None, 2**63])
    def test_figures_by_hand_are_whole_numbers_from_0(self, moores, points):
        leaver = customer_called("Moe Moore").pk
        error = refused(moores, kind="split", leaver_id=leaver, policy="manual", manual_shares={"miles": points})
        assert error.facts == {"rule": "manual_shares", "point_type": "miles"}

    @pytest.mark.parametrize("shares", [{}, {"gold": 1}, {"miles": 1, "gold": 0}])
    def test_figures_by_hand_are_of_known_point_types(self, moores, shares):
        leaver = customer_called("Moe Moore").pk
        error = refused(moores, kind="split", leaver_id=leaver, policy="manual", manual_shares=shares)
        assert (error.facts["rule"], error.facts["point_types"]) == ("manual_shares", ["miles", "status"])

    def test_only_what_is_divided_has_figures(self, katrin_and_john, moores):
        shares = {"miles": 0, "status": 20}
        leaver = customer_called("Moe Moore").pk
        plan = planned(moores, kind="split", leaver_id=leaver, policy="manual", manual_shares=shares)
        assert plan.change.manual_shares == shares
        katrin = member_of(katrin_and_john[0])
        error = refused(katrin_and_john[0], kind="split", leaver_id=katrin, policy="manual", manual_shares=shares)
        assert (error.facts["point_types"], error.facts["unknown"]) == (["miles"], ["status"])

    def test_figures_belong_to_their_policy(self, moores):
        leaver = customer_called("Moe Moore").pk
        for policy in ("equal", "by_contribution", "leave_behind", "manual"):
            error = refused(moores, kind="split", leaver_id=leaver, policy=policy, leaver_share=Decimal(50))
            assert error.facts["rule"] == "leaver_share"
        for policy in ("equal", "ratio"):
            error = refused(moores, kind="split", leaver_id=leaver, policy=policy, manual_shares={"miles": 1})
            assert error.facts["rule"] == "manual_shares"

    def test_an_unknown_policy_is_refused_with_the_known_ones(self, moores):
        error = refused(moores, kind="split", leaver_id=customer_called("Moe Moore").pk, policy="by_age")
        assert error.facts["policies"] == ["by_contribution", "equal", "ratio", "leave_behind", "manual"]

    def test_spending_is_frozen_only_where_a_pool_is_affected(self, moores, katrin_and_john):
        error = refused(moores, kind="split", leaver_id=customer_called("Moe Moore").pk, freezes=True)
        assert error.facts == {"rule": "freezes"}
        katrin = member_of(katrin_and_john[0])
        assert planned(katrin_and_john[0], kind="split", leaver_id=katrin, freezes=True).change.freezes is True


class TestUndoing:
    def undoing(self, done: MembershipChange) -> MembershipChange:
        return MembershipChange(
            program_id=done.program_id,
            kind=ChangeKind.UNDO,
            prime_id=done.prime_id,
            secondary_id=done.secondary_id,
            undoes=done,
            proposed_at=clock.now(),
            channel_id=2,
        )

    @pytest.fixture
    def done(self, miles, katrin_and_john) -> MembershipChange:
        """The merge by which Katrin and John came to share."""
        now = clock.now()
        values = {"status": ChangeStatus.CARRIED_OUT, "carried_out_at": now, "digest": "d" * 64, "proposed_at": now}
        katrin, john = katrin_and_john
        return MembershipChange.objects.create(
            program=miles, kind="merge", prime=katrin, secondary=john, result_type="shared", channel_id=2, **values
        )

    def test_everyone_who_takes_part_now_is_asked_again(self, done, katrin_and_john):
        plan = plan_of(self.undoing(done), at=clock.now())
        assert plan.row == "undo"
        assert [one.pk for one in plan.parties] == sorted(one.pk for one in katrin_and_john)
        assert plan.asked == tuple(sorted(member_of(one) for one in katrin_and_john))

    def test_what_the_change_made_is_affected_and_what_ended_has_nobody(self, done, moores, anna_and_ben):
        anna, ben = anna_and_ben
        expire(ben, actor=ACTOR, end_reason=EndReason.MERGED)
        done.prime, done.secondary, done.result = anna, ben, moores
        done.outcome = {"made": [["memberships.Membership", moores.pk]]}
        done.save()
        plan = plan_of(self.undoing(done), at=clock.now())
        assert [one.pk for one in plan.parties] == sorted([anna.pk, ben.pk, moores.pk])
        assert plan.asked == tuple(sorted([member_of(anna), *people_of(moores)]))

    @pytest.mark.parametrize("values", [{"status": "undone"}, {"status": "withdrawn", "carried_out_at": None}])
    def test_only_what_was_carried_out_is_undone(self, done, values):
        for name, value in values.items():
            setattr(done, name, value)
        done.save()
        with pytest.raises(ChangeRefused) as caught:
            plan_of(self.undoing(done), at=clock.now())
        assert caught.value.facts == {"rule": "undoes"}
