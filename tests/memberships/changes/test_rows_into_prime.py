"""One person's two records, absorptions and changes of form: whom they ask and what they refuse."""

import pytest

from memberships import lifecycle
from tests.changes import (
    anonymous,
    customer_called,
    one_customer,
    one_person,
    organization_pool,
    owe,
    pair,
    people_of,
    pool_of,
)
from tests.factories import ACTOR, member_of
from tests.memberships.changes.planning import change_program, planned, refused

pytestmark = pytest.mark.django_db


class TestOnePerson:
    def test_two_records_of_one_person_become_one_standard_membership_with_one_consent(self, anna_and_ben):
        anna, ben = anna_and_ben
        one_person(anna, ben)
        for prime, secondary in ((anna, ben), (ben, anna)):
            plan = planned(prime, secondary)
            assert (plan.row, plan.change.result_type) == ("one_person", "standard")
            assert plan.asked == (member_of(prime),)

    @pytest.mark.parametrize("result", ["shared", "group"])
    def test_nobody_shares_with_oneself(self, anna_and_ben, result):
        one_person(*anna_and_ben)
        error = refused(*anna_and_ben, result_type=result)
        assert error.facts == {"rule": "result_type", "result_types": ["standard"]}

    def test_without_a_confirmation_they_are_two_people(self, anna_and_ben):
        link = one_person(*anna_and_ben)
        link.status = "dismissed"
        link.save()
        assert planned(*anna_and_ben, result_type="shared").row == "pool"

    def test_a_record_goes_into_the_pool_or_group_the_person_is_in(self, miles, katrin_and_john, moores):
        again, max_again = pair(miles, "K. Bauer", "M. Moore")
        one_person(katrin_and_john[0], again)
        plan = planned(katrin_and_john[0], again)
        assert (plan.row, plan.change.result_type, plan.owner_id) == (
            "one_person", "shared", member_of(katrin_and_john[0]),
        )  # fmt: skip
        assert plan.asked == (member_of(katrin_and_john[0]),)
        assert len(plan.parties) == 3
        max_moore = customer_called("Max Moore").pk
        one_customer(max_moore, member_of(max_again))
        plan = planned(moores, max_again)
        assert (plan.row, plan.change.result_type, plan.asked) == ("one_person", "group", (max_moore,))
        assert plan.main_id == customer_called("Mia Moore").pk

    def test_a_debt_that_comes_to_those_who_share_asks_them_all(self, miles, katrin_and_john):
        katrin, john = katrin_and_john
        (again,) = pair(miles, "K. Bauer")
        one_person(katrin, again)
        owe(again, 40)
        plan = planned(katrin, again)
        assert plan.asked == tuple(sorted(member_of(one) for one in (katrin, john, again)))
        assert plan.receiver_id == member_of(katrin)

    def test_the_standard_side_as_prime_is_refused_with_the_cure_to_swap(self, miles, katrin_and_john):
        (again,) = pair(miles, "K. Bauer")
        one_person(katrin_and_john[0], again)
        error = refused(again, katrin_and_john[0])
        assert error.facts["rule"] == "one_person"
        assert error.message.endswith(f"Choose {katrin_and_john[0].number} as prime.")

    def test_in_two_pools_or_groups_one_is_split_off_first(self, miles, katrin_and_john, moores):
        others = pool_of(miles, "K. Bauer", "Bob Lee")
        one_person(katrin_and_john[0], others[0])
        one_customer(member_of(katrin_and_john[1]), customer_called("Max Moore").pk)
        for sides in ((katrin_and_john[0], others[0]), (moores, katrin_and_john[1]), (katrin_and_john[1], moores)):
            error = refused(*sides)
            assert error.facts["rule"] == "one_person"
            assert error.message.endswith("Split the person off from one of the two first.")

    def test_a_person_does_not_come_twice_into_one_pool_by_the_membership_of_another(self, miles, katrin_and_john):
        (again,) = pair(miles, "K. Bauer")
        one_person(katrin_and_john[0], again)
        error = refused(katrin_and_john[1], again)
        assert error.facts["rule"] == "one_person_twice"
        assert error.facts["customers"] == sorted([member_of(katrin_and_john[0]), member_of(again)])


class TestAbsorption:
    def test_only_who_registers_is_asked(self, miles, anna_and_ben, katrin_and_john, moores):
        for prime, registrant in (
            (anna_and_ben[0], member_of(anna_and_ben[0])),
            (katrin_and_john[1], member_of(katrin_and_john[1])),
            (moores, customer_called("Mia Moore").pk),
        ):
            plan = planned(prime, anonymous(miles), "absorb")
            assert (plan.row, plan.asked, plan.change.result_type) == ("absorb", (registrant,), prime.type)

    def test_any_member_of_a_group_may_register(self, miles, moores):
        max_moore = customer_called("Max Moore").pk
        plan = planned(moores, anonymous(miles), "absorb", main_id=max_moore)
        assert (plan.asked, plan.main_id) == ((max_moore,), customer_called("Mia Moore").pk)
        assert plan.receiver_id == plan.change.terms["receiver"] == max_moore

    def test_who_registers_takes_part(self, miles, moores, anna_and_ben):
        error = refused(moores, anonymous(miles), "absorb", main_id=member_of(anna_and_ben[0]))
        assert error.facts == {"rule": "main", "customers": people_of(moores)}

    def test_a_debt_that_comes_along_asks_all_who_share(self, miles, katrin_and_john, moores):
        for prime, everyone in (
            (katrin_and_john[0], sorted(member_of(one) for one in katrin_and_john)),
            (moores, people_of(moores)),
        ):
            card = anonymous(miles)
            owe(card, 40)
            assert planned(prime, card, "absorb").asked == tuple(everyone)

    def test_the_registered_one_absorbs_the_anonymous_one(self, miles, anna_and_ben):
        card = anonymous(miles)
        for sides in ((card, anna_and_ben[0]), tuple(anna_and_ben), (card, anonymous(miles))):
            error = refused(*sides, "absorb")
            assert error.facts["rule"] == "anonymous"
            assert "registered one as prime" in error.message

    def test_an_organization_absorbs_nothing(self, miles):
        organization, _ = organization_pool(miles, "Eve Adams")
        assert refused(organization, anonymous(miles), "absorb").facts["rule"] == "organization"

    def test_without_the_anonymous_side_there_is_nothing_to_absorb(self, anna_and_ben):
        assert refused(anna_and_ben[0], None, "absorb").facts == {"rule": "kind", "kind": "absorb"}


class TestChangesOfForm:
    def test_all_of_a_pool_become_a_group_with_the_main_member_named(self, katrin_and_john):
        john = member_of(katrin_and_john[1])
        plan = planned(katrin_and_john[0], result_type="group", main_id=john)
        assert (plan.row, plan.main_id, plan.secondary) == ("pool_to_group", john, None)
        assert plan.asked == tuple(sorted(member_of(one) for one in katrin_and_john))
        assert [one.pk for one in plan.parties] == sorted(one.pk for one in katrin_and_john)

    def test_a_pool_does_not_become_a_group_without_a_main_member(self, katrin_and_john):
        error = refused(katrin_and_john[0], result_type="group")
        assert error.facts == {"rule": "main", "customers": sorted(member_of(one) for one in katrin_and_john)}

    def test_every_membership_of_the_pool_is_a_side_and_active(self, katrin_and_john):
        katrin, john = katrin_and_john
        lifecycle.suspend(john, actor=ACTOR, reason="test")
        error = refused(katrin, result_type="group", main_id=member_of(katrin))
        assert (error.facts["rule"], error.facts["membership"]) == ("not_active", john.pk)

    def test_a_group_becomes_a_pool_that_its_main_member_or_the_one_named_owns(self, moores):
        plan = planned(moores)
        assert (plan.row, plan.owner_id, plan.main_id) == ("group_to_pool", customer_called("Mia Moore").pk, None)
        assert (plan.change.result_type, plan.change.policy) == ("shared", "by_contribution")
        max_moore = customer_called("Max Moore").pk
        plan = planned(moores, result_type="shared", policy="equal", main_id=max_moore)
        assert (plan.owner_id, plan.change.policy, plan.asked) == (max_moore, "equal", tuple(people_of(moores)))

    @pytest.mark.parametrize("policy", ["ratio", "manual", "leave_behind"])
    def test_where_nobody_leaves_nobody_has_a_share(self, miles, moores, policy):
        error = refused(moores, policy=policy)
        assert error.facts["policies"] == ["by_contribution", "equal"]
        change_program(miles, split_policy=policy)
        assert planned(moores).change.policy == "by_contribution"

    def test_a_form_changes_into_the_other_one_only(self, katrin_and_john, moores, anna_and_ben):
        assert refused(katrin_and_john[0], result_type="shared").facts["result_types"] == ["group"]
        assert refused(moores, result_type="group").facts["result_types"] == ["shared"]
        error = refused(anna_and_ben[0], result_type="shared")
        assert (error.facts["rule"], error.facts["type"]) == ("types", "standard")
        assert "choose a second membership" in error.message
