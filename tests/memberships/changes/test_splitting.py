"""Splits carried out: what goes with the leaver, what stays, and who goes on alone (domain 1.9)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from activities.calls import PointsCall
from activities.earning import earn as earn_points
from activities.redeeming import redeem
from activities.reversing import reverse_posting
from cards.issuing import cancel
from cards.models import Card
from common import clock
from common.history import audit_context
from customers.models import Customer
from memberships import lifecycle
from memberships.card_holding import cards_in_hand, end_holding
from memberships.changes.carrying_out import carry_out
from memberships.changes.errors import ChangeRefused, HoldTooLarge, SharesNotCovered
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.errors import CoolingDown
from memberships.models import (
    CardHolding,
    EndReason,
    Member,
    Membership,
    MembershipChange,
    MembershipTerm,
    StandingSource,
    TermsAcceptance,
)
from memberships.standings import open_standings
from memberships.targets import find_target
from points import holds
from points.models import Debt, Hold, HoldLot, Lot, LotContributorChange, PointAccount, PointAccountSet, Posting
from points.reversal_parts import Part
from programs.design import design_of
from programs.models import Program, Tier
from tests.audit.helpers import assert_audit_clean
from tests.changes import (
    account_in_use,
    agree,
    customer_called,
    earn,
    group_of,
    organization_pool,
    owe,
    pair,
    people_of,
    pool_of,
)
from tests.factories import ACTOR, account_of, make_customer, make_terms, member_of
from tests.queries import asked

pytestmark = pytest.mark.django_db


def split(membership: Membership, leaver: int, policy: str = "", **wishes: Any) -> MembershipChange:
    """Proposed, agreed and carried out; the membership is read anew."""
    proposal = Proposal("split", membership.pk, leaver_id=leaver, policy=policy, **wishes)
    done = carry_out(agree(propose(proposal, actor=ACTOR)), actor=ACTOR)
    membership.refresh_from_db()
    return done


def merged(prime: Membership, secondary: Membership, result_type: str, **wishes: Any) -> Membership:
    proposal = Proposal("merge", prime.pk, secondary_id=secondary.pk, result_type=result_type, **wishes)
    done = carry_out(agree(propose(proposal, actor=ACTOR)), actor=ACTOR)
    assert done.result is not None
    for one in (prime, secondary):
        one.refresh_from_db()
    return done.result


def named(name: str) -> int:
    return customer_called(name).pk


def hold_of(membership: Membership, points: int, *, person: int | None = None) -> Hold:
    return holds.place_hold(
        account_in_use(membership),
        points=points,
        for_set_id=membership.own_set_id,
        person_id=person or people_of(membership)[0],
        design=design_of(membership.program_id),
        actor=ACTOR,
    )


def lots(account: PointAccount) -> list[tuple[int, int | None]]:
    """(left, contributor) of the open lots in the order of spending."""
    found = Lot.objects.filter(account=account, remaining__gt=0).order_by("expires_at", "earned_at", "id")
    return list(found.values_list("remaining", "contributor_id"))


def gold(membership: Membership) -> None:
    """Stands on Gold since ten days."""
    tier = Tier.objects.get(group__program=membership.program, code="gold")
    with audit_context(ACTOR, "test"):
        for standing in open_standings(membership):
            standing.tier, standing.source = tier, StandingSource.EARNED
            standing.since -= timedelta(days=10)
            standing.save()


def tier(membership: Membership) -> str:
    return str(open_standings(membership).get().tier.code)


def counted() -> tuple[int, ...]:
    models = (Posting, Lot, Membership, Member, CardHolding, HoldLot, LotContributorChange)
    return tuple(model.objects.count() for model in models)


class TestOutOfAPool:
    def test_case_27_lots_return_to_who_brought_them_after_spending_from_the_nearest_expiry(
        self, anna_and_ben: list[Membership]
    ) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300, days=60)
        earn(ben, 200, days=30)
        merged(anna, ben, "shared")
        redeem(PointsCall(anna.pk, 100), actor=ACTOR)
        change = split(anna, member_of(anna), "by_contribution")
        ben.refresh_from_db()
        assert [account_in_use(one).balance for one in (anna, ben)] == [300, 100]
        assert lots(account_of(anna)) == [(300, member_of(anna))]
        assert lots(account_of(ben)) == [(100, member_of(ben))]
        assert change.posting is not None
        assert (change.posting.kind, change.posting.cause_id) == ("split", change.pk)
        assert (change.posting.for_set_id, change.posting.person_id) == (anna.own_set_id, member_of(anna))
        assert_audit_clean()

    def test_case_29_left_behind_the_leaver_has_none_and_keeps_the_own_qualifying_points(self, miles: Program) -> None:
        katrin, john, _ = pool_of(miles, "Katrin Bauer", "John Miller", "Lena Lopez")
        earn(john, 300)
        earn(john, 40, "status")
        pool = john.pool
        change = split(john, member_of(john), "leave_behind")
        assert (john.type, john.status, john.pool) == ("standard", "active", None)
        assert (account_of(john).balance, account_of(john).closed, account_of(john, "status").balance) == (0, False, 40)
        katrin.refresh_from_db()
        assert (katrin.pool, account_in_use(katrin).balance) == (pool, 300)
        assert lots(account_in_use(katrin)) == [(300, None)]
        assert (change.posting, Posting.objects.filter(kind="split").count()) == (None, 0)
        assert_audit_clean()

    def test_the_leaver_keeps_row_number_cards_and_tier(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        gold(john)
        cards = set(cards_in_hand(john))
        number, standing = john.number, open_standings(john).get()
        change = split(katrin, member_of(john), "leave_behind")
        john.refresh_from_db()
        assert (john.number, john.type, change.result) == (number, "standard", john)
        assert (set(cards_in_hand(john)), open_standings(john).get()) == (cards, standing)

    @pytest.mark.parametrize("leaver", [0, 1])
    def test_case_32_of_two_both_become_standard_and_the_pool_is_over(
        self, katrin_and_john: list[Membership], leaver: int
    ) -> None:
        earn(katrin_and_john[0], 300, days=9)
        earn(katrin_and_john[1], 200)
        pool = katrin_and_john[0].pool
        split(katrin_and_john[0], member_of(katrin_and_john[leaver]), "by_contribution")
        for one, points in zip(katrin_and_john, (300, 200), strict=True):
            one.refresh_from_db()
            assert (one.type, one.status, one.pool) == ("standard", "active", None)
            assert lots(account_of(one)) == [(points, member_of(one))]
            assert not account_of(one).closed
        assert list(PointAccount.objects.filter(account_set=pool).values_list("balance", "closed")) == [(0, True)]
        assert Posting.objects.filter(kind="split").count() == 1
        assert earn_points(PointsCall(katrin_and_john[1].pk, 5), actor=ACTOR)["posting"]
        assert_audit_clean()

    @pytest.mark.parametrize(
        ("policy", "wishes", "expected"),
        [
            ("equal", {}, (251, 250)),
            ("ratio", {"leaver_share": Decimal("60")}, (301, 200)),
            ("manual", {"manual_shares": {"miles": 7}}, (7, 494)),
            ("leave_behind", {}, (0, 501)),
        ],
    )
    def test_points_are_divided_by_the_policy_of_the_terms(
        self, katrin_and_john: list[Membership], policy: str, wishes: dict[str, Any], expected: tuple[int, int]
    ) -> None:
        katrin, john = katrin_and_john
        earn(john, 501)
        split(katrin, member_of(katrin), policy, **wishes)
        john.refresh_from_db()
        assert (account_of(katrin).balance, account_of(john).balance) == expected
        assert all(contributor == member_of(katrin) for _, contributor in lots(account_of(katrin)))
        assert_audit_clean()

    def test_figures_by_hand_that_are_not_there_are_refused_and_nothing_changes(
        self, katrin_and_john: list[Membership]
    ) -> None:
        katrin, john = katrin_and_john
        earn(john, 10)
        proposal = Proposal("split", katrin.pk, leaver_id=member_of(john), policy="manual", manual_shares={"miles": 11})
        change = agree(propose(proposal, actor=ACTOR))
        before = counted()
        with pytest.raises(SharesNotCovered) as refused:
            carry_out(change, actor=ACTOR)
        assert refused.value.facts == {"point_type": "miles", "asked": 11, "there": 10}
        change.refresh_from_db()
        katrin.refresh_from_db()
        assert (change.status, katrin.type, counted()) == ("agreed", "shared", before)

    def test_case_35_a_negative_balance_is_divided_by_the_same_policy(self, miles: Program) -> None:
        katrin, john, lena = pool_of(miles, "Katrin Bauer", "John Miller", "Lena Lopez")
        owe(john, 100)
        split(katrin, member_of(lena), "equal")
        lena.refresh_from_db()
        assert (account_of(lena).balance, account_in_use(katrin).balance) == (-34, -66)
        assert list(Debt.objects.filter(remaining__gt=0).values_list("remaining", "person_id")) == [
            (66, member_of(john)),
            (34, member_of(john)),
        ]
        assert_audit_clean()

    def test_by_contribution_a_debt_goes_with_who_owes_it(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        owe(john, 100)
        split(katrin, member_of(katrin), "by_contribution")
        john.refresh_from_db()
        assert (account_of(katrin).balance, account_of(john).balance) == (0, -100)
        earn(john, 30)
        assert (account_of(john).balance, account_of(john).debt) == (-70, 70)
        assert_audit_clean()

    def test_holds_go_with_who_placed_them_and_are_captured_there(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        earn(john, 200)
        katrins, johns = hold_of(katrin, 60), hold_of(john, 70)
        split(katrin, member_of(katrin), "equal")
        john.refresh_from_db()
        for one, hold in ((katrin, katrins), (john, johns)):
            hold.refresh_from_db()
            assert (hold.account_id, hold.for_set_id) == (account_of(one).pk, one.own_set_id)
            holds.capture(hold.pk, actor=ACTOR)
        assert (account_of(katrin).balance, account_of(john).balance) == (40, 30)
        assert_audit_clean()

    def test_a_hold_larger_than_the_share_is_refused_until_it_is_over(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        earn(john, 200)
        hold = hold_of(katrin, 101)
        change = agree(propose(Proposal("split", katrin.pk, leaver_id=member_of(katrin), policy="equal"), actor=ACTOR))
        before = counted()
        with pytest.raises(HoldTooLarge) as refused:
            carry_out(change, actor=ACTOR)
        assert (refused.value.facts["hold"], counted()) == (hold.pk, before)
        holds.release(hold.pk, actor=ACTOR)
        carry_out(change, actor=ACTOR)
        assert account_of(katrin).balance == 100
        assert_audit_clean()

    def test_the_owner_leaves_and_the_named_one_owns_the_pool(self, miles: Program) -> None:
        katrin, john, lena = pool_of(miles, "Katrin Bauer", "John Miller", "Lena Lopez")
        with pytest.raises(ChangeRefused):
            propose(Proposal("split", katrin.pk, leaver_id=member_of(katrin), policy="equal"), actor=ACTOR)
        split(katrin, member_of(katrin), "equal", main_id=member_of(lena))
        john.refresh_from_db()
        assert john.pool is not None
        assert john.pool.owner_id == member_of(lena)
        assert_audit_clean()

    def test_each_part_goes_on_from_the_pools_last_activity(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        early, late = clock.now() - timedelta(days=9), clock.now() - timedelta(days=2)
        PointAccount.objects.filter(account_set=katrin.pool_id).update(last_activity_at=early)
        PointAccountSet.objects.filter(pk=john.own_set_id).update(activity_at=late)
        split(katrin, member_of(katrin), "equal")
        sets = PointAccountSet.objects.in_bulk([katrin.own_set_id, john.own_set_id])
        assert (sets[katrin.own_set_id].activity_at, sets[john.own_set_id].activity_at) == (early, late)

    def test_a_suspended_leaver_stays_suspended(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        lifecycle.suspend(john, actor=ACTOR, reason="abuse")
        split(katrin, member_of(john), "leave_behind")
        john.refresh_from_db()
        assert (john.type, john.status) == ("standard", "suspended")
        assert_audit_clean()

    def test_an_organizations_pool_lives_on_with_one_and_with_none(self, miles: Program) -> None:
        organization, (ann, bob) = organization_pool(miles, "Ann Lee", "Bob Lee")
        earn(bob, 50)
        split(ann, member_of(ann), "leave_behind")
        bob.refresh_from_db()
        assert (ann.type, ann.organization_membership, bob.type) == ("standard", None, "shared")
        split(bob, member_of(bob), "leave_behind")
        organization.refresh_from_db()
        pooled = PointAccount.objects.get(account_set=organization.pool_id)
        assert (bob.type, pooled.balance, pooled.closed) == ("standard", 50, False)

    def test_spending_from_a_pool_that_is_over_is_given_back_to_who_spent(
        self, katrin_and_john: list[Membership]
    ) -> None:
        katrin, john = katrin_and_john
        earn(john, 100)
        spent = redeem(PointsCall(katrin.pk, 60), actor=ACTOR)
        split(katrin, member_of(katrin), "leave_behind")
        reverse_posting(spent["posting"]["id"], Part(reason_code="mistake"), actor=ACTOR)
        assert (account_of(katrin).balance, account_of(john).balance) == (60, 40)
        assert_audit_clean()

    def test_an_earning_in_the_pool_is_taken_back_wherever_its_lots_are(
        self, katrin_and_john: list[Membership]
    ) -> None:
        katrin, john = katrin_and_john
        earned = earn_points(PointsCall(john.pk, 100), actor=ACTOR)
        split(katrin, member_of(katrin), "equal")
        reverse_posting(earned["posting"]["id"], Part(reason_code="refund"), actor=ACTOR)
        assert (account_of(katrin).balance, account_of(john).balance) == (0, 0)
        assert_audit_clean()

    def test_case_38_who_left_does_not_join_another_pool_before_the_first_day(self, miles: Program) -> None:
        miles.cool_down_days = 90
        with audit_context(ACTOR, "test"):
            miles.save()
        katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
        (carla,) = pair(miles, "Carla Cox")
        split(katrin, member_of(john), "leave_behind")
        first_day = clock.program_now(miles).date() + timedelta(days=90)
        with pytest.raises(CoolingDown) as refused:
            propose(Proposal("merge", carla.pk, secondary_id=john.pk, result_type="shared"), actor=ACTOR)
        assert refused.value.facts["first_day"] == first_day.isoformat()

    def test_lots_of_a_merged_record_count_as_the_persons(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        old = make_customer("Katrin Bower")
        earn(john, 40)
        Lot.objects.update(contributor=old)
        with audit_context(ACTOR, "test"):
            old.merged_into_id = member_of(katrin)
            old.save()
        split(katrin, member_of(katrin), "by_contribution")
        assert lots(account_of(katrin)) == [(40, member_of(katrin))]

    def test_statements_grow_neither_with_the_lots_nor_with_the_pool(self, miles: Program) -> None:
        counts = []
        for many in (3, 9):
            members = pool_of(miles, *[f"P{many} M{n}" for n in range(many)])
            for _ in range(many * 4):
                earn(members[0], 2, days=20)
            change = agree(
                propose(Proposal("split", members[1].pk, leaver_id=member_of(members[1]), policy="equal"), actor=ACTOR)
            )
            with asked() as captured:
                carry_out(change, actor=ACTOR)
            counts.append(len(captured))
        assert counts[1] - counts[0] <= 1, counts


class TestOutOfAGroup:
    def test_case_30_the_leaver_gets_a_new_standard_membership_and_two_go_on(self, moores: Membership) -> None:
        earn(moores, 300, person=named("Max Moore"))
        number, main = moores.number, moores.main_member
        change = split(moores, named("Max Moore"), "by_contribution")
        own = change.result
        assert own is not None
        assert (own.type, own.status, people_of(own)) == ("standard", "active", [named("Max Moore")])
        assert own.number != number
        assert (moores.type, moores.number, moores.main_member, moores.status) == ("group", number, main, "active")
        assert people_of(moores) == [named("Mia Moore"), named("Moe Moore")]
        left = Member.objects.get(membership=moores, customer=named("Max Moore"))
        assert left.ended_at == change.carried_out_at
        assert (account_of(own).balance, account_of(moores).balance) == (300, 0)
        assert_audit_clean()

    def test_case_31_of_two_the_one_who_stays_is_standard_in_place(self, miles: Program) -> None:
        group = group_of(miles, "Mia Moore", "Max Moore")
        gold(group)
        earn(group, 100, person=named("Mia Moore"))
        number = group.number
        change = split(group, named("Mia Moore"), "equal")
        assert change.result is not None
        assert (group.type, group.main_member, group.number, tier(group)) == ("standard", None, number, "gold")
        assert people_of(group) == [named("Max Moore")]
        assert [account_of(one).balance for one in (change.result, group)] == [50, 50]
        assert_audit_clean()

    def test_case_70_the_leavers_cards_go_along_and_keep_working(self, moores: Membership) -> None:
        held = {holding.customer_id: holding.card for holding in CardHolding.objects.select_related("card")}
        change = split(moores, named("Max Moore"), "leave_behind")
        own = change.result
        assert own is not None
        assert list(cards_in_hand(own)) == [held[named("Max Moore")]]
        assert set(cards_in_hand(moores)) == {held[named("Mia Moore")], held[named("Moe Moore")]}
        card = held[named("Max Moore")]
        card.refresh_from_db()
        assert card.status == "active"
        found = find_target(ACTOR, at=clock.now(), card_number=str(card))
        assert (found.membership, found.person_id) == (own, named("Max Moore"))
        assert Card.objects.count() == 3

    def test_who_has_no_main_card_any_more_gets_one(self, moores: Membership) -> None:
        card = CardHolding.objects.get(customer=named("Max Moore")).card
        cancel(card, actor=ACTOR, reason="worn")
        end_holding(card, actor=ACTOR, at=clock.now())
        change = split(moores, named("Max Moore"), "leave_behind")
        assert change.result is not None
        (fresh,) = cards_in_hand(change.result)
        assert (fresh.kind, fresh.status) == ("main", "active")
        assert_audit_clean()

    @pytest.mark.parametrize(
        ("policy", "wishes", "mine", "status"),
        [
            ("by_contribution", {}, 300, 90),
            ("equal", {}, 134, 40),
            ("ratio", {"leaver_share": Decimal("50")}, 200, 60),
            ("leave_behind", {}, 0, 90),
            ("manual", {"manual_shares": {"miles": 5}}, 5, 90),
            ("manual", {"manual_shares": {"miles": 5, "status": 6}}, 5, 6),
        ],
    )
    def test_case_34_qualifying_points_are_divided_by_the_policy_too(
        self, moores: Membership, policy: str, wishes: dict[str, Any], mine: int, status: int
    ) -> None:
        for name, miles, points in (("Max Moore", 300, 90), ("Mia Moore", 100, 30)):
            earn(moores, miles, person=named(name))
            earn(moores, points, "status", person=named(name))
        own = split(moores, named("Max Moore"), policy, **wishes).result
        assert own is not None
        assert (account_of(own).balance, account_of(own, "status").balance) == (mine, status)
        assert (account_of(moores).balance, account_of(moores, "status").balance) == (400 - mine, 120 - status)
        assert_audit_clean()

    @pytest.mark.parametrize(
        ("brought_gold", "points", "expected"), [(False, 999, "blue"), (False, 1000, "gold"), (True, 0, "gold")]
    )
    def test_the_tier_is_the_higher_of_the_one_brought_and_the_one_the_share_reaches(
        self, anna_and_ben: list[Membership], brought_gold: bool, points: int, expected: str
    ) -> None:
        anna, ben = anna_and_ben
        kept = None
        if brought_gold:
            gold(ben)
            kept = open_standings(ben).get().since
        group = merged(anna, ben, "group", main_id=member_of(anna))
        if points:
            earn(group, points, "status", person=member_of(ben))
        own = split(group, member_of(ben), "leave_behind").result
        assert own is not None
        standing = open_standings(own).get()
        assert (standing.tier.code, standing.source) == (expected, StandingSource.CHANGE)
        assert kept is None or standing.since == kept
        assert own.enrolled_at == ben.enrolled_at
        assert_audit_clean()

    def test_pending_qualifying_points_raise_no_tier(self, moores: Membership) -> None:
        earn(moores, 1000, "status", person=named("Max Moore"))
        Lot.objects.update(available_at=clock.now() + timedelta(days=3))
        own = split(moores, named("Max Moore"), "by_contribution").result
        assert own is not None
        assert (account_of(own, "status").balance, tier(own)) == (1000, "blue")

    def test_the_leaving_main_members_successor_is_main_in_the_same_step(self, moores: Membership) -> None:
        split(moores, named("Mia Moore"), "equal", main_id=named("Moe Moore"))
        assert moores.main_member is not None
        assert moores.main_member.customer_id == named("Moe Moore")
        connection.check_constraints()
        assert_audit_clean()

    @pytest.mark.parametrize("who", ["person", "group", "paused"])
    def test_the_status_follows_the_person_and_the_group(self, moores: Membership, who: str) -> None:
        if who == "person":
            lifecycle.suspend_member(Member.objects.get(customer=named("Max Moore")), actor=ACTOR, reason="abuse")
        elif who == "group":
            lifecycle.suspend(moores, actor=ACTOR, reason="abuse")
        else:
            lifecycle.pause(moores, actor=ACTOR, reason="wish")
        own = split(moores, named("Max Moore"), "leave_behind").result
        assert own is not None
        assert own.status == ("inactive" if who == "paused" else "suspended")

    def test_retired_numbers_of_the_leaver_lead_to_the_new_membership(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        group = merged(anna, ben, "group", main_id=member_of(anna))
        own = split(group, member_of(ben), "leave_behind").result
        for one in anna_and_ben:
            one.refresh_from_db()
        assert (anna.superseded_by, ben.superseded_by) == (group, own)
        for old, home in ((anna, group), (ben, own)):
            for named_by in ({"member_number": old.number}, {"membership_id": old.pk}):
                found = find_target(ACTOR, at=clock.now(), **named_by)
                assert (found.membership, found.redirected_from) == (home, old.pk)
        assert_audit_clean()

    def test_the_leavers_holds_go_along_and_act_for_the_new_membership(self, moores: Membership) -> None:
        earn(moores, 300, person=named("Mia Moore"))
        hold = hold_of(moores, 60, person=named("Max Moore"))
        own = split(moores, named("Max Moore"), "equal").result
        assert own is not None
        hold.refresh_from_db()
        assert (hold.account_id, hold.for_set_id) == (account_of(own).pk, own.own_set_id)
        holds.capture(hold.pk, actor=ACTOR)
        assert (account_of(own).balance, account_of(moores).balance) == (40, 200)
        assert_audit_clean()

    def test_terms_accepted_and_paid_go_along(self, moores: Membership, miles: Program) -> None:
        terms = make_terms(miles)
        max_moore = Customer.objects.get(pk=named("Max Moore"))
        today = clock.now().date()
        with audit_context(ACTOR, "test"):
            for person in (max_moore.pk, named("Mia Moore")):
                TermsAcceptance.objects.create(
                    membership=moores,
                    program=miles,
                    customer_id=person,
                    terms=terms,
                    accepted_at=clock.now(),
                    channel_id=1,
                )
            MembershipTerm.objects.create(
                membership=moores, program=miles, first_day=today, last_day=today, fee=9, currency="EUR"
            )
            moores.expires_on = today
            moores.save()
        own = split(moores, max_moore.pk, "leave_behind").result
        assert own is not None
        assert own.expires_on == today
        assert [one.customer_id for one in own.acceptances.all()] == [max_moore.pk]
        assert [(one.last_day, one.fee) for one in own.terms.all()] == [(today, 9)]

    def test_splits_and_merges_in_a_row_lose_nothing(self, anna_and_ben: list[Membership], miles: Program) -> None:
        anna, ben = anna_and_ben
        earn(anna, 100)
        earn(ben, 50)
        group = merged(anna, ben, "group", main_id=member_of(anna))
        own = split(group, member_of(ben), "by_contribution").result
        assert own is not None
        again = merged(group, own, "group", main_id=member_of(anna))
        assert again.pk not in (group.pk, own.pk)
        last = split(again, member_of(anna), "by_contribution").result
        assert last is not None
        again.refresh_from_db()
        assert (account_of(last).balance, account_of(again).balance) == (100, 50)
        for old, leads_to in ((anna, group), (group, last)):
            old.refresh_from_db()
            assert (old.end_reason, old.superseded_by) == (EndReason.MERGED, leads_to)
            assert find_target(ACTOR, at=clock.now(), member_number=old.number).membership == last
        assert_audit_clean()
