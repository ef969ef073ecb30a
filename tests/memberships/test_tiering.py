"""Upgrade at once: the qualifying credit that reaches a threshold raises the membership (domain 1.7)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from activities.adjusting import AdjustmentCall, adjust_points
from activities.calls import PointsCall
from activities.earning import earn
from activities.reversing import reverse_posting
from common import clock
from gateway.models import Event
from memberships.attributes import set_many
from memberships.figures import figures_of
from memberships.ladders import ladder_of
from memberships.models import Membership, MembershipStatus, TierStanding
from memberships.standings import set_standing
from memberships.tiering import climb_many
from points.expiry import expire_points
from points.models import PointAccountSet
from points.reversal_parts import Part
from programs.design import design_of
from programs.models import AttributeDefinition, ExpiryPolicy, FedBy, PointType, Program, Tier, TierGroup
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, counted
from tests.memberships.tiers import earn_status, make_airline, member_since, story_of, tier_of

MARCH = datetime(2026, 3, 5, 12, tzinfo=UTC)
JULY = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def air(db: None) -> Program:
    return make_airline()


@pytest.fixture
def michael(air: Program) -> Membership:
    with clock.frozen(MARCH):
        return member_since(air, MARCH)


def tier(program: Program, code: str) -> Tier:
    return Tier.objects.get(group__program=program, code=code)


def figure(membership: Membership, *, at: datetime) -> Decimal:
    design = design_of(membership.program_id)
    ladder = ladder_of(design, "ladder")
    assert ladder is not None
    period = ladder.period(at=at, enrolled_at=membership.enrolled_at, zone=design.zone)
    return figures_of({membership.pk: period}, ladder, at=at)[membership.pk]


def test_one_point_below_the_threshold_changes_nothing(michael: Membership) -> None:
    before = counted(TierStanding)
    with clock.frozen(JULY):
        earn_status(michael, 999)
    assert tier_of(michael) == "silver"
    assert counted(TierStanding) == before
    assert not Event.objects.filter(kind="tier.changed").exists()


def test_the_credit_that_reaches_the_threshold_raises_at_once_and_says_why(michael: Membership) -> None:
    with clock.frozen(JULY):
        earn_status(michael, 700)
        earn_status(michael, 320)
    standing = TierStanding.objects.get(membership=michael, ended_at__isnull=True)
    assert (standing.tier.code, standing.source, standing.since) == ("gold", "earned", JULY)
    assert standing.reason == "1,020 of 1,000 Tier Miles in 2026"
    ended = TierStanding.objects.get(membership=michael, ended_at__isnull=False)
    assert (ended.tier.code, ended.ended_at) == ("silver", JULY)
    told = Event.objects.get(kind="tier.changed")
    assert (told.subject_id, told.facts["from"], told.facts["to"]) == (michael.pk, "silver", "gold")
    rows = TierStanding.history.filter(membership_id=michael.pk).order_by("history_id")
    assert [row.history_type for row in rows] == ["+", "~", "+"]
    assert_audit_clean()


def test_a_great_credit_passes_over_rungs(michael: Membership) -> None:
    with clock.frozen(JULY):
        earn_status(michael, 5_000)
    assert story_of(michael) == [("silver", "initial"), ("diamond", "earned")]


def test_only_points_of_the_present_period_count(air: Program) -> None:
    with clock.frozen(datetime(2025, 12, 31, 22, 59, tzinfo=UTC)):
        michael = member_since(air, datetime(2025, 6, 1, tzinfo=UTC))
        # A minute before midnight in Berlin.
        earn_status(michael, 999)
    with clock.frozen(datetime(2025, 12, 31, 23, 0, tzinfo=UTC)):
        earn_status(michael, 999)
        assert figure(michael, at=clock.now()) == 999
        assert tier_of(michael) == "silver"
        earn_status(michael, 1)
    assert tier_of(michael) == "gold"


def test_redeemable_points_raise_nobody(michael: Membership) -> None:
    with clock.frozen(JULY):
        earn(PointsCall(michael.pk, 9_000), actor=ACTOR)
    assert tier_of(michael) == "silver"


def test_pending_points_do_not_count(air: Program, michael: Membership) -> None:
    status = PointType.objects.get(program=air, code="status")
    status.pending_days = 14
    status.save()
    with clock.frozen(JULY):
        earn_status(michael, 1_000)
        assert figure(michael, at=JULY) == 0
    assert tier_of(michael) == "silver"
    with clock.frozen(JULY + timedelta(days=14)):
        assert figure(michael, at=clock.now()) == 1_000


def test_points_that_expired_within_the_period_still_count(air: Program, michael: Membership) -> None:
    status = PointType.objects.get(program=air, code="status")
    status.expiry_policy, status.expiry_length = ExpiryPolicy.AFTER_DAYS, 10
    status.save()
    with clock.frozen(MARCH):
        earn_status(michael, 600)
    with clock.frozen(JULY):
        assert expire_points(air, actor=ACTOR) == 1
        assert figure(michael, at=JULY) == 600
        earn_status(michael, 400)
    assert tier_of(michael) == "gold"


def test_an_adjustment_raises_and_one_that_takes_the_points_lowers_again(michael: Membership) -> None:
    with clock.frozen(JULY):
        adjust_points(AdjustmentCall(michael.pk, 1_000, "goodwill", point_type="status"), actor=ACTOR)
        assert tier_of(michael) == "gold"
        adjust_points(AdjustmentCall(michael.pk, -1, "mistake", point_type="status"), actor=ACTOR)
    assert story_of(michael) == [("silver", "initial"), ("gold", "earned"), ("silver", "review")]


def test_reversing_what_raised_lowers_to_what_the_rest_reaches(michael: Membership) -> None:
    with clock.frozen(JULY):
        earn_status(michael, 1_000)
        posting = earn_status(michael, 4_500)["posting"]["id"]
        assert tier_of(michael) == "diamond"
        reverse_posting(posting, Part("mistake"), actor=ACTOR)
    assert tier_of(michael) == "gold"
    assert_audit_clean()


def test_reversing_lowers_nobody_below_what_they_brought_into_the_period(air: Program, michael: Membership) -> None:
    with clock.frozen(datetime(2026, 12, 1, tzinfo=UTC)):
        earn_status(michael, 1_000)
    with clock.frozen(datetime(2027, 2, 1, tzinfo=UTC)):
        posting = earn_status(michael, 5_000)["posting"]["id"]
        assert tier_of(michael) == "diamond"
        reverse_posting(posting, Part("mistake"), actor=ACTOR)
        assert tier_of(michael) == "gold"


def test_reversing_leaves_a_rung_that_was_given_by_hand(air: Program, michael: Membership) -> None:
    with clock.frozen(JULY):
        set_standing(michael, tier=tier(air, "gold"), reason="VIP", until=JULY + timedelta(days=90), actor=ACTOR)
        posting = earn_status(michael, 100)["posting"]["id"]
        reverse_posting(posting, Part("mistake"), actor=ACTOR)
    assert story_of(michael) == [("silver", "initial"), ("gold", "manual")]


def test_a_suspended_membership_does_not_climb(michael: Membership) -> None:
    michael.status = MembershipStatus.SUSPENDED
    michael.save()
    with clock.frozen(JULY):
        adjust_points(AdjustmentCall(michael.pk, 2_000, "goodwill", point_type="status"), actor=ACTOR)
    assert tier_of(michael) == "silver"


def test_a_ladder_fed_by_an_attribute_is_climbed_by_its_value(air: Program, michael: Membership) -> None:
    flights = AttributeDefinition.objects.create(program=air, code="flights", name="Flights")
    group = TierGroup.objects.create(program=air, code="fly", name="Fly", fed_by=FedBy.ATTRIBUTE, attribute=flights)
    Tier.objects.create(group=group, code="one", name="One", rank=0)
    Tier.objects.create(group=group, code="two", name="Two", rank=1, threshold=20)
    design = design_of(air.pk, fresh=True)
    with clock.frozen(JULY):
        for value, expected in (("19.5", ["one"]), ("20", ["two"])):
            set_many({(michael.pk, "flights"): Decimal(value)}, design=design, at=JULY, actor=ACTOR)
            climb_many({michael.pk: JULY}, design=design, actor=ACTOR)
            standing = TierStanding.objects.filter(membership=michael, group=group, ended_at__isnull=True)
            assert [one.tier.code for one in standing] == expected
    assert standing.get().reason == "20 of 20 Flights"


def test_a_tier_that_exempts_from_expiry_is_told_to_the_set(air: Program, michael: Membership) -> None:
    gold = tier(air, "gold")
    gold.exempt_from_expiry = True
    gold.save()
    with clock.frozen(JULY):
        posting = earn_status(michael, 1_000)["posting"]["id"]
        exempt = PointAccountSet.objects.get(pk=michael.own_set_id).exempt_until
        assert exempt is not None
        assert exempt.year == 9999
        reverse_posting(posting, Part("mistake"), actor=ACTOR)
    assert PointAccountSet.objects.get(pk=michael.own_set_id).exempt_until is None


def test_many_climb_in_one_call_and_the_same_call_again_changes_nothing(air: Program) -> None:
    with clock.frozen(JULY):
        people = [member_since(air, JULY, f"Person {n}") for n in range(3)]
        for person, points in zip(people, (999, 999, 999), strict=True):
            earn_status(person, points)
        gold = tier(air, "gold")
        gold.threshold = 999
        gold.save()
        design, events = design_of(air.pk, fresh=True), dict.fromkeys((one.pk for one in people[:2]), JULY)
        assert [one.move.membership_id for one in climb_many(events, design=design, actor=ACTOR)] == list(events)
        assert climb_many(events, design=design, actor=ACTOR) == []
    assert [tier_of(one) for one in people] == ["gold", "gold", "silver"]


def test_a_rung_stands_since_the_event_that_reached_it_whenever_that_is_processed(michael: Membership) -> None:
    with clock.frozen(JULY):
        earn_status(michael, 1_000, at=JULY - timedelta(hours=2))
    rows = TierStanding.objects.filter(membership=michael).order_by("pk").values_list("since", "ended_at")
    assert list(rows) == [(MARCH, JULY - timedelta(hours=2)), (JULY - timedelta(hours=2), None)]


def test_no_rung_stands_since_before_the_one_it_follows(michael: Membership) -> None:
    with clock.frozen(JULY):
        earn_status(michael, 1_000)
        earn_status(michael, 4_000, at=JULY - timedelta(hours=2))
    rows = TierStanding.objects.filter(membership=michael).order_by("pk").values_list("since", "ended_at")
    assert list(rows) == [(MARCH, JULY), (JULY, JULY), (JULY, None)]
