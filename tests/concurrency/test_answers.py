"""The answer of a posting tells the balance behind its lock: its own lot, and what others did while it waited."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from activities.calls import PointsCall, render
from activities.earning import earn_in_general, earn_online
from activities.redeeming import redeem_online
from memberships.models import Membership
from points.balances import balances_of
from programs.design import design_of
from programs.models import ExpiryPolicy, PointType
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
WAITING = """
SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()
    AND pg_blocking_pids(pid) @> ARRAY[pg_backend_pid()]
"""


@pytest.fixture
def emma(transactional_db: None) -> Membership:
    """Her miles end 30 days after they were earned."""
    program = make_program("miles")
    miles = PointType.objects.get(program=program, code="miles")
    miles.expiry_policy, miles.expiry_length = ExpiryPolicy.AFTER_DAYS, 30
    miles.save()
    return make_membership(program, "Emma Rodriguez")


def of_default_type(membership: Membership) -> Any:
    design = design_of(membership.program_id)
    return balances_of([membership.own_set_id], design=design)[membership.own_set_id][0]


def answered(facts: Any) -> Any:
    (balance,) = render(facts)["balances"]
    return balance


def test_an_answer_is_the_balance_with_the_postings_own_lots(emma: Membership) -> None:
    earned = answered(earn_online(PointsCall(emma.pk, 70), actor=ACTOR))
    assert earned == of_default_type(emma)
    assert (earned["balance"], earned["next_expiry"]["points"]) == (70, 70)
    redeemed = answered(redeem_online(PointsCall(emma.pk, 20), actor=ACTOR))
    assert redeemed == of_default_type(emma)
    assert (redeemed["balance"], redeemed["next_expiry"]["points"]) == (50, 50)


def earned_behind(emma: Membership) -> Any:
    """The answer of an earning of 5 that waited for the lock of one of 200."""

    def first() -> None:
        with transaction.atomic():
            earn_in_general(PointsCall(emma.pk, 200), actor=ACTOR)
            until = time.monotonic() + 20
            with connection.cursor() as cursor:
                while time.monotonic() < until:
                    cursor.execute(WAITING)
                    if cursor.fetchone()[0]:
                        return
                    time.sleep(0.01)
            raise AssertionError("nobody waited")

    def second() -> Any:
        time.sleep(0.3)
        return earn_online(PointsCall(emma.pk, 5), actor=ACTOR)

    results = together(first, second)
    assert errors_in(results) == []
    return answered(results[1])


def test_an_answer_that_waited_for_the_lock_counts_what_came_before(emma: Membership) -> None:
    told = earned_behind(emma)
    assert told == of_default_type(emma)
    assert (told["balance"], told["available"], told["next_expiry"]["points"]) == (205, 205, 205)
    assert_audit_clean()


@pytest.fixture
def stale_figures(transactional_db: None) -> Iterator[None]:
    """The function as it would read by the snapshot of the statement that calls it."""
    name = "FUNCTION points_figures(bigint, timestamptz, timestamptz)"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER {name} STABLE")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER {name} VOLATILE")


@pytest.mark.control
def test_by_an_older_snapshot_the_answer_would_miss_them(emma: Membership, stale_figures: None) -> None:
    told = earned_behind(emma)
    assert (told["balance"], told["next_expiry"]) == (205, None)
