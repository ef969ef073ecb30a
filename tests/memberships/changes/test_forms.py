"""Changes of form carried out: a pool becomes a group, a group becomes a pool (domain 1.9)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum

from activities.calls import PointsCall
from activities.redeeming import redeem
from common import clock
from common.history import audit_context
from memberships import lifecycle
from memberships.card_holding import cards_in_hand
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import CardHolding, EndReason, Member, Membership, MembershipChange, StandingSource
from memberships.standings import open_standings
from memberships.targets import find_target
from points import holds
from points.models import Entry, Hold, Lot, PointAccount, PointAccountSet, Posting
from programs.design import design_of
from programs.models import Program, Tier
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree, customer_called, earn, owe, people_of
from tests.factories import ACTOR, account_of, member_of

pytestmark = pytest.mark.django_db


def reformed(membership: Membership, result_type: str, **wishes: Any) -> MembershipChange:
    """Proposed, agreed and carried out; the membership is read anew."""
    proposal = Proposal("merge", membership.pk, result_type=result_type, **wishes)
    done = carry_out(agree(propose(proposal, actor=ACTOR)), actor=ACTOR)
    membership.refresh_from_db()
    return done


def named(name: str) -> int:
    return customer_called(name).pk


def current_of(name: str) -> Membership:
    return Member.objects.get(customer=named(name), current=True, ended_at__isnull=True).membership


def lots(account: PointAccount) -> list[tuple[int, int | None]]:
    found = Lot.objects.filter(account=account, remaining__gt=0).order_by("expires_at", "earned_at", "id")
    return list(found.values_list("remaining", "contributor_id"))


def hold_of(membership: Membership, points: int, *, person: int | None) -> Hold:
    return holds.place_hold(
        account_in_use(membership),
        points=points,
        for_set_id=membership.own_set_id,
        person_id=person,
        design=design_of(membership.program_id),
        actor=ACTOR,
    )


def gold(membership: Membership) -> None:
    tier = Tier.objects.get(group__program=membership.program, code="gold")
    with audit_context(ACTOR, "test"):
        for standing in open_standings(membership):
            standing.tier, standing.source = tier, StandingSource.EARNED
            standing.save()


def sums_to_nothing(posting: Posting | None) -> bool:
    entries = Entry.objects.filter(posting=posting).values("account__point_type").annotate(total=Sum("amount"))
    return bool(entries) and all(row["total"] == 0 for row in entries)


class TestPoolToGroup:
    def test_all_who_share_become_one_group_with_all_points(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        pool = katrin.pool
        earn(katrin, 300, days=9)
        earn(john, 200)
        earn(katrin, 50, "status")
        earn(john, 10, "status")
        gold(john)
        cards = set(cards_in_hand(katrin)) | set(cards_in_hand(john))
        change = reformed(katrin, "group", main_id=member_of(john))
        john.refresh_from_db()
        group = change.result
        assert group is not None
        assert (group.type, group.status, people_of(group)) == ("group", "active", [member_of(katrin), member_of(john)])
        assert group.main_member is not None
        assert group.main_member.customer_id == member_of(john)
        assert lots(account_of(group)) == [(300, member_of(katrin)), (200, member_of(john))]
        assert account_of(group, "status").balance == 60
        assert open_standings(group).get().tier.code == "gold"
        for old in (katrin, john):
            assert (old.status, old.end_reason, old.superseded_by) == ("expired", EndReason.MERGED, group)
        assert list(PointAccount.objects.filter(account_set=pool).values_list("balance", "closed")) == [(0, True)]
        assert set(cards_in_hand(group)) == cards
        assert change.posting is not None
        assert (change.posting.kind, sums_to_nothing(change.posting)) == ("merge", True)
        assert Posting.objects.filter(kind="merge").count() == 1
        assert_audit_clean()

    def test_the_group_was_active_when_the_pool_was(self, katrin_and_john: list[Membership]) -> None:
        katrin, _ = katrin_and_john
        early, late = clock.now() - timedelta(days=9), clock.now() - timedelta(days=2)
        PointAccount.objects.filter(account_set=katrin.own_set_id).update(last_activity_at=early)
        PointAccount.objects.filter(account_set=katrin.pool_id).update(last_activity_at=late)
        change = reformed(katrin, "group", main_id=member_of(katrin))
        assert change.result is not None
        assert change.result.own_set.activity_at == late

    def test_holds_and_debts_come_along(self, katrin_and_john: list[Membership]) -> None:
        katrin, john = katrin_and_john
        earn(john, 200)
        hold = hold_of(katrin, 60, person=member_of(katrin))
        change = reformed(katrin, "group", main_id=member_of(katrin))
        assert change.result is not None
        holds.capture(hold.pk, actor=ACTOR)
        assert account_of(change.result).balance == 140
        redeem(PointsCall(john.pk, 40), actor=ACTOR)
        assert account_of(change.result).balance == 100
        assert_audit_clean()


class TestGroupToPool:
    def test_everyone_gets_a_shared_membership_and_the_group_is_split_up(self, moores: Membership) -> None:
        earn(moores, 300, person=named("Max Moore"), days=9)
        earn(moores, 100, person=named("Mia Moore"))
        earn(moores, 90, "status", person=named("Max Moore"))
        earn(moores, 30, "status", person=named("Mia Moore"))
        held = {one.customer_id: one.card for one in CardHolding.objects.select_related("card")}
        change = reformed(moores, "shared", policy="by_contribution")
        mia, max_moore, moe = (current_of(f"{name} Moore") for name in ("Mia", "Max", "Moe"))
        assert len({mia.pk, max_moore.pk, moe.pk, moores.pk}) == 4
        assert (moores.status, moores.end_reason, moores.superseded_by) == ("expired", EndReason.SPLIT_UP, mia)
        assert change.result == mia
        for one in (mia, max_moore, moe):
            assert (one.type, one.status, one.pool) == ("shared", "active", mia.pool)
            assert list(cards_in_hand(one)) == [held[member_of(one)]]
            assert (account_of(one).balance, account_of(one).closed) == (0, True)
        assert mia.pool is not None
        assert (mia.pool.is_pool, mia.pool.owner_id) == (True, named("Mia Moore"))
        assert lots(account_in_use(moe)) == [(300, named("Max Moore")), (100, named("Mia Moore"))]
        assert [account_of(one, "status").balance for one in (mia, max_moore, moe)] == [30, 90, 0]
        assert set(PointAccount.objects.filter(account_set=moores.own_set_id).values_list("balance", "closed")) == {
            (0, True)
        }
        assert (change.posting.kind if change.posting else "", sums_to_nothing(change.posting)) == ("merge", True)
        assert Posting.objects.filter(kind="merge").count() == 1
        assert_audit_clean()

    def test_qualifying_points_in_equal_parts_lose_none(self, moores: Membership) -> None:
        earn(moores, 100, "status", person=named("Max Moore"))
        reformed(moores, "shared", policy="equal")
        parts = [account_of(current_of(f"{name} Moore"), "status").balance for name in ("Mia", "Max", "Moe")]
        assert parts == [34, 33, 33]
        assert_audit_clean()

    def test_tiers_are_as_at_a_split(self, moores: Membership) -> None:
        gold(moores)
        earn(moores, 1000, "status", person=named("Max Moore"))
        reformed(moores, "shared", policy="by_contribution")
        tiers = {name: open_standings(current_of(f"{name} Moore")).get() for name in ("Mia", "Max", "Moe")}
        assert {name: one.tier.code for name, one in tiers.items()} == {"Mia": "blue", "Max": "gold", "Moe": "blue"}
        assert {one.source for one in tiers.values()} == {StandingSource.CHANGE}

    def test_holds_go_to_the_pool_for_who_placed_them_and_debts_stay_their_persons(self, moores: Membership) -> None:
        earn(moores, 200, person=named("Mia Moore"))
        maxs, nobodys = hold_of(moores, 60, person=named("Max Moore")), hold_of(moores, 10, person=None)
        reformed(moores, "shared", policy="equal")
        mia, max_moore = current_of("Mia Moore"), current_of("Max Moore")
        for hold, owner in ((maxs, max_moore), (nobodys, mia)):
            hold.refresh_from_db()
            assert (hold.for_set_id, hold.account_id) == (owner.own_set_id, account_in_use(mia).pk)
            holds.capture(hold.pk, actor=ACTOR)
        assert account_in_use(mia).balance == 130
        assert_audit_clean()

    def test_a_debt_comes_along(self, moores: Membership) -> None:
        owe(moores, 70, person=named("Max Moore"))
        reformed(moores, "shared", policy="equal")
        pool = account_in_use(current_of("Moe Moore"))
        assert (pool.balance, pool.debt) == (-70, 70)
        assert [(one.person_id, one.remaining) for one in pool.debts.filter(remaining__gt=0)] == [
            (named("Max Moore"), 70)
        ]
        assert_audit_clean()

    def test_everyone_and_the_pool_go_on_from_the_groups_last_activity(self, moores: Membership) -> None:
        late = clock.now() - timedelta(days=2)
        PointAccount.objects.filter(account_set=moores.own_set_id, point_type__code="miles").update(
            last_activity_at=late
        )
        reformed(moores, "shared", policy="equal")
        mia = current_of("Mia Moore")
        sets = PointAccountSet.objects.in_bulk([mia.own_set_id, mia.pool_id])
        assert {one.activity_at for one in sets.values()} == {late}

    def test_a_suspended_member_has_a_suspended_membership(self, moores: Membership) -> None:
        member = Member.objects.get(customer=named("Max Moore"))
        lifecycle.suspend_member(member, actor=ACTOR, reason="abuse")
        reformed(moores, "shared", policy="equal", main_id=named("Moe Moore"))
        assert current_of("Max Moore").status == "suspended"
        pool = current_of("Moe Moore").pool
        assert pool is not None
        assert pool.owner_id == named("Moe Moore")
        assert_audit_clean()

    def test_from_pool_to_group_and_back_everyone_has_what_they_had(
        self, katrin_and_john: list[Membership], miles: Program
    ) -> None:
        katrin, john = katrin_and_john
        earn(katrin, 300)
        earn(katrin, 50, "status")
        earn(john, 10, "status")
        gold(katrin)
        group = reformed(katrin, "group", main_id=member_of(katrin)).result
        assert group is not None
        reformed(group, "shared", policy="by_contribution")
        back = {name: current_of(name) for name in ("Katrin Bauer", "John Miller")}
        assert lots(account_in_use(back["John Miller"])) == [(300, named("Katrin Bauer"))]
        assert [account_of(one, "status").balance for one in back.values()] == [50, 10]
        assert [open_standings(one).get().tier.code for one in back.values()] == ["gold", "blue"]
        for old, now in ((katrin, back["Katrin Bauer"]), (john, back["John Miller"])):
            old.refresh_from_db()
            assert old.superseded_by == now
            found = find_target(ACTOR, at=clock.now(), member_number=old.number)
            assert (found.membership, found.redirected_from) == (now, old.pk)
        group.refresh_from_db()
        assert (group.end_reason, group.superseded_by) == (EndReason.SPLIT_UP, back["Katrin Bauer"])
        assert_audit_clean()
