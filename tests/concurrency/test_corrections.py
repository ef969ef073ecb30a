"""Races of reversals and adjustments, each with a control that takes the lock away and must see the damage."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from activities import adjusting
from activities.adjusting import AdjustmentCall, adjust_points, approve_adjustment
from activities.calls import PointsCall
from activities.earning import earn
from activities.redeeming import redeem
from activities.reversing import reverse_posting
from common.actor import Actor
from memberships.models import Membership
from points import reversals
from points.drafts import Account
from points.errors import AdjustmentDecided, NotReversible
from points.ledger import ACCOUNTS
from points.models import Adjustment, Posting, ReversalLine
from points.reversal_parts import Part
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS, ROUNDS = 8, 10


def staff(user_id: int) -> Actor:
    return Actor("user", user_id, 1, f"user {user_id}", lambda action, program_id: True, None)


@pytest.fixture
def emma(transactional_db: None) -> Membership:
    return make_membership(make_program("miles"), "Emma Rodriguez")


def race_to_reverse(membership: Membership) -> list[Any]:
    """Everybody takes 30 of the same 100 back."""
    earn(PointsCall(membership.pk, 100), actor=ACTOR)
    sale = redeem(PointsCall(membership.pk, 100), actor=ACTOR)["posting"]["id"]
    part = Part(reason_code="returned", points=30)
    return together(*[lambda: reverse_posting(sale, part, actor=ACTOR) for _ in range(THREADS)])


def test_parts_reversed_at_once_never_exceed_the_posting(emma: Membership) -> None:
    for done in range(1, ROUNDS + 1):
        results = race_to_reverse(emma)
        assert {type(one) for one in errors_in(results)} == {NotReversible}
        assert sorted(one["part"] for one in results if isinstance(one, dict)) == [1, 2, 3]
        assert account_of(emma).balance == 90 * done
    assert ReversalLine.objects.count() == 3 * ROUNDS
    assert_audit_clean()


def without_lock(account_ids: set[int], *, program_id: int) -> dict[int, Account]:
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNTS.replace("FOR NO KEY UPDATE OF a", ""), [sorted(account_ids), program_id])
        return {row[0]: Account(*row) for row in cursor.fetchall()}


@pytest.mark.control
def test_control_without_the_lock_parts_collide(emma: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reversals, "lock_accounts", without_lock)
    results = race_to_reverse(emma)
    assert {type(one) for one in errors_in(results)} != {NotReversible}


def race_to_approve(membership: Membership) -> list[Any]:
    call = AdjustmentCall(membership.pk, 5000, "goodwill")
    pk = adjust_points(call, actor=staff(1))[1]["adjustment"]["id"]

    def approving(user_id: int) -> Callable[[], Any]:
        return lambda: approve_adjustment(pk, actor=staff(user_id))

    return together(*[approving(user_id) for user_id in range(2, 2 + THREADS)])


def test_of_several_approvers_one_posts(emma: Membership) -> None:
    for done in range(1, ROUNDS + 1):
        results = race_to_approve(emma)
        assert [type(one) for one in errors_in(results)] == [AdjustmentDecided] * (THREADS - 1)
        assert account_of(emma).balance == 5000 * done
    assert Posting.objects.count() == ROUNDS
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_several_approvers_post(emma: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(adjustment_id: int) -> Adjustment:
        found = Adjustment.objects.get(pk=adjustment_id)
        time.sleep(0.2)
        return found

    monkeypatch.setattr(adjusting, "locked_adjustment", unlocked)
    race_to_approve(emma)
    assert Posting.objects.count() > 1


def race_for_the_day(first: Membership) -> list[bool]:
    """One requester adjusts eight memberships at once, where a day has room for five."""
    others = [make_membership(first.program, f"Member {n}") for n in range(THREADS - 1)]

    def adjusting_one(membership: Membership) -> Callable[[], Any]:
        return lambda: adjust_points(AdjustmentCall(membership.pk, 1000, "goodwill"), actor=staff(1))[0]

    return together(*[adjusting_one(one) for one in [first, *others]])


def test_adjustments_at_once_stay_within_the_requesters_day(emma: Membership) -> None:
    assert sorted(race_for_the_day(emma)) == [False] * 3 + [True] * 5
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_queue_the_day_is_exceeded(emma: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjusting, "queue_requester", lambda actor, *, program_id: None)
    assert sum(race_for_the_day(emma)) > 5
