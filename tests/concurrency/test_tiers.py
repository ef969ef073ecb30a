"""Reviews and credits of the same membership at once: whoever comes second sees what the first did."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from common import clock
from memberships import reviewing, reviewing_sql
from memberships.models import Membership, TierReview, TierStanding
from memberships.reviewing import review_tiers
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR
from tests.memberships.tiers import earn_status, make_airline, member_since, tier_of
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
JUNE = datetime(2025, 6, 1, 12, tzinfo=UTC)
# The year 2026 ended in Berlin.
ENDED = datetime(2026, 12, 31, 23, tzinfo=UTC)
NOW = ENDED + timedelta(days=3)


@pytest.fixture
def air(transactional_db: None) -> Program:
    return make_airline()


@pytest.fixture
def michael(air: Program) -> Membership:
    """Gold by 2025, with 999 of 1,000 in 2026."""
    with clock.frozen(JUNE):
        membership = member_since(air, JUNE)
        earn_status(membership, 1_000)
    with clock.frozen(datetime(2026, 1, 1, 12, tzinfo=UTC)):
        review_tiers(air, actor=ACTOR)
        earn_status(membership, 999)
    return membership


@pytest.fixture
def late_point(michael: Membership, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The point that was lacking comes late, just when the review has read the figures and before it writes; how to
    wait for it."""
    credit = threading.Thread(target=_earn_late, args=(michael,))
    read = reviewing.figures_of_others

    def read_then_credit(*args: Any, **kwargs: Any) -> Any:
        figures = read(*args, **kwargs)
        if credit.ident is None:
            credit.start()
            # Behind the lock it has to wait for the review; without it is through at once.
            credit.join(timeout=1)
        return figures

    monkeypatch.setattr(reviewing, "figures_of_others", read_then_credit)
    yield lambda: credit.join(timeout=60)
    credit.join(timeout=60)


def _earn_late(membership: Membership) -> None:
    try:
        earn_status(membership, 1, at=ENDED - timedelta(seconds=1))
    finally:
        connection.close()


def test_a_late_credit_waits_for_the_review_and_repeats_it(
    air: Program, michael: Membership, late_point: Callable[[], None]
) -> None:
    with clock.frozen(NOW):
        assert review_tiers(air, actor=ACTOR) == {"lowered": 1}
        late_point()
    assert tier_of(michael) == "gold"
    assert [int(one.figure) for one in TierReview.objects.order_by("pk")][-2:] == [999, 1_000]
    assert_audit_clean()


def test_control_without_the_lock_the_rung_is_lost(
    air: Program, michael: Membership, late_point: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviewing_sql, "lock", lambda ids: None)
    with clock.frozen(NOW):
        review_tiers(air, actor=ACTOR)
        late_point()
    assert tier_of(michael) == "silver"


def test_two_runs_and_many_credits_review_everybody_once(air: Program) -> None:
    with clock.frozen(JUNE):
        people = [member_since(air, JUNE, f"Person {n}") for n in range(12)]
        for person in people:
            earn_status(person, 1_000)
    with clock.frozen(datetime(2026, 1, 1, 12, tzinfo=UTC)):
        review_tiers(air, actor=ACTOR)
    last_second = ENDED - timedelta(seconds=1)
    with clock.frozen(NOW):
        results = together(
            lambda: review_tiers(air, actor=ACTOR),
            lambda: review_tiers(air, actor=ACTOR),
            lambda: [earn_status(one, 1_000, at=last_second) for one in people[:8]],
            lambda: [earn_status(one, 600) for one in people[4:]],
            lambda: [earn_status(one, 400) for one in people[4:]],
        )
    assert errors_in(results) == []
    reviewed = sum((results[0] + results[1]).values())
    assert reviewed == len(people)
    assert {tier_of(one) for one in people} == {"gold"}
    assert TierReview.objects.filter(period_end=ENDED, again=0).count() == len(people)
    assert TierStanding.objects.filter(ended_at__isnull=True).count() == len(people)
    assert_audit_clean()


def test_batches_reviewed_at_once_come_to_the_same_as_one_after_the_other(
    air: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviewing, "AT_ONCE", 3)
    with clock.frozen(JUNE):
        for number in range(10):
            earn_status(member_since(air, JUNE, f"Member {number}"), 1_000)
    with clock.frozen(NOW):
        assert review_tiers(air, actor=ACTOR, jobs=3) == {"kept": 10, "lowered": 10}
        assert review_tiers(air, actor=ACTOR, jobs=3) == {}
    assert TierReview.objects.count() == 20
    assert_audit_clean()
