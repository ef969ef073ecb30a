"""The end of a membership that shares a pool: its member leaves by the program's rule, without consent (domain 1.5)."""

from datetime import timedelta

import pytest

from common import clock
from common.history import audit_context
from customers.models import CustomerStatus
from memberships.changes.leaving import leaving_change
from memberships.changes.plan import Proposal
from memberships.changes.preview import preview_of
from memberships.changes.proposing import propose
from memberships.ending import terminate
from memberships.errors import ProgramNotOpen, SplitFirst, WrongStatus
from memberships.exits import end_for_erasure, erasure_obstacles
from memberships.lifecycle import reinstate
from memberships.models import ChangeParty, Consent, EndReason, Membership, MembershipChange
from points import holds
from points.errors import HoldTooLarge
from points.models import Lot, PointAccount, Posting
from programs.design import design_of
from programs.models import LeavingRule, Program, ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, customer_called, earn, organization_pool, pair, pool_of
from tests.ending import expired
from tests.factories import ACTOR, account_of, member_of

pytestmark = pytest.mark.django_db


def lots(account: PointAccount) -> list[tuple[int, int | None]]:
    found = Lot.objects.filter(account=account, remaining__gt=0).order_by("expires_at", "earned_at", "id")
    return list(found.values_list("remaining", "contributor_id"))


def three(program: Program) -> list[Membership]:
    return pool_of(program, "Katrin Bauer", "John Miller", "Lena Lopez")


def refreshed(*memberships: Membership) -> None:
    for one in memberships:
        one.refresh_from_db()


def ruled(program: Program, rule: LeavingRule) -> None:
    program.leaving_rule = rule
    with audit_context(ACTOR, "test"):
        program.save()


def test_the_member_leaves_everything_behind_and_the_membership_ends(miles: Program) -> None:
    katrin, john, lena = three(miles)
    earn(john, 300)
    earn(john, 20, "status")
    terminate(john, actor=ACTOR, reason="moved away")
    refreshed(katrin, john)
    assert (john.type, john.status, john.end_reason, john.pool) == ("standard", "expired", EndReason.TERMINATED, None)
    assert (account_of(john).balance, account_of(john, "status").balance) == (0, 20)
    assert (katrin.type, lots(account_in_use(katrin))) == ("shared", [(300, None)])
    change = MembershipChange.objects.get()
    assert (change.kind, change.status, change.basis, change.policy) == ("split", "carried_out", "end", "leave_behind")
    assert (change.prime_id, change.leaver_id, change.reason) == (john.pk, member_of(john), "moved away")
    assert set(ChangeParty.objects.values_list("membership_id", "is_open")) == {
        (one.pk, False) for one in (katrin, john, lena)
    }
    assert not Consent.objects.exists()
    assert_audit_clean()


def test_by_contribution_the_points_come_along_and_rest(miles: Program) -> None:
    ruled(miles, LeavingRule.BY_CONTRIBUTION)
    katrin, john, _ = three(miles)
    earn(john, 300)
    earn(katrin, 100)
    terminate(john, actor=ACTOR, reason="wish")
    refreshed(john)
    assert (account_of(john).balance, account_in_use(katrin).balance) == (300, 100)
    assert john.rests_until is not None
    back = reinstate(john, actor=ACTOR, reason="regret")
    assert (back.type, back.status, account_of(back).balance) == ("standard", "active", 300)
    assert_audit_clean()


def test_a_pool_of_one_dissolves_in_the_same_transaction(katrin_and_john: list[Membership]) -> None:
    katrin, john = katrin_and_john
    earn(john, 300)
    pool = katrin.pool
    terminate(john, actor=ACTOR, reason="wish", end_reason=EndReason.DECEASED)
    refreshed(katrin, john)
    assert (john.status, john.end_reason) == ("expired", EndReason.DECEASED)
    assert (katrin.type, katrin.status, katrin.pool) == ("standard", "active", None)
    assert lots(account_of(katrin)) == [(300, member_of(katrin))]
    assert list(PointAccount.objects.filter(account_set=pool).values_list("balance", "closed")) == [(0, True)]
    assert_audit_clean()


def test_an_organizations_pool_lives_on(miles: Program) -> None:
    organization, (ann, bob) = organization_pool(miles, "Ann Lee", "Bob Lee")
    earn(bob, 50)
    terminate(ann, actor=ACTOR, reason="wish")
    terminate(bob, actor=ACTOR, reason="wish")
    refreshed(organization, ann, bob)
    assert [one.status for one in (ann, bob, organization)] == ["expired", "expired", "active"]
    assert PointAccount.objects.get(account_set=organization.pool_id).balance == 50


def test_the_pool_of_a_leaving_owner_goes_to_the_living_member_who_takes_part_for_longest(miles: Program) -> None:
    katrin, john, lena = three(miles)
    with audit_context(ACTOR, "test"):
        person = customer_called("John Miller")
        person.status = CustomerStatus.DECEASED
        person.save()
    terminate(katrin, actor=ACTOR, reason="wish")
    refreshed(lena)
    assert lena.pool is not None
    assert lena.pool.owner_id == member_of(lena)


def test_open_changes_of_the_pool_lapse(katrin_and_john: list[Membership], miles: Program) -> None:
    katrin, john = katrin_and_john
    (carla,) = pair(miles, "Carla Cox")
    change = propose(Proposal("merge", katrin.pk, secondary_id=carla.pk, result_type="shared"), actor=ACTOR)
    terminate(john, actor=ACTOR, reason="wish")
    change.refresh_from_db()
    assert change.status == "lapsed"
    assert not ChangeParty.objects.filter(is_open=True).exists()
    assert_audit_clean()


def test_a_hold_larger_than_what_goes_along_is_named_and_nothing_ends(katrin_and_john: list[Membership]) -> None:
    katrin, john = katrin_and_john
    earn(john, 300)
    hold = holds.place_hold(
        account_in_use(john),
        points=60,
        for_set_id=john.own_set_id,
        person_id=member_of(john),
        design=design_of(john.program_id),
        actor=ACTOR,
    )
    with pytest.raises(HoldTooLarge) as refused:
        terminate(john, actor=ACTOR, reason="wish")
    refreshed(katrin, john)
    assert refused.value.facts["hold"] == hold.pk
    assert (john.type, john.status, katrin.type) == ("shared", "active", "shared")
    assert not MembershipChange.objects.exists()
    holds.release(hold.pk, actor=ACTOR)
    terminate(john, actor=ACTOR, reason="wish")
    assert_audit_clean()


def test_ending_twice_is_refused(katrin_and_john: list[Membership]) -> None:
    _, john = katrin_and_john
    terminate(john, actor=ACTOR, reason="wish")
    with pytest.raises(WrongStatus):
        terminate(john, actor=ACTOR, reason="wish")
    assert MembershipChange.objects.count() == 1


def test_in_a_locked_program_nobody_leaves_a_pool(katrin_and_john: list[Membership], miles: Program) -> None:
    _, john = katrin_and_john
    with audit_context(ACTOR, "test"):
        miles.status = ProgramStatus.LOCKED
        miles.save()
    with pytest.raises(ProgramNotOpen):
        terminate(john, actor=ACTOR, reason="wish")
    refreshed(john)
    assert (john.type, john.status) == ("shared", "active")


def test_one_member_of_a_group_is_not_ended_but_split_off(moores: Membership) -> None:
    max_moore = customer_called("Max Moore").pk
    with pytest.raises(SplitFirst) as refused:
        terminate(moores, actor=ACTOR, reason="wish", customer_id=max_moore)
    moores.refresh_from_db()
    assert (refused.value.facts["cure"], moores.status) == ("split", "active")
    assert "split" in refused.value.message


def test_a_group_as_a_whole_ends_for_everybody(moores: Membership) -> None:
    assert terminate(moores, actor=ACTOR, reason="wish").status == "expired"
    assert_audit_clean()


def test_the_daily_run_ends_shared_memberships_too_and_waits_for_holds(miles: Program) -> None:
    katrin, john, lena = three(miles)
    earn(katrin, 100)
    yesterday = clock.program_now(miles).date() - timedelta(days=1)
    with audit_context(ACTOR, "test"):
        for one in (katrin, john):
            one.expires_on = yesterday
            one.save()
    hold = holds.place_hold(
        account_in_use(katrin),
        points=60,
        for_set_id=katrin.own_set_id,
        person_id=member_of(katrin),
        design=design_of(miles.pk),
        actor=ACTOR,
    )
    assert expired(miles, dry_run=True) == [john.number]
    assert expired(miles) == [john.number]
    refreshed(katrin, john, lena)
    assert [(one.type, one.status) for one in (katrin, john, lena)] == [
        ("shared", "active"),
        ("standard", "expired"),
        ("shared", "active"),
    ]
    holds.release(hold.pk, actor=ACTOR)
    assert expired(miles) == [katrin.number]
    assert expired(miles) == []
    refreshed(katrin, lena)
    assert (katrin.end_reason, lena.type, account_of(lena).balance) == (EndReason.TERM_END, "standard", 100)
    assert_audit_clean()


def test_what_an_end_would_mean_is_a_draft_that_changes_nothing(katrin_and_john: list[Membership]) -> None:
    _, john = katrin_and_john
    change = leaving_change(john, actor=ACTOR, reason="wish")
    assert (change.pk, change.status, change.basis, change.policy) == (None, "draft", "end", "leave_behind")
    assert not MembershipChange.objects.exists()
    assert not Posting.objects.exists()


def test_an_end_is_previewed_like_any_split(katrin_and_john: list[Membership]) -> None:
    katrin, john = katrin_and_john
    earn(katrin, 101)
    preview = preview_of(leaving_change(katrin, actor=ACTOR, reason="wish"), actor=ACTOR)
    assert preview.row == "leave_pool"
    assert [one.customer for one in preview.people] == [member_of(katrin), member_of(john)]
    assert [(one.before, one.after) for one in preview.totals if one.point_type == "miles"] == [(101, 101)]
    refreshed(katrin)
    assert (katrin.type, account_in_use(katrin).balance) == ("shared", 101)
    assert not MembershipChange.objects.exists()


def test_erasing_a_customer_ends_a_shared_membership_the_same_way(katrin_and_john: list[Membership]) -> None:
    katrin, john = katrin_and_john
    earn(john, 50)
    person = customer_called("John Miller")
    assert erasure_obstacles(person, actor=ACTOR) == []
    end_for_erasure(person, actor=ACTOR)
    refreshed(katrin, john)
    assert (john.status, john.end_reason) == ("expired", EndReason.CUSTOMER_CLOSED)
    assert (katrin.type, account_of(katrin).balance) == ("standard", 50)
    assert_audit_clean()


def test_who_is_in_a_group_is_not_erased_before_the_split(moores: Membership) -> None:
    (obstacle,) = erasure_obstacles(customer_called("Mia Moore"), actor=ACTOR)
    assert (obstacle.code, obstacle.facts["main"]) == ("shares_group", True)
    assert "hand the main place over" in obstacle.message
