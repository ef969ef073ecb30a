"""Races of the online forms, each with a control that takes the lock away and must see the damage."""

import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from activities import earning, redeeming, statements
from activities.calls import AnswerKey, PointsCall
from activities.earning import earn, earn_online
from activities.redeeming import redeem
from common import clock
from common.errors import LoyaltyError
from gateway.models import Event, IdempotencyRecord
from loyalty_site.auditing import audit
from memberships.lifecycle import reinstate, suspend
from memberships.models import Membership
from points.models import Lot, Posting
from points.sql import IS_LOCKED
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, lots_of, make_membership, make_program
from tests.statements import without
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS, ROUNDS = 8, 100


@pytest.fixture
def emma(transactional_db: None) -> Membership:
    return make_membership(make_program("miles"), "Emma Rodriguez")


# One key, one posting.


def earn_with(membership: Membership, key: AnswerKey) -> Any:
    return earn_online(PointsCall(membership.pk, 10), actor=ACTOR, key=key)


def race_for_keys(membership: Membership, rounds: int) -> None:
    keys = [AnswerKey(os.urandom(32), b"r" * 32) for _ in range(rounds)]
    together(*[lambda: [earn_with(membership, key) for key in keys] for _ in range(THREADS)])


def test_one_key_makes_one_posting_whoever_comes_first(emma: Membership) -> None:
    race_for_keys(emma, ROUNDS)
    assert Posting.objects.count() == IdempotencyRecord.objects.count() == ROUNDS
    assert account_of(emma).balance == 10 * ROUNDS
    assert_audit_clean()


@pytest.fixture
def keys_not_unique(transactional_db: None) -> Iterator[None]:
    """The tables without what makes a key unique."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_idempotencyrecord DROP CONSTRAINT idempotency_key_once")
        cursor.execute("DROP INDEX posting_key_once")
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE gateway_idempotencyrecord, points_posting CASCADE")
        cursor.execute(
            "ALTER TABLE gateway_idempotencyrecord ADD CONSTRAINT idempotency_key_once"
            " UNIQUE (channel_id, key_digest, ordinal)"
        )
        cursor.execute(
            "CREATE UNIQUE INDEX posting_key_once ON points_posting (channel_id, key_digest, ordinal)"
            " WHERE key_digest IS NOT NULL"
        )


@pytest.mark.control
def test_control_without_the_unique_key_some_key_posts_twice(emma: Membership, keys_not_unique: None) -> None:
    race_for_keys(emma, ROUNDS)
    assert Posting.objects.count() > ROUNDS


# One account, two expiry dates, the exact draws.


def fill(membership: Membership, lots: int) -> None:
    """So many lots of 3 points with two expiry dates in turn."""
    now = clock.now()
    for _ in range(lots):
        earn(PointsCall(membership.pk, 3), actor=ACTOR)
    Lot.objects.filter(pk__in=list(Lot.objects.order_by("id").values_list("pk", flat=True))[::2]).update(
        expires_at=now + timedelta(days=30)
    )
    Lot.objects.filter(expires_at=None).update(expires_at=now + timedelta(days=10))


def race_to_redeem(membership: Membership, each: int) -> list[Any]:
    return together(
        *[lambda: [redeem(PointsCall(membership.pk, 2), actor=ACTOR) for _ in range(each)] for _ in range(THREADS)]
    )


def test_parallel_redemptions_draw_exactly_the_lots_of_some_order(emma: Membership) -> None:
    fill(emma, 120)
    results = race_to_redeem(emma, 22)
    assert errors_in(results) == []
    assert account_of(emma).balance == 360 - THREADS * 22 * 2
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_first_lock_draws_go_wrong(emma: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(emma, 120)
    careless = without(statements.REDEEM, f" AND {IS_LOCKED}")
    unlocked = dataclasses.replace(redeeming.REDEEM, statements=(careless,))
    monkeypatch.setattr(redeeming, "REDEEM", unlocked)
    results = race_to_redeem(emma, 22)
    assert errors_in(results) or list(audit())


def until_one_sleeps() -> None:
    """Until the other connection has sent its first statement and sleeps before the second."""
    patience = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < patience:
            cursor.execute("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
            if cursor.fetchone() is not None:
                return
            time.sleep(0.01)
    raise AssertionError("Nobody slept.")


def test_what_becomes_able_between_the_lock_and_the_draws_waits(
    emma: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the second statement, younger, would take for able what the first did not lock."""
    earn(PointsCall(emma.pk, 10), actor=ACTOR)
    earn(PointsCall(emma.pk, 10), actor=ACTOR)
    suspend(emma, actor=ACTOR, reason="fraud")
    slowly = (statements.LOCK, statements.plain("SELECT pg_sleep(1.5)"), statements.REDEEM)
    monkeypatch.setattr(redeeming, "REDEEM", dataclasses.replace(redeeming.REDEEM, statements=slowly))

    def back_and_spent() -> Any:
        until_one_sleeps()
        reinstate(emma, actor=ACTOR, reason="cleared")
        with transaction.atomic():
            redeeming.redeem_in_general(PointsCall(emma.pk, 8), actor=ACTOR)
            time.sleep(1)

    results = together(lambda: redeeming.redeem_online(PointsCall(emma.pk, 8), actor=ACTOR), back_and_spent)
    assert results == [None, None]
    assert lots_of(emma) == [(10, 2), (10, 10)]
    assert_audit_clean()


def test_of_twenty_redemptions_of_everything_one_succeeds(emma: Membership) -> None:
    earn(PointsCall(emma.pk, 100), actor=ACTOR)
    results = together(*[lambda: redeem(PointsCall(emma.pk, 100), actor=ACTOR) for _ in range(12)])
    assert len(errors_in(results)) == 11
    assert {type(one).__name__ for one in errors_in(results)} == {"InsufficientPoints"}
    assert account_of(emma).balance == 0
    assert_audit_clean()


def test_earning_and_redeeming_at_once_lose_nothing(emma: Membership) -> None:
    earn(PointsCall(emma.pk, 1000), actor=ACTOR)

    def repeat(verb: Callable[..., Any], points: int) -> Callable[[], Any]:
        return lambda: [verb(PointsCall(emma.pk, points), actor=ACTOR) for _ in range(25)]

    results = together(*[repeat(earn, 7) for _ in range(4)], *[repeat(redeem, 5) for _ in range(4)])
    assert errors_in(results) == []
    assert account_of(emma).balance == 1000 + 4 * 25 * 7 - 4 * 25 * 5
    assert_audit_clean()


# Suspended means no posting from that moment on.


def suspend_slowly(membership: Membership) -> None:
    """The suspension stands, uncommitted, while others try."""
    time.sleep(0.05)
    with transaction.atomic():
        suspend(membership, actor=ACTOR, reason="fraud")
        time.sleep(0.2)


def earn_on(membership: Membership) -> None:
    for _ in range(60):
        try:
            earn(PointsCall(membership.pk, 1), actor=ACTOR)
        except LoyaltyError:
            return
        time.sleep(0.002)


def posted_after_the_suspension(membership: Membership) -> int:
    suspended_at = Event.objects.get(kind="membership.suspended").recorded_at
    return Posting.objects.filter(recorded_at__gt=suspended_at).count()


def test_nothing_is_earned_once_the_suspension_stands(emma: Membership) -> None:
    results = together(lambda: suspend_slowly(emma), *[lambda: earn_on(emma) for _ in range(4)])
    assert errors_in(results) == []
    assert Posting.objects.count() > 0
    assert posted_after_the_suspension(emma) == 0
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_share_lock_points_are_earned_after_it(
    emma: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked = without(statements.EARN, " FOR SHARE OF m, x")
    monkeypatch.setattr(earning, "EARN", dataclasses.replace(earning.EARN, statements=(unlocked,)))
    results = together(lambda: suspend_slowly(emma), *[lambda: earn_on(emma) for _ in range(4)])
    assert errors_in(results) == []
    assert posted_after_the_suspension(emma) > 0
