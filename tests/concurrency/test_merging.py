"""Merges beside redeeming, earning and other merges; each with its control."""

import dataclasses
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import IntegrityError

from activities import earning, redeeming, statements
from activities.calls import PointsCall
from activities.earning import earn
from activities.redeeming import redeem
from loyalty_site.auditing import audit
from memberships.changes import side_locks
from memberships.changes.errors import MembershipBusy
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import ChangeParty, Membership, MembershipChange
from points.sql import IS_LOCKED
from programs.design import forget_designs
from tests.audit.helpers import assert_audit_clean
from tests.concurrency.changing import MERGE, agreed, fill, slowly, total
from tests.factories import ACTOR, make_membership, make_program, member_of
from tests.statements import without
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS, TIMES, LOTS = 8, 6, 40


@pytest.fixture
def two(transactional_db: None) -> list[Membership]:
    """Katrin and John with forty lots of three points each."""
    program = make_program("miles")
    made = [make_membership(program, name) for name in ("Katrin Bauer", "John Miller")]
    for one in made:
        fill(one, LOTS)
    return made


def race(
    two: list[Membership],
    verb: Callable[..., Any],
    points: int,
    result_type: str = "shared",
    *,
    early: int = THREADS // 2,
) -> list[Any]:
    """Everybody posts to both memberships while they are merged: `early` of them from before on, the others come to
    wait for the merge and go on at the same moment."""
    asked: dict[str, Any] = {"main_id": member_of(two[0])} if result_type == "group" else {}
    change = agreed(MERGE, *two, result_type=result_type, **asked)

    def post(membership: Membership, *, late: bool) -> Callable[[], Any]:
        def run() -> list[Any]:
            time.sleep(0.25 if late else 0)
            return [verb(PointsCall(membership.pk, points), actor=ACTOR) for _ in range(TIMES)]

        return run

    return together(slowly(change), *[post(two[n % 2], late=n >= early) for n in range(THREADS)])


# Merge and redeem.


@pytest.mark.parametrize("result_type", ["shared", "group"])
def test_who_waited_for_the_merge_redeems_by_the_rules_of_what_it_made(two: list[Membership], result_type: str) -> None:
    assert errors_in(race(two, redeem, 2, result_type)) == []
    assert total() == 2 * 3 * LOTS - 2 * TIMES * THREADS
    assert_audit_clean()


@pytest.fixture
def slow_redemptions(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Between its two statements a redemption takes its time."""

    def slow(*left_out: str) -> None:
        draw = without(statements.REDEEM, *left_out)
        steps = (statements.LOCK, statements.plain("SELECT pg_sleep(0.2)"), draw)
        monkeypatch.setattr(redeeming, "REDEEM", dataclasses.replace(redeeming.REDEEM, statements=steps))

    return slow


def test_a_pool_that_arose_while_a_redemption_waited_is_locked_before_it_is_drawn_on(
    two: list[Membership], slow_redemptions: Callable[..., None]
) -> None:
    """The first statement began before there was a pool: it can't have locked the pool's account."""
    slow_redemptions()
    assert errors_in(race(two, redeem, 2, early=0)) == []
    assert total() == 2 * 3 * LOTS - 2 * TIMES * THREADS
    assert_audit_clean()


@pytest.mark.control
def test_control_drawing_on_a_pool_that_is_not_locked_goes_wrong(
    two: list[Membership], slow_redemptions: Callable[..., None]
) -> None:
    slow_redemptions(f" AND {IS_LOCKED}")
    assert errors_in(race(two, redeem, 2, early=0)) or list(audit())


# Merge and earn.


@pytest.mark.parametrize("result_type", ["shared", "group"])
def test_nothing_is_earned_on_an_account_that_a_merge_has_emptied(two: list[Membership], result_type: str) -> None:
    assert errors_in(race(two, earn, 5, result_type)) == []
    assert total() == 2 * 3 * LOTS + 5 * TIMES * THREADS
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_memberships_lock_points_land_on_the_emptied_account(
    two: list[Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Besides the lock a closed account refuses credits; both are out of the way here."""
    careless = without(statements.EARN, " FOR SHARE OF m, x", " AND NOT a.closed")
    monkeypatch.setattr(earning, "EARN", dataclasses.replace(earning.EARN, statements=(careless,)))
    # The form that filled the accounts is kept with the design.
    forget_designs()
    race(two, earn, 5, early=0)
    assert "A05" in {one.invariant.id for one in audit()}


# Merge and merge with a common source.


def race_for_the_common_one() -> list[Any]:
    """Anna is wanted by everybody at once."""
    program = make_program("miles")
    anna, *others = [make_membership(program, f"Member {n}") for n in range(5)]

    def want(other: Membership) -> Callable[[], MembershipChange]:
        sides = sorted((anna.pk, other.pk), reverse=other.pk % 2 == 0)
        return lambda: propose(Proposal(MERGE, sides[0], secondary_id=sides[1], result_type="shared"), actor=ACTOR)

    return together(*[want(other) for other in others])


def test_of_merges_with_a_common_source_one_is_proposed_and_the_others_are_told(transactional_db: None) -> None:
    results = race_for_the_common_one()
    (proposed,) = [one for one in results if isinstance(one, MembershipChange)]
    assert {(type(one), one.facts["change"]) for one in errors_in(results)} == {(MembershipBusy, proposed.pk)}
    assert MembershipChange.objects.count() == 1
    assert ChangeParty.objects.count() == 2
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_memberships_lock_the_database_alone_decides(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(ids: Iterable[int], **_: Any) -> list[Membership]:
        return list(Membership.objects.filter(pk__in=ids).order_by("pk"))

    monkeypatch.setattr(side_locks, "locked_memberships", unlocked)
    results = race_for_the_common_one()
    assert IntegrityError in {type(one) for one in errors_in(results)}
    assert len(errors_in(results)) == 3
