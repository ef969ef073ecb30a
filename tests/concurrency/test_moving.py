"""Races of transfers as channels call them, and of earning with the program's lock; each with its control."""

import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from django.db import OperationalError, transaction

from activities import earning, statements, transferring
from activities.calls import PointsCall
from activities.earning import earn
from activities.transferring import TransferCall, transfer_points
from common.errors import LoyaltyError
from gateway.models import Event
from memberships.errors import MembershipNotAble
from memberships.lifecycle import suspend
from memberships.locking import locked_memberships, shared_memberships
from memberships.models import Membership
from points.errors import TransferOutOfLimits
from points.models import Posting
from programs.life import lock
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_membership, make_program
from tests.statements import without
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS, ROUNDS = 8, 25


@pytest.fixture(params=[None, 1_000_000], ids=["online", "general"])
def miles(transactional_db: None, request: pytest.FixtureRequest) -> Program:
    """With a year's limit the sender is locked alone, and the general form counts the year."""
    return make_program("miles", transfer_year_limit=request.param)


def members(program: Program, number: int, points: int = 1000) -> list[Membership]:
    made = [make_membership(program, f"Member {n}") for n in range(number)]
    for one in made:
        earn(PointsCall(one.pk, points), actor=ACTOR)
    return made


def sending(giver: Membership, taker: Membership, points: int, times: int = ROUNDS) -> Callable[[], Any]:
    call = TransferCall(giver.pk, taker.pk, points)
    return lambda: [transfer_points(call, actor=ACTOR) for _ in range(times)]


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried again after a deadlock, so that one shows."""
    monkeypatch.setattr(transferring, "retrying", lambda verb: verb())


def test_crossing_transfers_do_not_wait_for_each_other_in_a_circle(miles: Program, once: None) -> None:
    one, other = members(miles, 2)
    results = together(*[sending(one, other, 3), sending(other, one, 5)] * (THREADS // 2))
    assert errors_in(results) == []
    moved = ROUNDS * THREADS // 2
    assert account_of(one).balance == 1000 + 5 * moved - 3 * moved
    assert account_of(other).balance == 1000 - 5 * moved + 3 * moved
    assert_audit_clean()


def test_a_ring_of_transfers_leaves_everybody_with_what_they_had(miles: Program, once: None) -> None:
    ring = members(miles, THREADS)
    results = together(*[sending(one, ring[n - 1], 7) for n, one in enumerate(ring)])
    assert errors_in(results) == []
    assert [account_of(one).balance for one in ring] == [1000] * THREADS
    assert Posting.objects.filter(kind="transfer").count() == THREADS * ROUNDS
    assert_audit_clean()


@pytest.mark.parametrize("miles", [1_000_000], indirect=True)
@pytest.mark.control
def test_control_locked_as_they_are_named_they_do_wait_in_a_circle(
    miles: Program, once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_named(ids: Iterable[int]) -> list[Membership]:
        return [row for one in ids for row in locked_memberships([one])]

    monkeypatch.setattr(transferring, "locked_memberships", as_named)
    one, other = members(miles, 2)
    results = together(*[sending(one, other, 1), sending(other, one, 1)] * (THREADS // 2))
    assert {type(error) for error in errors_in(results)} == {OperationalError}


# The year's limit.


def race_for_the_year(program: Program) -> list[Any]:
    """Eight times 30 points, where a year has room for three of them."""
    giver, *takers = members(program, THREADS + 1)
    return together(*[sending(giver, taker, 30, times=1) for taker in takers])


def test_transfers_at_once_stay_within_the_year(transactional_db: None) -> None:
    results = race_for_the_year(make_program("miles", transfer_year_limit=100))
    assert [type(error) for error in errors_in(results)] == [TransferOutOfLimits] * (THREADS - 3)
    assert_audit_clean()


@pytest.mark.control
def test_control_with_the_sender_shared_the_year_is_exceeded(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transferring, "locked_memberships", shared_memberships)
    results = race_for_the_year(make_program("miles", transfer_year_limit=100))
    assert len(errors_in(results)) < THREADS - 3


# Suspended means no transfer from that moment on.


def suspend_slowly(membership: Membership) -> None:
    time.sleep(0.1)
    with transaction.atomic():
        suspend(membership, actor=ACTOR, reason="fraud")
        time.sleep(0.2)


def send_on(giver: Membership, taker: Membership) -> None:
    for _ in range(60):
        try:
            transfer_points(TransferCall(giver.pk, taker.pk, 1), actor=ACTOR)
        except MembershipNotAble:
            return


def sent_after_the_suspension() -> int:
    suspended_at = Event.objects.get(kind="membership.suspended").recorded_at
    return Posting.objects.filter(kind="transfer", recorded_at__gt=suspended_at).count()


def race_with_a_suspension(receiver_too: bool) -> list[Any]:
    giver, taker = members(make_program("miles"), 2)
    barred = taker if receiver_too else giver
    return together(lambda: suspend_slowly(barred), *[lambda: send_on(giver, taker) for _ in range(THREADS - 1)])


@pytest.mark.parametrize("receiver", [False, True], ids=["sender", "receiver"])
def test_nothing_is_sent_once_the_suspension_stands(transactional_db: None, receiver: bool) -> None:
    assert errors_in(race_with_a_suspension(receiver)) == []
    assert Posting.objects.filter(kind="transfer").exists()
    assert sent_after_the_suspension() == 0
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_share_lock_points_are_sent_after_it(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(ids: Iterable[int]) -> list[Membership]:
        return list(Membership.objects.filter(pk__in=ids).order_by("pk"))

    monkeypatch.setattr(transferring, "transfer_points_online", lambda call, **_: None)
    monkeypatch.setattr(transferring, "shared_memberships", unlocked)
    assert errors_in(race_with_a_suspension(False)) == []
    assert sent_after_the_suspension() > 0


# A locked program: what began before may still be recorded, nothing that begins afterwards is.


def race_with_the_lock(membership: Membership) -> int:
    """How many earnings that began after the lock stood were posted."""
    locked = threading.Event()

    def lock_soon() -> None:
        time.sleep(0.1)
        lock(membership.program, actor=ACTOR, reason="stocktaking")
        locked.set()

    def earn_on() -> int:
        late = 0
        while True:
            begins_late = locked.is_set()
            try:
                earn(PointsCall(membership.pk, 1), actor=ACTOR)
                late += begins_late
            except LoyaltyError:
                return late
            if late > 3:
                return late

    results = together(lock_soon, *[earn_on for _ in range(THREADS - 1)])
    assert errors_in(results) == []
    return sum(results[1:])


@pytest.mark.parametrize("miles", [None], indirect=True)
def test_nothing_that_begins_after_the_lock_of_the_program_is_earned(miles: Program) -> None:
    assert race_with_the_lock(members(miles, 1)[0]) == 0
    assert_audit_clean()


@pytest.mark.parametrize("miles", [None], indirect=True)
@pytest.mark.control
def test_control_without_the_designs_version_points_are_earned_after_the_lock(
    miles: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = re.search(r" AND dv.version = \$\d+", statements.EARN.sql.decode())
    assert version is not None
    careless = without(statements.EARN, version[0], " AND p.status = 'released'")
    monkeypatch.setattr(earning, "EARN", replace(earning.EARN, statements=(careless,)))
    assert race_with_the_lock(members(miles, 1)[0]) > 0
