"""Undoing what somebody acted on since: everyone is asked again, and each bears what they spent (domain 1.9)."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.calls import PointsCall
from activities.earning import earn as earn_points
from activities.redeeming import redeem
from activities.reversing import reverse_posting
from cards.issuing import report
from cards.models import Card
from common import clock
from common.actor import Actor
from customers.models import Customer
from memberships.card_holding import cards_in_hand, replace_card
from memberships.changes.carrying_out import carry_out
from memberships.changes.errors import NotUndoable
from memberships.changes.preview import preview_of
from memberships.changes.proposing import withdraw
from memberships.changes.undoing import undo, undoing_of
from memberships.enrolment import enrol
from memberships.lifecycle import suspend_member
from memberships.models import Member, Membership, MembershipChange
from memberships.standings import open_standings
from points import holds
from points.errors import HoldTooLarge
from points.models import Lot, PointAccountSet, Posting
from points.redating import extend
from points.reversal_parts import Part
from programs.design import design_of
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree, earn, one_person, owe, pair
from tests.factories import ACTOR, account_of, make_program, member_of
from tests.memberships.changes.undone import again, back, done, figures, gold, hold_of, lots
from tests.rows import all_rows

pytestmark = pytest.mark.django_db


class TestSomebodyActed:
    """Everyone is asked again."""

    def test_who_spent_others_points_owes_them(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(ben, 300)
        change = done("merge", anna, ben, result_type="shared")
        redeem(PointsCall(anna.pk, 100), actor=ACTOR)
        new = undo(change, actor=ACTOR, reason="mistake")
        assert (new.kind, new.status, new.undoes_id) == ("undo", "awaiting_consent", change.pk)
        assert sorted(new.consents.values_list("customer", flat=True)) == sorted(member_of(one) for one in anna_and_ben)
        carry_out(agree(new), actor=ACTOR)
        again(anna, ben)
        assert (figures(anna), figures(ben)) == ((-100, 100), (300, 0))
        assert account_of(anna).debts.get(remaining__gt=0).person_id == member_of(anna)
        assert_audit_clean()

    def test_earnings_go_to_their_contributor_as_child_lots(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300)
        change = done("merge", anna, ben, result_type="shared")
        earn(ben, 50, days=40)
        made = Lot.objects.get(amount=50)
        back(change, anna, ben)
        child = Lot.objects.get(parent=made)
        assert (child.account_id, child.remaining, child.contributor_id) == (account_of(ben).pk, 50, member_of(ben))
        assert (child.earner_id, child.expires_at, child.origin_id) == (made.earner_id, made.expires_at, made.pk)
        assert (figures(anna), figures(ben)) == ((300, 0), (50, 0))

    def test_spending_takes_the_own_points_first_whichever_lots_were_drawn(
        self, anna_and_ben: list[Membership]
    ) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300)
        earn(ben, 200, days=30)
        change = done("merge", anna, ben, result_type="shared")
        redeem(PointsCall(anna.pk, 100), actor=ACTOR)
        back(change, anna, ben)
        assert (lots(anna), lots(ben)) == ([(200, member_of(anna))], [(200, member_of(ben))])

    def test_a_debt_that_others_points_repaid_is_owed_again(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        owe(ben, 40)
        change = done("merge", anna, ben, result_type="shared")
        earn(anna, 100)
        assert figures(anna) == (60, 0)
        back(change, anna, ben)
        assert (figures(anna), figures(ben)) == ((100, 0), (-40, 40))

    def test_reversed_spending_comes_back_to_who_spent(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(ben, 300)
        change = done("merge", anna, ben, result_type="shared")
        spent = redeem(PointsCall(anna.pk, 100), actor=ACTOR)
        reverse_posting(spent["posting"]["id"], Part(reason_code="returned", points=60), actor=ACTOR)
        back(change, anna, ben)
        assert (figures(anna), figures(ben)) == ((-40, 40), (300, 0))

    def test_a_purchase_returned_later_is_taken_from_where_its_points_are(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        bought = earn_points(PointsCall(anna.pk, 80), actor=ACTOR)
        change = done("merge", anna, ben, result_type="shared")
        later = earn_points(PointsCall(ben.pk, 30), actor=ACTOR)
        back(change, anna, ben)
        for posting, points in ((bought, 80), (later, 30)):
            reversed_now = reverse_posting(posting["posting"]["id"], Part(reason_code="returned"), actor=ACTOR)
            assert reversed_now["reversed"][0]["debt"] == 0
            assert reversed_now["reversed"][0]["posted"] == points
        assert (figures(anna), figures(ben)) == ((0, 0), (0, 0))
        assert_audit_clean()

    def test_spending_of_between_that_is_reversed_later_comes_back_to_the_spender(
        self, anna_and_ben: list[Membership]
    ) -> None:
        anna, ben = anna_and_ben
        earn(ben, 300)
        change = done("merge", anna, ben, result_type="shared")
        spent = redeem(PointsCall(anna.pk, 100), actor=ACTOR)
        back(change, anna, ben)
        reverse_posting(spent["posting"]["id"], Part(reason_code="returned"), actor=ACTOR)
        assert (figures(anna), figures(ben)) == ((0, 0), (300, 0))
        assert_audit_clean()

    def test_a_hold_is_kept_on_the_lots_of_who_placed_it(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300)
        earn(ben, 200, days=30)
        change = done("merge", anna, ben, result_type="shared")
        hold = hold_of(anna, 150)
        assert {one.lot.contributor_id for one in hold.lots.all()} == {member_of(ben)}
        back(change, anna, ben)
        hold.refresh_from_db()
        assert hold.account_id == account_of(anna).pk
        assert [(one.points, one.lot.account_id) for one in hold.lots.all()] == [(150, account_of(anna).pk)]
        holds.capture(hold.pk, actor=ACTOR)
        assert (figures(anna), figures(ben)) == ((150, 0), (200, 0))
        assert_audit_clean()

    def test_a_hold_placed_for_the_group_is_captured_for_who_placed_it(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(ben, 200)
        change = done("merge", anna, ben, result_type="group", main_id=member_of(anna))
        group = change.result
        assert group is not None
        hold = holds.place_hold(
            account_in_use(group),
            points=150,
            for_set_id=group.own_set_id,
            person_id=member_of(ben),
            design=design_of(group.program_id),
            actor=ACTOR,
        )
        back(change, anna, ben)
        _, captured = holds.capture(hold.pk, actor=ACTOR)
        assert Posting.objects.get(pk=captured.id).for_set_id == ben.own_set_id
        assert (figures(anna), figures(ben)) == ((0, 0), (50, 0))
        assert_audit_clean()

    def test_the_audit_knows_that_a_hold_kept_other_lots_before(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 50, days=9)
        earn(anna, 300)
        earn(ben, 200, days=30)
        hold_of(anna, 50)
        redeem(PointsCall(anna.pk, 10), actor=ACTOR)
        change = done("merge", anna, ben, result_type="shared")
        hold_of(anna, 120)
        redeem(PointsCall(ben.pk, 100), actor=ACTOR)
        assert_audit_clean()
        back(change, anna, ben)
        assert (figures(anna), figures(ben)) == ((340, 0), (100, 0))

    def test_a_hold_larger_than_its_side_has_is_refused_naming_it(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(ben, 200)
        change = done("merge", anna, ben, result_type="shared")
        hold = hold_of(anna, 150)
        new = agree(undo(change, actor=ACTOR, reason="mistake"))
        before = all_rows()
        with pytest.raises(HoldTooLarge) as refused:
            carry_out(new, actor=ACTOR)
        assert refused.value.facts["hold"] == hold.pk
        assert all_rows() == before
        holds.release(hold.pk, actor=ACTOR)
        carry_out(new, actor=ACTOR)
        again(anna, ben)
        assert (figures(anna), figures(ben)) == ((0, 0), (200, 0))

    def test_an_extended_lot_keeps_its_new_date(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(ben, 200, days=30)
        change = done("merge", anna, ben, result_type="shared")
        child = Lot.objects.get(account=account_in_use(anna))
        day = (clock.now() + timedelta(days=300)).date()
        extend(child.pk, last_day=day, reason_code="goodwill", actor=ACTOR)
        child.refresh_from_db()
        back(change, anna, ben)
        (lot,) = Lot.objects.filter(account=account_of(ben), remaining__gt=0)
        assert (lot.remaining, lot.expires_at, lot.parent_id) == (200, child.expires_at, child.pk)

    def test_what_comes_back_past_its_time_expires_at_once(self, miles: Program) -> None:
        """Anna spent Ben's points before they ran out; her own are taken for it, and his come back too late."""
        start = datetime(2026, 3, 10, 12, tzinfo=UTC)
        with clock.frozen(start):
            anna, ben = pair(miles)
            earn(anna, 300)
            earn(ben, 100, days=2)
            change = done("merge", anna, ben, result_type="shared")
        with clock.frozen(start + timedelta(hours=1)):
            redeem(PointsCall(anna.pk, 100), actor=ACTOR)
        with clock.frozen(start + timedelta(days=8)):
            new = back(change, anna, ben)
            assert (figures(anna), figures(ben)) == ((200, 0), (0, 0))
            assert new.outcome["notes"]["expired"] == [["miles", 100]]
            assert [one.kind for one in Posting.objects.order_by("pk")][-2:] == ["undo", "expire"]

    def test_activity_of_one_in_between_kept_the_points_of_both_alive(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(ben, 100)
        change = done("merge", anna, ben, result_type="shared")
        earn_points(PointsCall(anna.pk, 5), actor=ACTOR)
        latest = account_in_use(anna).last_activity_at
        back(change, anna, ben)
        clocks = PointAccountSet.objects.filter(membership__in=anna_and_ben).values_list("activity_at", flat=True)
        assert (latest is not None, set(clocks)) == (True, {latest})

    def test_a_card_replaced_since_goes_along(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        card = cards_in_hand(ben).get()
        change = done("merge", anna, ben, result_type="group", main_id=member_of(anna))
        report(card, "lost", actor=ACTOR, reason="lost", since=clock.now())
        successor = replace_card(Card.objects.get(pk=card.pk), actor=ACTOR, reason="lost")
        assert undo(change, actor=ACTOR, reason="mistake").status == "awaiting_consent"
        carry_out(agree(MembershipChange.objects.get(undoes=change)), actor=ACTOR)
        again(ben)
        assert cards_in_hand(ben).get() == successor
        assert_audit_clean()

    def test_a_tier_given_since_stays_with_a_membership_that_goes_on(self, moores: Membership, miles: Program) -> None:
        (carla,) = pair(miles, "Carla Cox")
        change = done("merge", moores, carla, result_type="group")
        tier = gold(moores)
        back(change, moores, carla)
        assert [one.tier for one in open_standings(moores)] == [tier]
        assert open_standings(carla).get().tier.code == "blue"

    def test_who_was_suspended_apart_meanwhile_stays_so(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        change = done("merge", anna, ben, result_type="group", main_id=member_of(anna))
        suspend_member(
            Member.objects.get(membership=change.result, customer_id=member_of(ben)), actor=ACTOR, reason="x"
        )
        back(change, anna, ben)
        assert Member.objects.get(membership=ben).suspended_at is not None
        assert Member.objects.get(membership=anna).suspended_at is None

    def test_without_the_right_to_carry_out_everyone_is_asked(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        change = done("merge", anna, ben, result_type="shared")
        agent = Actor("user", 7, 1, "sue", lambda action, program_id: action != "changes:carry-out", None)
        assert undo(change, actor=agent, reason="mistake").status == "awaiting_consent"

    def test_after_one_that_was_withdrawn_another_is_proposed(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(ben, 300)
        change = done("merge", anna, ben, result_type="shared")
        redeem(PointsCall(anna.pk, 100), actor=ACTOR)
        first = undo(change, actor=ACTOR, reason="mistake")
        withdraw(first, actor=ACTOR, reason="not like that")
        assert preview_of(undoing_of(change, actor=ACTOR, reason="again"), actor=ACTOR).row == "undo"
        second = undo(change, actor=ACTOR, reason="mistake")
        assert (second.status, second.undoes_id) == ("awaiting_consent", change.pk)

    def test_the_records_of_one_person_once_united_stay_so(self, anna_and_ben: list[Membership]) -> None:
        """Who was found to be one person keeps one membership: two would be current in one program."""
        stays, goes = anna_and_ben
        one_person(stays, goes)
        earn(goes, 20)
        change = done("merge", stays, goes, result_type="standard")
        with pytest.raises(NotUndoable) as refusal:
            undo(change, actor=ACTOR, reason="mistake")
        assert refusal.value.facts["rule"] == "record_gone"

    def test_as_long_as_two_records_are_kept_their_memberships_part_with_their_figures(
        self, anna_and_ben: list[Membership]
    ) -> None:
        stays, goes = anna_and_ben
        other = make_program("sun")
        for one in anna_and_ben:
            enrol(Customer.objects.get(pk=member_of(one)), program=other, actor=ACTOR)
        one_person(stays, goes)
        earn(stays, 300)
        earn(goes, 20)
        change = done("merge", stays, goes, result_type="standard")
        assert account_of(stays).lifetime_earned == 320
        back(change, stays, goes)
        assert [(figures(one), account_of(one).lifetime_earned) for one in anna_and_ben] == [
            ((300, 0), 300),
            ((20, 0), 20),
        ]
        assert (goes.status, cards_in_hand(goes).count(), cards_in_hand(stays).count()) == ("active", 1, 1)
