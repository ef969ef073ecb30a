"""Undoing: back to the lots and states before, spending charged to who spent, refusals with the reason (domain 1.9)."""

from datetime import UTC, datetime, timedelta
from typing import Any

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
from memberships.changes.plan import Proposal
from memberships.changes.preview import preview_of
from memberships.changes.proposing import propose, withdraw
from memberships.changes.undoing import undo, undoing_of
from memberships.enrolment import enrol
from memberships.errors import ProgramNotOpen, ReasonMissing
from memberships.lifecycle import suspend, suspend_member
from memberships.models import ChangeBasis, Member, Membership, MembershipChange
from memberships.standings import open_standings, set_standing
from memberships.targets import find_target
from points import holds
from points.errors import HoldTooLarge
from points.expiry import expire_points
from points.models import Hold, Lot, PointAccountSet, Posting
from points.redating import extend
from points.reversal_parts import Part
from programs.design import design_of
from programs.models import Program, ProgramStatus, Tier
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree, anonymous, earn, one_person, owe, pair, people_of
from tests.factories import ACTOR, account_of, make_program, member_of
from tests.rows import all_rows
from tests.threads import together

pytestmark = pytest.mark.django_db


def proposed(kind: str, prime: Membership, secondary: Membership | None = None, **wishes: Any) -> MembershipChange:
    proposal = Proposal(kind, prime.pk, secondary_id=secondary.pk if secondary else None, **wishes)
    return propose(proposal, actor=ACTOR)


def done(kind: str, prime: Membership, secondary: Membership | None = None, **wishes: Any) -> MembershipChange:
    """Proposed, agreed and carried out; both memberships are read anew."""
    change = carry_out(agree(proposed(kind, prime, secondary, **wishes)), actor=ACTOR)
    again(*[one for one in (prime, secondary) if one is not None])
    return change


def back(change: MembershipChange, *memberships: Membership) -> MembershipChange:
    """Undone, with everyone's consent where that is needed; the memberships are read anew."""
    answer = undo(change, actor=ACTOR, reason="mistake")
    if answer.pk != change.pk:
        carry_out(agree(answer), actor=ACTOR)
    again(*memberships)
    change.refresh_from_db()
    assert change.status == "undone"
    # The tests' debts come from adjustments that nobody asked for.
    assert_audit_clean(without=["S02"])
    return MembershipChange.objects.get(undoes=change)


def again(*memberships: Membership) -> None:
    for one in memberships:
        one.refresh_from_db()


def figures(membership: Membership, code: str = "miles") -> tuple[int, int]:
    account = account_in_use(membership, code)
    return account.balance, account.debt


def lots(membership: Membership, code: str = "miles") -> list[tuple[int, int | None]]:
    """(left, contributor) of the open lots in spending order."""
    found = Lot.objects.filter(account=account_in_use(membership, code), remaining__gt=0)
    return [(lot.remaining, lot.contributor_id) for lot in found.order_by("expires_at", "earned_at", "id")]


def hold_of(membership: Membership, points: int) -> Hold:
    return holds.place_hold(
        account_in_use(membership),
        points=points,
        for_set_id=membership.own_set_id,
        person_id=member_of(membership),
        design=design_of(membership.program_id),
        actor=ACTOR,
    )


def gold(membership: Membership) -> Tier:
    """Stands on Gold by hand from now on."""
    tier = Tier.objects.get(group__program=membership.program, code="gold")
    set_standing(membership, tier=tier, reason="care", until=clock.now() + timedelta(days=90), actor=ACTOR)
    return tier


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
