"""Which changes there are, what each refuses before anybody is asked, and whom it asks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils.dateparse import parse_date

from common import clock
from common.history import audit_context
from memberships import lifecycle
from memberships.changes.errors import DifferentPrograms
from memberships.changes.plan import Proposal
from memberships.changes.proposing import draft
from memberships.ending import expire, terminate
from memberships.errors import CoolingDown
from memberships.models import (
    ChangeBasis,
    ChangeStatus,
    EndReason,
    Membership,
    MembershipChange,
)
from programs.models import Program
from tests.changes import (
    anonymous,
    customer_called,
    group_of,
    one_person,
    organization_pool,
    pair,
    people_of,
    pool_of,
)
from tests.factories import ACTOR, counted, make_customer, make_program, member_of
from tests.memberships.changes.planning import WRITTEN, change_program, decease, planned, refused

pytestmark = pytest.mark.django_db


class TestMerges:
    def test_two_standard_memberships_become_a_pool_that_primes_member_owns(self, anna_and_ben):
        anna, ben = anna_and_ben
        plan = planned(anna, ben, result_type="shared")
        assert (plan.row, plan.main_id, plan.owner_id) == ("pool", None, member_of(anna))
        assert [one.pk for one in plan.parties] == sorted([anna.pk, ben.pk])
        assert plan.asked == tuple(sorted([member_of(anna), member_of(ben)]))

    def test_two_standard_memberships_become_a_group_whose_main_member_is_primes_or_the_one_named(self, anna_and_ben):
        anna, ben = anna_and_ben
        assert planned(anna, ben, result_type="group").main_id == member_of(anna)
        plan = planned(anna, ben, result_type="group", main_id=member_of(ben))
        assert (plan.row, plan.main_id, plan.owner_id) == ("group", member_of(ben), None)

    def test_who_joins_a_pool_leaves_it_to_its_owner_whichever_side_is_prime(self, miles, katrin_and_john):
        katrin, john = katrin_and_john
        (emma,) = pair(miles, "Emma Stone")
        for prime, secondary in ((emma, john), (john, emma)):
            plan = planned(prime, secondary)
            assert (plan.row, plan.owner_id, plan.change.result_type) == ("pool", member_of(katrin), "shared")
            assert [one.pk for one in plan.parties] == sorted([katrin.pk, john.pk, emma.pk])
            assert plan.asked == tuple(sorted(member_of(one) for one in (katrin, john, emma)))

    def test_two_pools_become_one_that_primes_owner_owns(self, miles, katrin_and_john):
        others = pool_of(miles, "Ada Lee", "Bob Lee")
        plan = planned(others[1], katrin_and_john[0], result_type="shared")
        assert (plan.row, plan.owner_id) == ("pool", member_of(others[0]))
        assert len(plan.parties) == 4
        assert len(plan.asked) == 4

    def test_a_group_takes_somebody_in_and_keeps_its_main_member_whichever_side_is_prime(self, miles, moores):
        (emma,) = pair(miles, "Emma Stone")
        mia = customer_called("Mia Moore").pk
        for prime, secondary in ((emma, moores), (moores, emma)):
            plan = planned(prime, secondary)
            assert (plan.row, plan.main_id) == ("group", mia)
            assert plan.asked == tuple(sorted([*people_of(moores), member_of(emma)]))

    def test_of_two_groups_primes_main_member_stays_main(self, miles, moores):
        lees = group_of(miles, "Lea Lee", "Leo Lee")
        assert planned(lees, moores).main_id == customer_called("Lea Lee").pk
        assert planned(moores, lees).main_id == customer_called("Mia Moore").pk

    def test_another_main_member_than_the_groups_is_refused(self, miles, moores):
        (emma,) = pair(miles, "Emma Stone")
        error = refused(moores, emma, main_id=member_of(emma))
        assert (error.facts["rule"], error.facts["main"]) == ("main", customer_called("Mia Moore").pk)
        assert "hand over" in error.message

    def test_another_owner_than_the_pools_is_refused(self, anna_and_ben):
        anna, ben = anna_and_ben
        error = refused(anna, ben, result_type="shared", main_id=member_of(ben))
        assert (error.facts["rule"], error.facts["main"]) == ("main", member_of(anna))

    def test_the_main_member_is_one_of_the_people_of_the_group(self, miles, anna_and_ben):
        stranger = pair(miles, "Emma Stone")[0]
        error = refused(*anna_and_ben, result_type="group", main_id=member_of(stranger))
        assert error.facts["rule"] == "main"
        assert error.facts["customers"] == sorted(member_of(one) for one in anna_and_ben)

    def test_nobody_deceased_becomes_main_member(self, anna_and_ben):
        anna, ben = anna_and_ben
        decease(member_of(ben))
        assert refused(anna, ben, result_type="group", main_id=member_of(ben)).facts["rule"] == "main"
        assert planned(anna, ben, result_type="group").person(member_of(ben)).deceased is True

    def test_without_a_result_the_possible_ones_are_named(self, anna_and_ben):
        error = refused(*anna_and_ben)
        assert error.facts == {"rule": "result_type", "result_types": ["group", "shared"]}
        assert "group or shared" in error.message

    def test_two_people_do_not_become_one_standard_membership(self, anna_and_ben):
        error = refused(*anna_and_ben, result_type="standard")
        assert error.facts == {"rule": "result_type", "result_types": ["group", "shared"]}

    def test_nothing_is_divided_by_a_merge(self, anna_and_ben):
        for figures in ({"policy": "equal"}, {"leaver_share": Decimal(50)}, {"manual_shares": {"miles": 1}}):
            assert refused(*anna_and_ben, result_type="shared", **figures).facts["rule"] == next(iter(figures))

    def test_nobody_leaves_by_a_merge(self, anna_and_ben):
        error = refused(*anna_and_ben, result_type="shared", leaver_id=member_of(anna_and_ben[0]))
        assert error.facts == {"rule": "leaver"}


class TestRefusedPairs:
    def test_two_programs_are_refused_naming_both(self, anna_and_ben):
        other = pair(make_program("hotel", name="Hotel Stars"), "Emma Stone")[0]
        before = counted(*WRITTEN)
        with pytest.raises(DifferentPrograms) as caught:
            draft(Proposal("merge", anna_and_ben[0].pk, other.pk, result_type="shared"), actor=ACTOR)
        assert caught.value.facts["programs"] == ["miles", "hotel"]
        assert "Miles (miles)" in caught.value.message
        assert "Hotel Stars (hotel)" in caught.value.message
        assert caught.value.code == "different_program"
        assert counted(*WRITTEN) == before

    def test_a_membership_is_not_merged_with_itself(self, anna_and_ben):
        anna, _ = anna_and_ben
        for kind in ("merge", "absorb"):
            assert refused(anna, anna, kind, result_type="shared").facts["rule"] == "same_membership"

    def test_two_who_share_a_pool_are_not_merged_again(self, katrin_and_john):
        error = refused(*katrin_and_john, result_type="shared")
        assert error.facts["rule"] == "same_pool"
        assert "change the form" in error.message

    @pytest.mark.parametrize(
        ("status", "cure"), [("inactive", "Activate it first."), ("suspended", "Reinstate it first.")]
    )
    def test_a_side_that_is_not_active_is_refused_with_the_cure(self, anna_and_ben, status, cure):
        anna, ben = anna_and_ben
        verb = {"inactive": lifecycle.pause, "suspended": lifecycle.suspend}[status]
        verb(ben, actor=ACTOR, reason="test")
        for sides in ((anna, ben), (ben, anna)):
            error = refused(*sides, result_type="shared")
            assert error.facts["rule"] == "not_active"
            assert (error.facts["membership"], error.facts["status"]) == (ben.pk, status)
            assert error.message.endswith(cure)

    def test_an_ended_side_is_refused(self, anna_and_ben):
        anna, ben = anna_and_ben
        terminate(ben, actor=ACTOR, reason="wish")
        error = refused(anna, ben, result_type="shared")
        assert (error.facts["status"], error.facts["end_reason"]) == ("expired", "terminated")
        assert "Reinstate or renew" in error.message

    def test_a_merged_side_leads_to_the_one_to_choose(self, miles, anna_and_ben):
        anna, ben = anna_and_ben
        survivor = pair(miles, "Emma Stone")[0]
        ended = expire(ben, actor=ACTOR, end_reason=EndReason.MERGED)
        ended.superseded_by = survivor
        with audit_context(ACTOR, "test"):
            ended.save()
        error = refused(anna, ben, result_type="shared")
        assert (error.facts["end_reason"], error.facts["superseded_by"]) == ("merged", survivor.pk)
        assert f"Choose {survivor.number} instead" in error.message

    def test_a_shared_membership_and_a_group_are_refused_until_one_changes_its_form(self, katrin_and_john, moores):
        for sides in ((katrin_and_john[0], moores), (moores, katrin_and_john[0])):
            error = refused(*sides, result_type="group")
            assert error.facts["rule"] == "form_first"
            assert "Change the form of one first" in error.message

    def test_an_organization_merges_with_nobody(self, miles, anna_and_ben):
        organization, _ = organization_pool(miles, "Eve Adams")
        for sides in ((organization, anna_and_ben[0]), (anna_and_ben[0], organization)):
            assert refused(*sides, result_type="shared").facts["rule"] == "organization"

    def test_who_uses_an_organizations_pool_merges_with_nobody_outside(self, miles, anna_and_ben):
        _, (eve, adam) = organization_pool(miles, "Eve Adams", "Adam Adams")
        for sides in ((eve, anna_and_ben[0]), (anna_and_ben[0], adam)):
            error = refused(*sides, result_type="shared")
            assert error.facts["rule"] == "organization_pool"
            assert "leaves that pool first" in error.message
        assert refused(eve, result_type="group", main_id=member_of(eve)).facts["rule"] == "organization_pool"

    def test_an_anonymous_membership_is_absorbed_not_merged(self, miles, anna_and_ben):
        error = refused(anna_and_ben[0], anonymous(miles), result_type="standard")
        assert error.facts["rule"] == "anonymous"
        assert "Propose an absorption" in error.message

    @pytest.mark.parametrize("kind", ["split", "unknown"])
    def test_two_sides_are_merged_or_absorbed_by_nothing_else(self, anna_and_ben, kind):
        anna, ben = anna_and_ben
        assert refused(anna, ben, kind, leaver_id=member_of(anna) if kind == "split" else None).facts["rule"] == "kind"


class TestLimits:
    def test_a_pool_takes_as_many_as_the_program_allows(self, miles, katrin_and_john):
        (emma,) = pair(miles, "Emma Stone")
        change_program(miles, pool_most_members=2)
        error = refused(katrin_and_john[0], emma)
        assert error.facts == {"rule": "pool_most_members", "limit": 2, "count": 3}
        change_program(miles, pool_most_members=3)
        assert planned(katrin_and_john[0], emma).row == "pool"

    def test_a_group_takes_as_many_as_the_program_allows(self, miles, moores):
        (emma,) = pair(miles, "Emma Stone")
        change_program(miles, group_most_members=3)
        assert refused(moores, emma).facts == {"rule": "group_most_members", "limit": 3, "count": 4}
        change_program(miles, group_most_members=4)
        assert planned(moores, emma).row == "group"

    def test_a_change_of_form_keeps_to_the_limit_of_the_other_form(self, miles, katrin_and_john, moores):
        change_program(miles, group_most_members=1, pool_most_members=2)
        main = member_of(katrin_and_john[0])
        error = refused(katrin_and_john[0], result_type="group", main_id=main)
        assert error.facts == {"rule": "group_most_members", "limit": 1, "count": 2}
        assert refused(moores, result_type="shared").facts == {"rule": "pool_most_members", "limit": 2, "count": 3}


NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class TestCoolDown:
    """After leaving a pool or group of one's own will."""

    @pytest.fixture
    def left(self, miles: Program, anna_and_ben: list[Membership]) -> MembershipChange:
        """Ben left some pool at noon of the tenth of March; he waits ninety days."""
        change_program(miles, cool_down_days=90, time_zone="Europe/Berlin")
        ben = anna_and_ben[1]
        return MembershipChange.objects.create(
            program=miles,
            kind="split",
            prime=ben,
            leaver_id=member_of(ben),
            status=ChangeStatus.CARRIED_OUT,
            digest="d" * 64,
            proposed_at=NOON,
            carried_out_at=NOON,
            channel_id=2,
        )

    @pytest.mark.parametrize("result", ["shared", "group"])
    def test_the_first_allowed_date_is_named(self, left, anna_and_ben, result):
        proposal = Proposal("merge", *(one.pk for one in anna_and_ben), result_type=result)
        with clock.frozen(datetime(2026, 6, 7, 21, 59, 59, tzinfo=UTC)), pytest.raises(CoolingDown) as caught:
            draft(proposal, actor=ACTOR)
        assert caught.value.facts == {"program": "miles", "customer": left.leaver_id, "first_day": "2026-06-08"}
        assert parse_date(caught.value.facts["first_day"]) == NOON.date() + timedelta(days=90)
        with clock.frozen(datetime(2026, 6, 7, 22, 0, tzinfo=UTC)):
            assert draft(proposal, actor=ACTOR).status == "draft"

    def test_whoever_takes_the_person_in_is_refused_too(self, left, anna_and_ben, moores, katrin_and_john):
        for prime in (moores, katrin_and_john[0]):
            with clock.frozen(NOON + timedelta(days=1)), pytest.raises(CoolingDown):
                draft(Proposal("merge", prime.pk, anna_and_ben[1].pk), actor=ACTOR)

    def test_leaving_under_another_record_of_the_person_counts(self, left, anna_and_ben):
        ben = member_of(anna_and_ben[1])
        with audit_context(ACTOR, "test"):
            former = make_customer("B. Miller", status="closed", merged_into_id=ben)
        left.leaver = former
        left.save()
        proposal = Proposal("merge", *(one.pk for one in anna_and_ben), result_type="shared")
        with clock.frozen(NOON + timedelta(days=89)), pytest.raises(CoolingDown) as caught:
            draft(proposal, actor=ACTOR)
        assert caught.value.facts["customer"] == ben

    @pytest.mark.parametrize(
        "values",
        [{"basis": ChangeBasis.END}, {"status": ChangeStatus.UNDONE}, {"status": "withdrawn", "carried_out_at": None}],
    )
    def test_an_end_or_what_was_undone_or_never_carried_out_is_no_leaving(self, left, anna_and_ben, values):
        for name, value in values.items():
            setattr(left, name, value)
        left.save()
        with clock.frozen(NOON + timedelta(days=1)):
            assert planned(*anna_and_ben, result_type="shared").row == "pool"

    def test_uniting_the_records_of_one_person_does_not_wait(self, left, anna_and_ben):
        one_person(*anna_and_ben)
        with clock.frozen(NOON + timedelta(days=1)):
            assert planned(*anna_and_ben).row == "one_person"
