"""Undoing at once: back to the lots and states before, and refusals with the reason (domain 1.9)."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.calls import PointsCall
from activities.redeeming import redeem
from common import clock
from memberships.card_holding import cards_in_hand
from memberships.changes.carrying_out import carry_out
from memberships.changes.errors import NotUndoable
from memberships.changes.undoing import undo
from memberships.errors import ProgramNotOpen, ReasonMissing
from memberships.lifecycle import suspend, suspend_member
from memberships.models import ChangeBasis, Member, Membership, MembershipChange
from memberships.standings import open_standings
from memberships.targets import find_target
from points import holds
from points.expiry import expire_points
from points.models import Posting
from programs.models import Program, ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree, anonymous, earn, owe, pair, people_of
from tests.factories import ACTOR, account_of, make_program, member_of
from tests.memberships.changes.undone import again, back, done, figures, gold, hold_of, lots, proposed
from tests.rows import all_rows
from tests.threads import together

pytestmark = pytest.mark.django_db


class TestAtOnce:
    """Nobody acted since."""

    def test_a_pool_is_taken_apart_and_every_lot_is_as_it_was(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300, days=30)
        earn(ben, 200)
        before = {lot.pk: lot.remaining for one in anna_and_ben for lot in account_of(one).lots.all()}
        change = done("merge", anna, ben, result_type="shared")
        pool = account_in_use(anna)
        undone = undo(change, actor=ACTOR, reason="mistake")
        assert (undone.pk, undone.status) == (change.pk, "undone")
        again(anna, ben)
        for one in anna_and_ben:
            assert (one.type, one.status, one.pool) == ("standard", "active", None)
        assert {lot.pk: lot.remaining for one in anna_and_ben for lot in account_of(one).lots.all()} == before
        assert [(account_of(one).balance, account_of(one).closed) for one in anna_and_ben] == [
            (300, False),
            (200, False),
        ]
        pool.refresh_from_db()
        assert (pool.balance, pool.closed) == (0, True)
        new = MembershipChange.objects.get(undoes=change)
        assert (new.status, new.basis, new.consents.count()) == ("carried_out", ChangeBasis.AT_ONCE, 0)
        assert new.posting is not None
        assert (new.posting.kind, new.posting.cause_kind, new.posting.cause_id) == ("undo", "change", new.pk)
        assert_audit_clean()

    def test_a_group_is_taken_apart_with_tiers_cards_and_numbers(self, anna_and_ben: list[Membership]) -> None:
        """Case 16."""
        anna, ben = anna_and_ben
        earn(anna, 300)
        earn(ben, 20, "status")
        gold(anna)
        cards = {one.pk: set(cards_in_hand(one).values_list("pk", flat=True)) for one in anna_and_ben}
        tiers = {one.pk: open_standings(one).get().pk for one in anna_and_ben}
        change = done("merge", anna, ben, result_type="group", main_id=member_of(ben))
        group = change.result
        assert group is not None
        back(change, anna, ben, group)
        for one in anna_and_ben:
            assert (one.type, one.status, one.end_reason, one.ended_at, one.superseded_by) == (
                "standard", "active", "", None, None,
            )  # fmt: skip
            assert set(cards_in_hand(one).values_list("pk", flat=True)) == cards[one.pk]
            assert open_standings(one).get().pk == tiers[one.pk]
        assert (figures(anna), figures(ben, "status")) == ((300, 0), (20, 0))
        assert (group.status, group.end_reason, group.superseded_by) == ("expired", "undone", anna)
        target = find_target(ACTOR, at=clock.now(), member_number=group.number, member=member_of(ben))
        assert (target.membership, target.redirected_from) == (ben, group.pk)

    def test_one_who_joined_a_pool_or_group_leaves_it_again(
        self, katrin_and_john: list[Membership], moores: Membership, miles: Program
    ) -> None:
        for home, result in ((katrin_and_john[0], "shared"), (moores, "group")):
            (carla,) = pair(miles, f"Carla {result}")
            earn(home, 100)
            earn(carla, 70)
            people, number, pool = people_of(home), home.number, home.pool
            change = done("merge", home, carla, result_type=result)
            assert figures(home) == (170, 0)
            back(change, home, carla)
            assert (home.number, home.pool, home.status) == (number, pool, "active")
            assert people_of(home) == people
            assert (carla.type, carla.status, carla.superseded_by) == ("standard", "active", None)
            assert (figures(home), figures(carla)) == ((100, 0), (70, 0))

    def test_a_debt_goes_back_to_whose_it_was(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300)
        owe(ben, 40)
        change = done("merge", anna, ben, result_type="shared")
        back(change, anna, ben)
        assert (figures(anna), figures(ben)) == ((300, 0), (-40, 40))
        assert account_of(ben).debts.get(remaining__gt=0).person_id == member_of(ben)

    def test_a_hold_of_before_goes_back_with_its_lots(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300)
        earn(ben, 200)
        hold = hold_of(ben, 150)
        lot_id = hold.lots.get().lot_id
        change = done("merge", anna, ben, result_type="shared")
        back(change, anna, ben)
        hold.refresh_from_db()
        assert (hold.account_id, hold.lots.get().lot_id, hold.lots.get().points) == (account_of(ben).pk, lot_id, 150)
        holds.capture(hold.pk, actor=ACTOR)
        assert figures(ben) == (50, 0)
        assert_audit_clean()

    def test_an_absorbed_membership_is_anonymous_again_with_its_card(self, miles: Program) -> None:
        (emma,) = pair(miles, "Emma Stone")
        found = anonymous(miles)
        earn(found, 120)
        card = cards_in_hand(found).get()
        change = done("absorb", emma, found)
        back(change, emma, found)
        assert (found.type, found.status, found.superseded_by) == ("anonymous", "active", None)
        assert (figures(emma), figures(found)) == ((0, 0), (120, 0))
        again_held = cards_in_hand(found).get()
        assert (again_held.pk, again_held.kind) == (card.pk, "temporary")

    def test_points_that_ran_out_are_nobodys_act_and_stay_so(self, miles: Program) -> None:
        start = datetime(2026, 3, 10, 12, tzinfo=UTC)
        with clock.frozen(start):
            anna, ben = pair(miles)
            earn(anna, 300, days=2)
            earn(anna, 10)
            earn(ben, 200)
            change = done("merge", anna, ben, result_type="shared")
        with clock.frozen(start + timedelta(days=8)):
            assert expire_points(miles, actor=ACTOR) == 1
            assert undo(change, actor=ACTOR, reason="mistake").pk == change.pk
            again(anna, ben)
            assert (figures(anna), figures(ben)) == ((10, 0), (200, 0))
            assert_audit_clean()


class TestSplitsAndForms:
    def test_who_left_a_pool_of_two_is_in_it_again(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        earn(katrin, 300)
        earn(john, 200, days=30)
        pool = katrin.pool
        before = lots(katrin)
        change = done("split", katrin, leaver_id=member_of(john), policy="equal")
        again(katrin, john)
        assert (katrin.pool, john.pool) == (None, None)
        back(change, katrin, john)
        assert (katrin.type, john.type, katrin.pool, john.pool) == ("shared", "shared", pool, pool)
        assert lots(katrin) == before
        assert [(account_of(one).balance, account_of(one).closed) for one in katrin_and_john] == [(0, True), (0, True)]

    def test_what_both_earned_and_spent_meanwhile_goes_into_the_pool(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        earn(katrin, 300)
        earn(john, 200)
        change = done("split", katrin, leaver_id=member_of(john), policy="by_contribution")
        again(katrin, john)
        earn(john, 50)
        redeem(PointsCall(katrin.pk, 100), actor=ACTOR)
        back(change, katrin, john)
        assert lots(katrin) == [(200, member_of(katrin)), (200, member_of(john)), (50, member_of(john))]

    def test_lots_left_behind_have_their_contributor_again(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        earn(katrin, 300)
        earn(john, 200)
        before = lots(katrin)
        change = done("split", katrin, leaver_id=member_of(john), policy="leave_behind")
        back(change, katrin, john)
        assert lots(katrin) == before

    def test_who_left_a_group_is_in_it_again_with_the_card(self, moores: Membership) -> None:
        earn(moores, 300)
        earn(moores, 30, "status")
        people, main = people_of(moores), moores.main_member
        leaver = people[1]
        cards = set(cards_in_hand(moores).values_list("pk", flat=True))
        change = done("split", moores, leaver_id=leaver, policy="equal")
        own = change.result
        assert own is not None
        assert figures(own) == (100, 0)
        back(change, moores, own)
        assert (people_of(moores), moores.main_member) == (people, main)
        assert set(cards_in_hand(moores).values_list("pk", flat=True)) == cards
        assert (figures(moores), figures(moores, "status")) == ((300, 0), (30, 0))
        assert (own.status, own.end_reason, own.superseded_by) == ("expired", "undone", moores)

    def test_a_group_of_two_that_dissolved_is_a_group_again(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300)
        merge = done("merge", anna, ben, result_type="group", main_id=member_of(anna))
        group = merge.result
        assert group is not None
        change = done("split", group, leaver_id=member_of(ben), policy="equal")
        assert group.type == "standard"
        back(change, group)
        assert group.type == "group"
        assert group.main_member is not None
        assert (group.main_member.customer_id, len(people_of(group))) == (member_of(anna), 2)
        assert figures(group) == (300, 0)

    def test_a_member_suspended_apart_stays_suspended(self, moores: Membership) -> None:
        leaver = people_of(moores)[1]
        suspend_member(Member.objects.get(membership=moores, customer_id=leaver), actor=ACTOR, reason="fraud")
        change = done("split", moores, leaver_id=leaver, policy="equal")
        back(change, moores)
        assert Member.objects.get(membership=moores, customer_id=leaver).suspended_at is not None

    def test_forms_change_back(self, katrin_and_john: list[Membership], moores: Membership) -> None:
        katrin, john = katrin_and_john
        earn(katrin, 300)
        earn(john, 20, "status")
        pool = katrin.pool
        change = done("merge", katrin, result_type="group", main_id=member_of(katrin))
        back(change, katrin, john)
        assert (katrin.pool, john.pool, katrin.type) == (pool, pool, "shared")
        assert (figures(john), figures(john, "status"), figures(katrin, "status")) == ((300, 0), (20, 0), (0, 0))
        earn(moores, 90)
        earn(moores, 30, "status")
        people, main = people_of(moores), moores.main_member
        change = done("merge", moores, result_type="shared", policy="equal")
        assert moores.status == "expired"
        back(change, moores)
        assert (moores.status, moores.type, moores.main_member, people_of(moores)) == ("active", "group", main, people)
        assert (figures(moores), figures(moores, "status")) == ((90, 0), (30, 0))


class TestRefusals:
    def refused(self, change: MembershipChange, rule: str) -> NotUndoable:
        before = all_rows()
        with pytest.raises(NotUndoable) as refusal:
            undo(change, actor=ACTOR, reason="mistake")
        assert refusal.value.facts["rule"] == rule
        assert all_rows() == before
        return refusal.value

    def test_only_with_a_reason(self, anna_and_ben: list[Membership]) -> None:
        change = done("merge", *anna_and_ben, result_type="shared")
        with pytest.raises(ReasonMissing):
            undo(change, actor=ACTOR, reason=" ")

    def test_only_what_was_carried_out_and_only_once(self, anna_and_ben: list[Membership]) -> None:
        change = agree(proposed("merge", *anna_and_ben, result_type="shared"))
        self.refused(change, "status")
        done_now = carry_out(change, actor=ACTOR)
        undo(done_now, actor=ACTOR, reason="mistake")
        self.refused(done_now, "status")
        self.refused(MembershipChange.objects.get(undoes=done_now), "kind")

    def test_inside_the_window_only(self, miles: Program) -> None:
        start = datetime(2026, 3, 10, 12, tzinfo=UTC)
        with clock.frozen(start):
            anna, ben = pair(miles)
            change = done("merge", anna, ben, result_type="shared")
        with clock.frozen(start + timedelta(days=miles.undo_window_days)):
            self.refused(change, "window")
        with clock.frozen(start + timedelta(days=miles.undo_window_days) - timedelta(seconds=1)):
            assert undo(change, actor=ACTOR, reason="mistake").status == "undone"

    def test_not_with_a_later_change_of_a_party(self, anna_and_ben: list[Membership], miles: Program) -> None:
        anna, ben = anna_and_ben
        (carla,) = pair(miles, "Carla Cox")
        first = done("merge", anna, ben, result_type="shared")
        later = proposed("merge", anna, carla, result_type="shared")
        assert self.refused(first, "later_change").facts["other"] == later.pk
        carry_out(agree(later), actor=ACTOR)
        assert self.refused(first, "later_change").facts["other"] == later.pk
        assert undo(later, actor=ACTOR, reason="mistake").status == "undone"

    def test_not_past_a_suspension_of_what_it_made(self, anna_and_ben: list[Membership]) -> None:
        change = done("merge", *anna_and_ben, result_type="group", main_id=member_of(anna_and_ben[0]))
        assert change.result is not None
        suspend(change.result, actor=ACTOR, reason="fraud")
        assert self.refused(change, "not_active").facts["membership"] == change.result.pk

    def test_not_in_a_locked_program(self, anna_and_ben: list[Membership], miles: Program) -> None:
        change = done("merge", *anna_and_ben, result_type="shared")
        miles.status = ProgramStatus.LOCKED
        miles.save()
        with pytest.raises(ProgramNotOpen):
            undo(change, actor=ACTOR, reason="mistake")
        change.refresh_from_db()
        assert change.status == "carried_out"


@pytest.mark.django_db(transaction=True)
@pytest.mark.concurrency
def test_two_at_once_undo_it_once() -> None:
    anna, ben = pair(make_program("miles"))
    earn(anna, 300)
    change = done("merge", anna, ben, result_type="shared")
    results = together(*[lambda: undo(change, actor=ACTOR, reason="mistake")] * 2)
    assert sorted(type(one).__name__ for one in results) == ["MembershipChange", "NotUndoable"]
    again(anna, ben)
    assert (figures(anna), Posting.objects.filter(kind="undo").count()) == ((300, 0), 1)
    assert_audit_clean()
