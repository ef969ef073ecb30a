"""A balance is taken over from another system once, dated and bounded, by a posting of kind `opening`."""

from datetime import UTC, date, datetime, timedelta

import pytest

from activities.calls import PointsCall
from activities.opening import GivenLot, Takeover
from activities.redeeming import redeem
from common import clock
from common.actor import Actor
from common.db import in_program
from customers.models import StaffCustomer
from memberships.locking import locked_memberships
from memberships.models import Membership
from points.drafts import Posted
from points.errors import (
    AboveLimit,
    NotReversible,
    OpeningKnown,
    OpeningRefused,
    OwnPoints,
)
from points.models import Debt, Entry, Lot, Posting
from points.redating import extend
from points.reversal_parts import Part
from points.reversals import reverse
from programs.errors import NoPointType
from programs.models import ExpiryPolicy, PointType, Program
from staff.models import User
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, lots_of, make_membership, member_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def agent_without(*rights: str, user_id: int = 7) -> Actor:
    return Actor("user", user_id, 1, "ann", may=lambda action, program_id: action not in rights, programs=None)


def take_over(
    membership: Membership, *lots: GivenLot, actor: Actor = ACTOR, last: datetime | None = None
) -> Posted | None:
    with clock.frozen(NOW), in_program(membership.program_id):
        (row,) = locked_memberships([membership.pk])
        takeover = Takeover([row], program_id=row.program_id, actor=actor)
        return takeover.open(row, lots, person_id=member_of(row), last_activity_at=last)


def expire(policy: str) -> None:
    """Miles end after twelve months of that kind."""
    miles = PointType.objects.get(code="miles")
    miles.expiry_policy, miles.expiry_length = policy, 12
    miles.save()


@pytest.fixture
def michael(miles: Program) -> Membership:
    with clock.frozen(NOW - timedelta(days=1)):
        return make_membership(miles, "Michael Adams")


def test_lots_of_both_types_come_in_by_one_posting(michael: Membership) -> None:
    earned = datetime(2025, 5, 1, tzinfo=UTC)
    posted = take_over(
        michael,
        GivenLot(300, earned_at=earned, expires_on=date(2027, 12, 31)),
        GivenLot(200),
        GivenLot(40, point_type="status", earned_at=earned),
    )
    assert posted is not None
    posting = Posting.objects.get()
    assert (posting.kind, posting.cause_kind, posting.cause_id, posting.for_set_id, posting.person_id) == (
        "opening", "membership", michael.pk, michael.own_set_id, member_of(michael),
    )  # fmt: skip
    assert posting.occurred_at == NOW
    assert list(Entry.objects.order_by("id").values_list("amount", "balance_after")) == [(500, 500), (40, 40)]
    lots = Lot.objects.order_by("id").values_list("amount", "earned_at", "available_at", "expires_at", "earner_id")
    assert list(lots) == [
        (300, earned, None, datetime(2028, 1, 1, tzinfo=UTC), member_of(michael)),
        (200, NOW, None, None, member_of(michael)),
        (40, earned, None, None, member_of(michael)),
    ]
    account = account_of(michael)
    assert (account.balance, account.lifetime_earned, account.last_activity_at) == (500, 0, None)
    assert_audit_clean()


def test_nearest_expiry_is_spent_first_among_lots_taken_over(michael: Membership) -> None:
    take_over(michael, GivenLot(200), GivenLot(300, expires_on=date(2027, 12, 31)))
    redeem(PointsCall(michael.pk, 250), actor=ACTOR)
    assert lots_of(michael) == [(300, 50), (200, 200)]


def test_points_of_a_type_with_dates_are_dated_from_when_they_were_earned(michael: Membership) -> None:
    expire(ExpiryPolicy.AFTER_MONTHS)
    take_over(michael, GivenLot(300, earned_at=datetime(2025, 5, 1, tzinfo=UTC)))
    assert Lot.objects.get().expires_at == datetime(2026, 5, 2, tzinfo=UTC)


def test_points_past_their_time_are_refused(michael: Membership) -> None:
    for lot in (GivenLot(300, expires_on=date(2026, 3, 9)), GivenLot(300, expires_on=date(2026, 3, 8))):
        with pytest.raises(OpeningRefused, match="leave them out"):
            take_over(michael, lot)
    assert Posting.objects.count() == 0
    assert take_over(michael, GivenLot(300, expires_on=date(2026, 3, 10))) is not None


def test_the_same_again_is_recognized_and_posts_nothing(michael: Membership) -> None:
    lots = [GivenLot(100), GivenLot(100), GivenLot(50, earned_at=NOW - timedelta(days=9), expires_on=date(2028, 1, 1))]
    assert take_over(michael, *lots) is not None
    redeem(PointsCall(michael.pk, 120), actor=ACTOR)
    assert take_over(michael, *reversed(lots)) is None
    assert Posting.objects.filter(kind="opening").count() == 1


def test_the_same_again_is_recognized_after_an_extension(michael: Membership) -> None:
    lot = GivenLot(100, expires_on=date(2027, 1, 1))
    take_over(michael, lot)
    with clock.frozen(NOW):
        extend(Lot.objects.get().pk, last_day=date(2027, 6, 30), reason_code="goodwill", actor=ACTOR)
    assert take_over(michael, lot) is None


@pytest.mark.parametrize(
    "lots", [[GivenLot(101)], [GivenLot(100), GivenLot(100)], [GivenLot(100, expires_on=date(2029, 1, 1))]]
)
def test_another_balance_for_the_same_account_is_refused(michael: Membership, lots: list[GivenLot]) -> None:
    take_over(michael, GivenLot(100))
    with pytest.raises(OpeningKnown, match="Adjust"):
        take_over(michael, *lots)
    assert account_of(michael).balance == 100


def test_another_type_may_follow_but_not_beside_a_known_one(michael: Membership) -> None:
    take_over(michael, GivenLot(100))
    with pytest.raises(OpeningKnown):
        take_over(michael, GivenLot(100), GivenLot(5, point_type="status"))
    assert take_over(michael, GivenLot(5, point_type="status")) is not None
    assert account_of(michael, "status").balance == 5


def test_points_owed_are_taken_over_as_a_debt(michael: Membership) -> None:
    take_over(michael, GivenLot(-70))
    assert (account_of(michael).balance, Debt.objects.get().remaining) == (-70, 70)
    assert take_over(michael, GivenLot(-70)) is None
    with pytest.raises(OpeningRefused):
        take_over(michael, GivenLot(5, point_type="status"), GivenLot(-5, point_type="status"))
    assert_audit_clean()


def test_an_opening_balance_is_not_reversed(michael: Membership) -> None:
    posted = take_over(michael, GivenLot(100))
    assert posted is not None
    with pytest.raises(NotReversible), in_program(michael.program_id):
        reverse(Posting.objects.get(pk=posted.id), Part("other"), actor=ACTOR)


def test_points_that_live_from_the_last_activity(michael: Membership) -> None:
    expire(ExpiryPolicy.INACTIVITY)
    with pytest.raises(OpeningRefused, match="no date of their own"):
        take_over(michael, GivenLot(100, expires_on=date(2028, 1, 1)))
    with pytest.raises(OpeningRefused, match="that is over"):
        take_over(michael, GivenLot(100), last=datetime(2025, 1, 1, tzinfo=UTC))
    last = datetime(2025, 11, 1, tzinfo=UTC)
    take_over(michael, GivenLot(100), last=last)
    assert account_of(michael).last_activity_at == last
    assert Posting.objects.get().occurred_at == last


@pytest.mark.parametrize(
    ("lot", "last"),
    [
        (GivenLot(1, earned_at=NOW + timedelta(seconds=1)), None),
        (GivenLot(1), NOW + timedelta(seconds=1)),
    ],
)
def test_nothing_taken_over_lies_in_the_future(michael: Membership, lot: GivenLot, last: datetime | None) -> None:
    with pytest.raises(OpeningRefused, match="future"):
        take_over(michael, lot, last=last)
    assert Posting.objects.count() == 0


def test_an_unknown_type_is_refused(michael: Membership) -> None:
    with pytest.raises(NoPointType):
        take_over(michael, GivenLot(1, point_type="stars"))


def test_above_the_limits_it_needs_the_right_to_approve(michael: Membership, miles: Program) -> None:
    alone = agent_without("points:approve")
    with pytest.raises(AboveLimit):
        take_over(michael, GivenLot(600), GivenLot(401), actor=alone)
    assert Posting.objects.count() == 0
    assert take_over(michael, GivenLot(600), GivenLot(400), actor=alone) is not None
    others = [make_membership(miles, f"Member {n}") for n in range(6)]
    for other in others[:4]:
        take_over(other, GivenLot(1000), actor=alone)
    with pytest.raises(AboveLimit):
        take_over(others[4], GivenLot(1), actor=alone)
    assert take_over(others[4], GivenLot(10**6), actor=agent_without()) is not None
    # Another agent's day is another one's.
    assert take_over(others[5], GivenLot(1), actor=agent_without("points:approve", user_id=8)) is not None


def test_nobody_takes_over_points_of_their_own(michael: Membership) -> None:
    user = User.objects.create(username="ann", is_staff=True)
    StaffCustomer.objects.create(user=user, customer_id=member_of(michael))
    with pytest.raises(OwnPoints):
        take_over(michael, GivenLot(1), actor=agent_without(user_id=user.pk))
    assert Posting.objects.count() == 0
