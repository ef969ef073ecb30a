"""adjust(), approve(), refuse(): limits, second persons, and what never happens alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from common import clock
from common.actor import Actor
from common.errors import NotAllowed
from customers.models import StaffCustomer
from gateway.models import Event
from memberships.models import Membership
from points.adjusting import Adjusted, Correction, adjust, approve, locked_adjustment, queue_requester, refuse
from points.errors import AdjustmentDecided, InsufficientPoints, OwnPoints, ReasonNotACode
from points.models import Adjustment, Entry, Lot, Posting
from programs.models import Program
from staff.models import User
from tests.factories import ACTOR, account_of, counted, lots_of, member_of
from tests.points.world import assert_sound, earned, figures, spent

pytestmark = pytest.mark.django_db
TABLES = (Posting, Entry, Lot, Adjustment)


def staff(user_id: int, *rights: str) -> Actor:
    return Actor("user", user_id, 1, f"user {user_id}", lambda action, program_id: action in rights, None)


AGENT = staff(11, "points:adjust")
SUPERVISOR = staff(12, "points:adjust", "points:approve")
TILL = Actor("channel", None, 2, "till", lambda action, program_id: True, None)


@pytest.fixture(autouse=True)
def sound_afterwards(db: None) -> Iterator[None]:
    yield
    assert_sound()


def correction(membership: Membership, points: int, **values: Any) -> Correction:
    person = member_of(membership)
    made = Correction(
        account=account_of(membership, values.pop("code", "miles")),
        for_set_id=membership.own_set_id,
        person_id=person,
        members=frozenset({person}),
        points=points,
        reason_code="goodwill",
    )
    return replace(made, **values)


def adjusted(membership: Membership, points: int, *, actor: Actor = AGENT, **values: Any) -> Adjusted:
    with transaction.atomic():
        queue_requester(actor, program_id=membership.program_id)
        return adjust(correction(membership, points, **values), actor=actor)


def decided(verb: Any, done: Adjusted, membership: Membership, *, actor: Actor = SUPERVISOR) -> Any:
    with transaction.atomic():
        adjustment = locked_adjustment(done.adjustment.pk)
        if verb is refuse:
            return refuse(adjustment, {member_of(membership)}, actor=actor, note="no proof")
        return approve(adjustment, correction(membership, adjustment.points), actor=actor, note="seen")


def test_within_the_limits_it_posts_at_once_with_reason_note_and_lot(michael_adams: Membership) -> None:
    done = adjusted(michael_adams, 300, note="parcel was late")
    assert done.posted is not None
    row = Posting.objects.get(pk=done.posted.id)
    assert (row.kind, row.reason_code, row.cause_kind, row.cause_id) == (
        "adjust", "goodwill", "adjustment", done.adjustment.pk
    )  # fmt: skip
    kept = Adjustment.objects.get()
    assert (kept.status, kept.points, kept.note, kept.posting_id) == ("posted", 300, "parcel was late", row.pk)
    assert (kept.requested_by_id, kept.needs_approval, kept.decided_by_id) == (11, False, None)
    lot = Lot.objects.get()
    assert (lot.amount, lot.contributor_id) == (300, member_of(michael_adams))
    account = account_of(michael_adams)
    assert (account.balance, account.lifetime_earned) == (300, 0)


def test_a_negative_one_draws_lots(michael_adams: Membership) -> None:
    earned(michael_adams, 100, days=10)
    earned(michael_adams, 100, days=5)
    adjusted(michael_adams, -120)
    assert lots_of(michael_adams) == [(100, 0), (100, 80)]


def test_qualifying_points_are_adjusted_too(michael_adams: Membership) -> None:
    adjusted(michael_adams, 70, code="status")
    assert (figures(michael_adams, "status"), figures(michael_adams)) == ((70, 0), (0, 0))


@pytest.mark.parametrize("asked", [-101, -5000])
def test_more_than_is_available_is_not_taken_nor_left_waiting(michael_adams: Membership, asked: int) -> None:
    earned(michael_adams, 100)
    before = counted(*TABLES)
    with pytest.raises(InsufficientPoints) as refused:
        adjusted(michael_adams, asked)
    assert refused.value.facts == {"available": 100, "asked": -asked, "point_type": "miles"}
    assert counted(*TABLES) == before


@pytest.mark.parametrize("reason", ["", "He called twice", "UPPER", "x" * 41])
def test_a_reason_code_is_always_needed(michael_adams: Membership, reason: str) -> None:
    before = counted(*TABLES)
    with pytest.raises(ReasonNotACode):
        adjusted(michael_adams, 10, reason_code=reason)
    assert counted(*TABLES) == before


@pytest.mark.parametrize(("points", "waits"), [(1000, False), (-1000, False), (1001, True), (-1001, True)])
def test_above_the_limit_of_a_request_it_waits(michael_adams: Membership, points: int, waits: bool) -> None:
    earned(michael_adams, 3000)
    postings = Posting.objects.count()
    done = adjusted(michael_adams, points)
    assert (done.posted is None) == waits
    assert done.adjustment.status == ("waiting" if waits else "posted")
    assert Posting.objects.count() == postings + (not waits)
    assert Event.objects.filter(kind="adjustment.requested").count() == waits


def test_a_channel_waits_above_the_limit_like_everybody(michael_adams: Membership) -> None:
    assert adjusted(michael_adams, 1000, actor=TILL).posted is not None
    assert adjusted(michael_adams, 1001, actor=TILL).posted is None


def test_a_day_of_one_membership_is_limited_whoever_asks(michael_adams: Membership, miles: Program) -> None:
    for user_id in range(20, 25):
        assert adjusted(michael_adams, 1000, actor=staff(user_id)).posted is not None
    assert adjusted(michael_adams, 1, actor=staff(30)).posted is None


def test_a_day_of_one_requester_is_limited_over_all_memberships(
    michael_adams: Membership, katrin_bauer: Membership
) -> None:
    for points in (1000, -1000, 1000):
        adjusted(michael_adams, points)
    for points in (1000, -1000):
        adjusted(katrin_bauer, points)
    assert adjusted(katrin_bauer, 1).posted is None
    assert adjusted(katrin_bauer, 1, actor=staff(31)).posted is not None


def test_the_day_is_that_of_the_programs_zone(michael_adams: Membership, miles: Program) -> None:
    miles.time_zone, miles.adjustment_day_limit = "Pacific/Auckland", 1000
    miles.save()
    noon = datetime(2031, 3, 1, 10, 30, tzinfo=UTC)  # 23:30 of 1 March in Auckland
    with clock.frozen(noon):
        assert adjusted(michael_adams, 1000).posted is not None
        assert adjusted(michael_adams, 1).posted is None
    with clock.frozen(noon + timedelta(hours=1)):
        assert adjusted(michael_adams, 1000).posted is not None


def test_what_a_second_person_approved_does_not_use_up_the_day(michael_adams: Membership) -> None:
    decided(approve, adjusted(michael_adams, 9000), michael_adams)
    assert adjusted(michael_adams, 1000).posted is not None


def test_approval_posts_and_names_both(michael_adams: Membership) -> None:
    done = adjusted(michael_adams, 5000)
    assert figures(michael_adams) == (0, 0)
    posted = decided(approve, done, michael_adams)
    kept = Adjustment.objects.get()
    assert (kept.status, kept.posting_id, kept.requested_by_id, kept.decided_by_id) == ("posted", posted.id, 11, 12)
    assert (kept.decision_note, figures(michael_adams)) == ("seen", (5000, 0))


def test_refusal_posts_nothing(michael_adams: Membership) -> None:
    done = adjusted(michael_adams, 5000)
    decided(refuse, done, michael_adams)
    kept = Adjustment.objects.get()
    assert (kept.status, kept.decision_note, kept.posting_id) == ("refused", "no proof", None)
    assert Posting.objects.count() == 0
    with pytest.raises(AdjustmentDecided):
        decided(approve, done, michael_adams)


@pytest.mark.parametrize("verb", [approve, refuse])
@pytest.mark.parametrize(
    "actor",
    [staff(11, "points:approve"), staff(13, "points:adjust"), TILL, ACTOR],
    ids=["same", "agent", "till", "run"],
)
def test_only_a_second_member_of_staff_with_the_right_decides(
    michael_adams: Membership, verb: Any, actor: Actor
) -> None:
    done = adjusted(michael_adams, 5000)
    before = counted(*TABLES)
    with pytest.raises(NotAllowed):
        decided(verb, done, michael_adams, actor=actor)
    assert counted(*TABLES) == before
    assert Adjustment.objects.get().status == "waiting"


def test_the_database_knows_no_approval_by_the_requester(michael_adams: Membership) -> None:
    done = adjusted(michael_adams, 5000)
    with pytest.raises(IntegrityError, match="adjustment_second_person"), transaction.atomic():
        Adjustment.objects.filter(pk=done.adjustment.pk).update(decided_by_id=11, status="refused")


def linked(user_id: int, membership: Membership) -> None:
    user = User.objects.create(pk=user_id, username=f"user{user_id}")
    StaffCustomer.objects.create(user=user, customer_id=member_of(membership))


def test_nobody_adjusts_their_own_points(michael_adams: Membership) -> None:
    linked(11, michael_adams)
    with pytest.raises(OwnPoints):
        adjusted(michael_adams, 10)
    assert Adjustment.objects.count() == 0


def test_nobody_linked_to_a_member_approves(michael_adams: Membership, katrin_bauer: Membership) -> None:
    linked(12, michael_adams)
    done = adjusted(michael_adams, 5000)
    with pytest.raises(OwnPoints):
        decided(approve, done, michael_adams)
    other = adjusted(katrin_bauer, 5000)
    decided(approve, other, katrin_bauer)
    assert (figures(michael_adams), figures(katrin_bauer)) == ((0, 0), (5000, 0))


def test_approval_asks_again_whether_enough_is_there(michael_adams: Membership) -> None:
    earned(michael_adams, 2000)
    done = adjusted(michael_adams, -1500)
    spent(michael_adams, 1000)
    with pytest.raises(InsufficientPoints):
        decided(approve, done, michael_adams)
    assert (figures(michael_adams), Adjustment.objects.get().status) == ((1000, 0), "waiting")
