"""Merges carried out: what moves, what stays, and that nothing is lost (domain 1.9)."""

from datetime import timedelta
from typing import Any

import pytest

from activities.calls import PointsCall
from activities.earning import earn as earn_points
from activities.redeeming import redeem
from activities.reversing import reverse_posting
from cards.models import Card
from common import clock
from common.history import audit_context
from memberships.card_holding import cards_in_hand
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import EndReason, Member, Membership, MembershipChange, StandingSource, TierStanding
from memberships.standings import open_standings
from points import holds
from points.errors import AccountClosed
from points.ledger import post
from points.models import Hold, HoldLot, Lot, PointAccount, Posting
from points.moves import Cause, Credit, NewLot
from points.reversal_parts import Part
from programs.design import design_of
from programs.models import Program, Tier
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree, anonymous, earn, group_of, one_person, owe, pair, people_of, pool_of
from tests.factories import ACTOR, account_of, member_of
from tests.queries import asked

pytestmark = pytest.mark.django_db


def merged(prime: Membership, secondary: Membership, result_type: str, **wishes: Any) -> MembershipChange:
    """Proposed, agreed and carried out; everything read anew."""
    kind = wishes.pop("kind", "merge")
    change = propose(
        Proposal(kind, prime.pk, secondary_id=secondary.pk, result_type=result_type, **wishes), actor=ACTOR
    )
    done = carry_out(agree(change), actor=ACTOR)
    for one in (prime, secondary):
        one.refresh_from_db()
    return done


def lots(account: PointAccount) -> list[tuple[int, int | None, int | None]]:
    """(left, earner, contributor) of the open lots in the order of spending."""
    found = Lot.objects.filter(account=account, remaining__gt=0).order_by("expires_at", "earned_at", "id")
    return [(lot.remaining, lot.earner_id, lot.contributor_id) for lot in found]


def gold(membership: Membership, *, since_days: int = 10) -> TierStanding:
    """Stands on Gold since some days ago."""
    tier = Tier.objects.get(group__program=membership.program, code="gold")
    with audit_context(ACTOR, "test"):
        for standing in open_standings(membership):
            standing.tier = tier
            standing.since = standing.since - timedelta(days=since_days)
            standing.source = StandingSource.EARNED
            standing.save()
    return open_standings(membership).get()


class TestIntoAPool:
    def test_both_stay_active_and_use_one_new_pool_while_qualifying_points_and_tiers_stay(
        self, anna_and_ben: list[Membership]
    ) -> None:
        anna, ben = anna_and_ben
        for membership, miles, status in ((anna, 300, 50), (ben, 200, 10)):
            earn(membership, miles)
            earn(membership, status, "status")
        gold(anna)
        change = merged(anna, ben, "shared")
        assert (anna.type, anna.status, ben.type, ben.status) == ("shared", "active", "shared", "active")
        assert anna.pool is not None
        assert anna.pool == ben.pool
        assert (anna.pool.is_pool, anna.pool.owner_id) == (True, member_of(anna))
        assert account_in_use(anna).balance == 500
        assert [account_of(one, "status").balance for one in anna_and_ben] == [50, 10]
        assert [open_standings(one).get().tier.code for one in anna_and_ben] == ["gold", "blue"]
        assert [(account_of(one).balance, account_of(one).closed) for one in anna_and_ben] == [(0, True), (0, True)]
        assert change.posting is not None
        assert (change.status, change.posting.kind, change.posting.cause_id) == ("carried_out", "merge", change.pk)
        assert_audit_clean()

    def test_a_closed_own_account_refuses_credits(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        own = account_of(anna)
        merged(anna, ben, "shared")
        postings = Posting.objects.count()
        now = clock.program_now(anna.program)
        with pytest.raises(AccountClosed):
            post(
                "earn",
                program_id=anna.program_id,
                for_set_id=anna.own_set_id,
                person_id=None,
                cause=Cause("membership", anna.pk),
                occurred_at=now,
                actor=ACTOR,
                moves=[Credit(own.pk, [NewLot(1, earned_at=now)])],
            )
        assert Posting.objects.count() == postings

    def test_lots_keep_dates_earner_and_origin_and_name_who_brought_them(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300, days=30)
        earn(ben, 200, days=10)
        before = {lot.amount: (lot.pk, lot.expires_at, lot.earned_at) for lot in Lot.objects.all()}
        merged(anna, ben, "shared")
        pool = account_in_use(anna)
        assert lots(pool) == [(200, member_of(ben), member_of(ben)), (300, member_of(anna), member_of(anna))]
        after = {lot.amount: (lot.origin_id, lot.expires_at, lot.earned_at) for lot in Lot.objects.filter(account=pool)}
        assert after == before

    def test_a_debt_stays_the_debt_of_its_person_and_is_not_repaid(self, anna_and_ben: list[Membership]) -> None:
        """Case 12: 300 and a debt of 40 make a balance of 260."""
        anna, ben = anna_and_ben
        earn(anna, 300)
        spend_into_debt(ben, 40)
        merged(anna, ben, "shared")
        pool = account_in_use(anna)
        assert (pool.balance, pool.debt) == (260, 40)
        assert [(debt.person_id, debt.remaining) for debt in pool.debts.filter(remaining__gt=0)] == [
            (member_of(ben), 40)
        ]
        assert (account_of(ben).balance, account_of(ben).debt) == (0, 0)
        assert_audit_clean()

    def test_an_open_hold_moves_with_its_lots_and_can_still_be_captured(self, anna_and_ben: list[Membership]) -> None:
        """Case 11."""
        anna, ben = anna_and_ben
        earn(anna, 300)
        earn(ben, 200)
        hold = hold_of(ben, 150)
        merged(anna, ben, "shared")
        hold.refresh_from_db()
        pool = account_in_use(anna)
        assert hold.account_id == pool.pk
        assert [(one.points, one.lot.account_id, one.lot.contributor_id) for one in hold.lots.all()] == [
            (150, pool.pk, member_of(ben))
        ]
        holds.capture(hold.pk, actor=ACTOR)
        assert account_in_use(anna).balance == 350
        assert_audit_clean()

    def test_a_hold_past_its_limit_stays_behind(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(ben, 200)
        hold = hold_of(ben, 150, seconds=60)
        with clock.frozen(clock.now() + timedelta(minutes=5)):
            merged(anna, ben, "shared")
            hold.refresh_from_db()
            assert hold.status == "lapsed"
            assert account_in_use(anna).balance == 200
            assert_audit_clean()

    def test_a_standard_membership_joins_the_pool_of_the_other(
        self, katrin_and_john: list[Membership], miles: Program
    ) -> None:
        katrin, john = katrin_and_john
        (carla,) = pair(miles, "Carla Cox")
        earn(katrin, 100)
        earn(carla, 70)
        merged(carla, katrin, "shared")
        assert carla.pool == katrin.pool
        assert carla.pool is not None
        assert account_in_use(john).balance == 170
        assert carla.pool.owner_id == member_of(katrin)
        assert_audit_clean()

    def test_two_pools_become_one_and_lots_keep_their_contributors(
        self, katrin_and_john: list[Membership], miles: Program
    ) -> None:
        katrin, john = katrin_and_john
        lena, luis = pool_of(miles, "Lena Lopez", "Luis Lopez")
        earn(john, 100)
        earn(luis, 70)
        ended = lena.pool
        merged(katrin, lena, "shared")
        luis.refresh_from_db()
        assert luis.pool == katrin.pool
        assert katrin.pool is not None
        assert katrin.pool.owner_id == member_of(katrin)
        assert lots(account_in_use(katrin)) == [
            (100, member_of(john), member_of(john)),
            (70, member_of(luis), member_of(luis)),
        ]
        assert list(PointAccount.objects.filter(account_set=ended).values_list("balance", "closed")) == [(0, True)]
        assert_audit_clean()

    def test_a_pool_is_active_since_the_latest_activity_of_its_members(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        early, late = clock.now() - timedelta(days=9), clock.now() - timedelta(days=2)
        PointAccount.objects.filter(account_set=anna.own_set_id).update(last_activity_at=early)
        PointAccount.objects.filter(account_set=ben.own_set_id).update(last_activity_at=late)
        merged(anna, ben, "shared")
        assert anna.pool is not None
        assert anna.pool.activity_at == late

    def test_statements_do_not_grow_with_the_lots(self, miles: Program) -> None:
        counts = []
        for many in (1, 30):
            first, second = pair(miles, f"A{many} B", f"C{many} D")
            for _ in range(many):
                earn(first, 2, days=20)
                earn(second, 3)
            change = agree(propose(Proposal("merge", first.pk, second.pk, result_type="shared"), actor=ACTOR))
            with asked() as captured:
                carry_out(change, actor=ACTOR)
            first.refresh_from_db()
            assert account_in_use(first).balance == 5 * many
            counts.append(len(captured))
        assert counts[1] - counts[0] <= 3, counts


class TestIntoAGroup:
    def test_a_new_group_takes_both_over_and_the_old_ones_lead_to_it(self, anna_and_ben: list[Membership]) -> None:
        """Case 2."""
        anna, ben = anna_and_ben
        for membership, miles, status in ((anna, 300, 50), (ben, 200, 10)):
            earn(membership, miles)
            earn(membership, status, "status")
        cards = set(Card.objects.values_list("pk", flat=True))
        change = merged(anna, ben, "group", main_id=member_of(ben))
        group = change.result
        assert group is not None
        assert (group.type, group.status) == ("group", "active")
        assert people_of(group) == [member_of(anna), member_of(ben)]
        assert group.main_member is not None
        assert group.main_member.customer_id == member_of(ben)
        assert (account_of(group).balance, account_of(group, "status").balance) == (500, 60)
        for old in anna_and_ben:
            assert (old.status, old.end_reason, old.superseded_by_id) == ("expired", EndReason.MERGED, group.pk)
            assert (account_of(old).closed, account_of(old, "status").closed) == (True, True)
        assert group.number not in {anna.number, ben.number}
        assert set(cards_in_hand(group).values_list("pk", flat=True)) == cards
        assert_audit_clean()

    def test_the_group_holds_the_higher_tier_with_its_date(self, anna_and_ben: list[Membership]) -> None:
        """Case 3, up to the next review."""
        anna, ben = anna_and_ben
        kept = gold(ben)
        change = merged(anna, ben, "group", main_id=member_of(anna))
        assert change.result is not None
        standing = open_standings(change.result).get()
        assert (standing.tier.code, standing.since, standing.source) == ("gold", kept.since, StandingSource.CHANGE)

    def test_the_earlier_enrolment_counts(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        change = merged(ben, anna, "group", main_id=member_of(anna))
        assert change.result is not None
        assert change.result.enrolled_at == min(anna.enrolled_at, ben.enrolled_at)

    @pytest.mark.parametrize("group_is_prime", [True, False])
    def test_a_group_keeps_its_row_number_and_main_member(
        self, moores: Membership, miles: Program, group_is_prime: bool
    ) -> None:
        (carla,) = pair(miles, "Carla Cox")
        main, number = moores.main_member, moores.number
        earn(carla, 70)
        sides = (moores, carla) if group_is_prime else (carla, moores)
        change = merged(*sides, "group")
        moores.refresh_from_db()
        assert change.result == moores
        assert (moores.main_member, moores.number, moores.status) == (main, number, "active")
        assert people_of(moores)[-1] == member_of(carla)
        assert carla.superseded_by == moores
        assert account_of(moores).balance == 70
        assert_audit_clean()

    def test_two_groups_have_one_main_member_that_of_the_prime(self, moores: Membership, miles: Program) -> None:
        """Case 9."""
        others = group_of(miles, "Olga Olsen", "Otto Olsen")
        main = moores.main_member
        merged(moores, others, "group")
        moores.refresh_from_db()
        assert (moores.main_member, len(people_of(moores))) == (main, 5)
        assert (others.status, others.superseded_by_id) == ("expired", moores.pk)
        assert_audit_clean()

    def test_a_suspended_member_stays_suspended_in_it(self, moores: Membership, miles: Program) -> None:
        others = group_of(miles, "Olga Olsen", "Otto Olsen")
        with audit_context(ACTOR, "test"):
            otto = Member.objects.get(customer__name="Otto Olsen")
            otto.suspended_at = clock.now()
            otto.save()
        merged(moores, others, "group")
        assert Member.objects.get(membership=moores, customer=otto.customer).suspended_at == otto.suspended_at


class TestOnePerson:
    def test_two_records_of_one_person_make_one_standard_membership_with_one_consent(
        self, anna_and_ben: list[Membership]
    ) -> None:
        """Case 7."""
        stays, goes = anna_and_ben
        one_person(stays, goes)
        for membership, miles, status in ((stays, 300, 50), (goes, 200, 10)):
            earn(membership, miles)
            earn(membership, status, "status")
        person = member_of(stays)
        change = merged(stays, goes, "standard")
        assert change.consents.count() == 1
        assert (stays.type, stays.status, goes.status, goes.superseded_by_id) == (
            "standard", "active", "expired", stays.pk,
        )  # fmt: skip
        account = account_of(stays)
        assert (account.balance, account.lifetime_earned, account_of(stays, "status").balance) == (500, 500, 60)
        assert stays.enrolled_at == min(stays.enrolled_at, goes.enrolled_at)
        assert set(cards_in_hand(stays).values_list("holdings__customer", flat=True)) >= {person}
        assert cards_in_hand(stays).count() == 2
        assert_audit_clean()

    def test_the_points_go_into_the_pool_the_person_is_in(
        self, katrin_and_john: list[Membership], miles: Program
    ) -> None:
        katrin, john = katrin_and_john
        (again,) = pair(miles, "Katrin Bauer again")
        one_person(katrin, again)
        earn(again, 70)
        earn(again, 5, "status")
        merged(katrin, again, "shared")
        assert account_in_use(john).balance == 70
        assert account_of(katrin, "status").balance == 5
        assert (katrin.type, katrin.pool) == ("shared", john.pool)
        assert_audit_clean()

    def test_a_debt_goes_along_with_the_consent_of_all_who_share(
        self, katrin_and_john: list[Membership], miles: Program
    ) -> None:
        katrin, john = katrin_and_john
        (again,) = pair(miles, "Katrin Bauer again")
        one_person(katrin, again)
        earn(john, 100)
        owe(again, 40)
        change = merged(katrin, again, "shared")
        assert change.consents.count() == 3
        account = account_in_use(john)
        assert (account.balance, account.debt) == (60, 40)
        assert_audit_clean()


class TestAbsorbing:
    def test_a_registered_membership_takes_the_anonymous_one_in(self, miles: Program) -> None:
        (emma,) = pair(miles, "Emma Stone")
        found = anonymous(miles)
        earn(found, 120)
        change = merged(emma, found, "", kind="absorb")
        assert [consent.customer_id for consent in change.consents.all()] == [member_of(emma)]
        assert (found.status, found.end_reason, found.superseded_by_id) == ("expired", "merged", emma.pk)
        assert account_of(emma).balance == 120
        assert sorted(cards_in_hand(emma).values_list("kind", flat=True)) == ["additional", "main"]
        assert_audit_clean()


def hold_of(membership: Membership, points: int, *, seconds: int = 900) -> Hold:
    hold = holds.place_hold(
        account_in_use(membership),
        points=points,
        for_set_id=membership.own_set_id,
        person_id=people_of(membership)[0],
        design=design_of(membership.program_id),
        actor=ACTOR,
        expires_in=seconds,
    )
    assert HoldLot.objects.filter(hold=hold).exists()
    return hold


def spend_into_debt(membership: Membership, points: int) -> None:
    """What was earned is spent and then taken back: that much is owed."""
    earned = earn_points(PointsCall(membership.pk, points), actor=ACTOR)
    redeem(PointsCall(membership.pk, points), actor=ACTOR)
    reverse_posting(earned["posting"]["id"], Part(reason_code="refund"), actor=ACTOR)


class TestCorrectionsAfterwards:
    """Captures and reversals of what happened before land where the points now live."""

    @pytest.mark.parametrize("result_type", ["shared", "group"])
    def test_an_earning_is_taken_back_from_its_lots_wherever_they_are(
        self, anna_and_ben: list[Membership], result_type: str
    ) -> None:
        anna, ben = anna_and_ben
        earned = earn_points(PointsCall(anna.pk, 100), actor=ACTOR)
        earn(ben, 40)
        done = merged(anna, ben, result_type, main_id=member_of(anna) if result_type == "group" else None)
        reverse_posting(earned["posting"]["id"], Part(reason_code="refund"), actor=ACTOR)
        assert done.result is not None
        assert lots(account_in_use(done.result)) == [(40, member_of(ben), member_of(ben))]
        assert_audit_clean()

    @pytest.mark.parametrize("result_type", ["shared", "group"])
    def test_spending_is_given_back_as_a_child_lot_with_its_date(
        self, anna_and_ben: list[Membership], result_type: str
    ) -> None:
        anna, ben = anna_and_ben
        earn(anna, 100, days=20)
        (lot,) = Lot.objects.all()
        spent = redeem(PointsCall(anna.pk, 60), actor=ACTOR)
        done = merged(anna, ben, result_type, main_id=member_of(anna) if result_type == "group" else None)
        reverse_posting(spent["posting"]["id"], Part(reason_code="mistake"), actor=ACTOR)
        assert done.result is not None
        account = account_in_use(done.result)
        assert account.balance == 100
        assert set(Lot.objects.filter(account=account).values_list("expires_at", "origin_id", "earner_id")) == {
            (lot.expires_at, lot.pk, member_of(anna))
        }
        assert_audit_clean()

    def test_a_hold_is_captured_in_the_group_its_membership_went_into(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 100)
        hold = hold_of(anna, 30)
        done = merged(anna, ben, "group", main_id=member_of(ben))
        holds.capture(hold.pk, actor=ACTOR)
        assert done.result is not None
        assert account_of(done.result).balance == 70
        assert_audit_clean()
