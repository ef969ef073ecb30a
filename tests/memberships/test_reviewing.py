"""The review of tiers at the end of every kind of period (domain 1.7)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.reversing import reverse_posting
from common import clock
from customers.models import Message
from gateway.models import Event
from memberships.attributes import set_many
from memberships.changes.record import Record
from memberships.exits import delete_membership
from memberships.inheritance import end_inheritance
from memberships.ladders import ladders_of
from memberships.models import Membership, MembershipStatus, TierReview, TierStanding
from memberships.reviewing import Reviewed, review_tiers
from memberships.standings import RuleStanding, set_standing, stand_by_rule_many
from points.reversal_parts import Part
from programs.design import design_of
from programs.models import (
    AttributeDefinition,
    Downgrade,
    FedBy,
    PointType,
    Program,
    ProgramStatus,
    Run,
    Tier,
    TierGroup,
    TierPeriod,
)
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, counted
from tests.memberships.tiers import earn_status, make_airline, member_since, reviews_of, story_of, tier_of
from tests.organizations import agreement_with, employee, tier_called, umbrella

# Midnight in Berlin, in winter and in summer.
NEW_YEAR_26 = datetime(2025, 12, 31, 23, tzinfo=UTC)
NEW_YEAR_27 = datetime(2026, 12, 31, 23, tzinfo=UTC)
NEW_YEAR_28 = datetime(2027, 12, 31, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)
JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def air(db: None) -> Program:
    return make_airline()


def joined(program: Program, at: datetime, points: int = 0, name: str = "Michael Adams") -> Membership:
    """Enrolled then, with so many status points earned at that time."""
    with clock.frozen(at):
        membership = member_since(program, at, name)
        if points:
            earn_status(membership, points)
    return membership


def review(program: Program, at: datetime, **options: Any) -> dict[str, int]:
    with clock.frozen(at):
        return dict(review_tiers(program, actor=ACTOR, **options))


class TestCalendarYear:
    def test_nothing_is_due_before_the_local_midnight_that_ends_it(self, air: Program) -> None:
        joined(air, JUNE, 5_000)
        before = counted(TierReview, TierStanding)
        assert review(air, NEW_YEAR_27 - SECOND) == {}
        assert counted(TierReview, TierStanding) == before

    def test_who_reached_the_rung_in_the_period_keeps_it(self, air: Program) -> None:
        michael = joined(air, JUNE, 1_000)
        assert review(air, NEW_YEAR_27) == {"kept": 1}
        assert reviews_of(michael) == [(0, 1_000, "gold", "gold")]
        assert story_of(michael) == [("silver", "initial"), ("gold", "earned")]

    def test_who_did_not_falls_one_rung_and_reads_why(self, air: Program) -> None:
        michael = joined(air, JUNE, 5_000)
        review(air, NEW_YEAR_27)
        assert review(air, NEW_YEAR_28) == {"lowered": 1}
        assert story_of(michael)[-1] == ("gold", "review")
        standing = TierStanding.objects.get(membership=michael, ended_at__isnull=True)
        assert (standing.since, standing.reason) == (NEW_YEAR_28, "0 of 5,000 Tier Miles in 2027")
        told = Event.objects.filter(kind="tier.changed").latest("pk")
        assert (told.facts["from"], told.facts["to"], told.facts["source"]) == ("diamond", "gold", "review")
        notices = Message.objects.filter(template="tier_changed").order_by("pk")
        assert [one.once_key for one in notices][-1] == f"standing:{standing.pk}"
        assert_audit_clean()

    def test_who_earned_it_again_before_the_review_ran_stands_on_it_after_the_review(self, air: Program) -> None:
        michael = joined(air, JUNE)
        with clock.frozen(JUNE):
            earn_status(michael, 1_000)
        review(air, NEW_YEAR_27)
        for day, points in ((1, 600), (2, 400)):
            with clock.frozen(NEW_YEAR_28 + timedelta(days=day)):
                earn_status(michael, points)
        heard: list[tuple[str, str]] = []
        counts = review(
            air, NEW_YEAR_28 + timedelta(days=3), progress=lambda one: heard.append((one.before.code, one.after.code))
        )
        assert (counts, heard) == ({"kept": 1}, [])
        assert story_of(michael) == [("silver", "initial"), ("gold", "earned")]
        assert reviews_of(michael)[-1] == (0, 0, "gold", "silver")
        assert review(air, NEW_YEAR_28 + timedelta(days=4)) == {}

    def test_who_lost_it_by_one_missed_year_and_has_it_again_by_the_next_hears_nothing(self, air: Program) -> None:
        michael = joined(air, JUNE, 1_000)
        with clock.frozen(NEW_YEAR_28 + timedelta(days=30)):
            earn_status(michael, 1_200)
        before = counted(TierStanding, Event, Message)
        assert review(air, datetime(2029, 1, 10, tzinfo=UTC)) == {"kept": 3}
        assert [row[1:] for row in reviews_of(michael)] == [
            (1_000, "gold", "gold"), (0, "gold", "silver"), (1_200, "silver", "gold"),
        ]  # fmt: skip
        assert counted(TierStanding, Event, Message) == before

    def test_who_lost_two_rungs_by_two_missed_years_is_told_once(self, air: Program) -> None:
        michael = joined(air, JUNE, 5_000)
        assert review(air, datetime(2029, 1, 10, tzinfo=UTC)) == {"kept": 1, "lowered": 1}
        assert story_of(michael)[1:] == [("diamond", "earned"), ("silver", "review")]
        told = Event.objects.filter(kind="tier.changed").latest("pk")
        assert (told.facts["from"], told.facts["to"]) == ("diamond", "silver")

    def test_a_ladder_may_lower_to_what_was_earned(self, db: None) -> None:
        air = make_airline(downgrade=Downgrade.TO_EARNED)
        michael = joined(air, JUNE, 5_000)
        review(air, NEW_YEAR_27)
        assert review(air, NEW_YEAR_28) == {"lowered": 1}
        assert tier_of(michael) == "silver"

    def test_the_highest_rung_reached_counts_where_it_is_no_lower_than_one_below(self, air: Program) -> None:
        michael = joined(air, JUNE, 5_000)
        with clock.frozen(NEW_YEAR_27 + timedelta(days=90)):
            earn_status(michael, 1_500)
        review(air, NEW_YEAR_28)
        assert reviews_of(michael)[-1] == (0, 1_500, "diamond", "gold")

    def test_twice_changes_nothing(self, air: Program) -> None:
        joined(air, JUNE, 5_000)
        joined(air, JUNE, 10, "Emma Stone")
        assert review(air, NEW_YEAR_27) == {"kept": 2}
        assert review(air, NEW_YEAR_28) == {"lowered": 1, "kept": 1}
        before = counted(TierReview, TierStanding, Event, Message)
        assert review(air, NEW_YEAR_28) == {}
        assert review(air, NEW_YEAR_28 + timedelta(days=30)) == {}
        assert counted(TierReview, TierStanding, Event, Message) == before

    def test_a_dry_run_tells_whom_it_would_touch_and_touches_nobody(self, air: Program) -> None:
        michael = joined(air, JUNE, 5_000)
        review(air, NEW_YEAR_27)
        before = counted(TierReview, TierStanding, Event, Message)
        told: list[Reviewed] = []
        assert review(air, NEW_YEAR_28, dry_run=True, progress=told.append) == {"lowered": 1}
        assert [(one.membership_id, one.before.code, one.after.code) for one in told] == [
            (michael.pk, "diamond", "gold")
        ]
        assert counted(TierReview, TierStanding, Event, Message) == before
        assert list(Run.objects.order_by("pk").values_list("dry_run", "counts")) == [
            (False, {"kept": 1}),
            (True, {"lowered": 1}),
        ]

    def test_periods_that_were_missed_are_made_up_one_by_one(self, air: Program) -> None:
        michael = joined(air, JUNE, 5_000)
        air.status = ProgramStatus.LOCKED
        air.save()
        assert review(air, NEW_YEAR_28) == {}
        air.status = ProgramStatus.RELEASED
        air.save()
        at = datetime(2029, 2, 1, tzinfo=UTC)
        assert review(air, at) == {"kept": 1, "lowered": 1}
        assert reviews_of(michael) == [
            (0, 5_000, "diamond", "diamond"),
            (0, 0, "diamond", "gold"),
            (0, 0, "gold", "silver"),
        ]

    def test_who_is_suspended_is_reviewed_once_reinstated(self, air: Program) -> None:
        michael = joined(air, JUNE, 5_000)
        review(air, NEW_YEAR_27)
        michael.refresh_from_db()
        michael.status = MembershipStatus.SUSPENDED
        michael.save()
        assert review(air, NEW_YEAR_28) == {}
        michael.status = MembershipStatus.ACTIVE
        michael.save()
        assert review(air, NEW_YEAR_28 + timedelta(days=40)) == {"lowered": 1}

    def test_an_interrupted_run_goes_on_where_it_stopped(self, air: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        people = [joined(air, JUNE, 5_000, f"Person {n}") for n in range(4)]
        review(air, NEW_YEAR_27)
        monkeypatch.setattr("memberships.reviewing.AT_ONCE", 2)
        heard: list[int] = []

        def crash(reviewed: Reviewed) -> None:
            heard.append(reviewed.membership_id)
            if len(heard) == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            review(air, NEW_YEAR_28, progress=crash)
        assert [tier_of(one) for one in people] == ["gold", "gold", "diamond", "diamond"]
        assert Run.objects.latest("pk").problem.startswith("KeyboardInterrupt")
        assert review(air, NEW_YEAR_28) == {"lowered": 2}
        assert [len(reviews_of(one)) for one in people] == [2, 2, 2, 2]

    def test_another_program_is_left_alone(self, air: Program) -> None:
        other = make_airline("sea")
        emma = joined(other, JUNE, 5_000, "Emma Stone")
        assert review(air, NEW_YEAR_28) == {}
        assert tier_of(emma) == "diamond"


def test_an_anniversary_ends_by_the_day_of_enrolment_also_of_a_leap_day(db: None) -> None:
    air = make_airline(period=TierPeriod.ANNIVERSARY)
    michael = joined(air, datetime(2024, 2, 29, 12, tzinfo=UTC), 1_000)
    emma = joined(air, datetime(2024, 3, 1, 12, tzinfo=UTC), 1_000, "Emma Stone")
    # Clamped to 28 February: the year runs out with the midnight before it, in Berlin.
    end = datetime(2025, 2, 27, 23, tzinfo=UTC)
    assert review(air, end - SECOND) == {}
    assert review(air, end) == {"kept": 1}
    assert review(air, datetime(2026, 2, 27, 23, tzinfo=UTC)) == {"lowered": 1, "kept": 1}
    assert (tier_of(michael), tier_of(emma)) == ("silver", "gold")
    standing = TierStanding.objects.get(membership=michael, ended_at__isnull=True)
    assert standing.reason == "0 of 1,000 Tier Miles from 2025-02-28 to 2026-02-27"
    assert review(air, datetime(2026, 2, 28, 23, tzinfo=UTC)) == {"lowered": 1}


def test_a_rolling_period_loses_a_day_with_each_local_midnight(db: None) -> None:
    air = make_airline(period=TierPeriod.ROLLING_MONTHS, period_months=6, downgrade=Downgrade.TO_EARNED)
    earned = datetime(2026, 1, 15, 9, tzinfo=UTC)
    michael = joined(air, earned, 1_000)
    midnight = datetime(2026, 7, 14, 22, tzinfo=UTC)
    assert review(air, midnight - SECOND) == {}
    assert review(air, midnight) == {"lowered": 1}
    assert reviews_of(michael) == [(0, 0, "gold", "silver")]
    assert TierReview.objects.get().period_end == midnight
    assert review(air, midnight) == {}


def test_by_one_rung_a_rolling_ladder_is_left_once_in_the_length_of_its_period(db: None) -> None:
    air = make_airline(period=TierPeriod.ROLLING_MONTHS, period_months=6)
    michael = joined(air, datetime(2026, 1, 15, 9, tzinfo=UTC), 5_000)
    lowered = datetime(2026, 7, 15, 3, tzinfo=UTC)
    assert review(air, lowered) == {"lowered": 1}
    assert review(air, lowered + timedelta(days=100)) == {}
    assert tier_of(michael) == "gold"
    assert review(air, datetime(2027, 1, 15, 3, tzinfo=UTC)) == {"lowered": 1}
    assert tier_of(michael) == "silver"


def test_a_lifetime_ladder_is_left_only_after_the_day_a_rung_was_given_until(db: None) -> None:
    air = make_airline(period=TierPeriod.LIFETIME)
    michael = joined(air, JUNE, 1_000)
    emma = joined(air, JUNE, 1_000, "Emma Stone")
    until = datetime(2026, 9, 1, tzinfo=UTC)
    with clock.frozen(JUNE):
        set_standing(emma, tier=tier_called(air, "diamond"), reason="VIP", until=until, actor=ACTOR)
    assert review(air, until - SECOND) == {}
    assert review(air, until) == {"lowered": 1}
    assert review(air, datetime(2036, 1, 1, tzinfo=UTC)) == {}
    assert (tier_of(michael), tier_of(emma)) == ("gold", "gold")


def test_by_rules_alone_a_rung_is_lost_only_after_its_day(air: Program) -> None:
    group = TierGroup.objects.create(program=air, code="club", name="Club", fed_by=FedBy.RULES)
    for rank, code in enumerate(("guest", "friend", "patron")):
        Tier.objects.create(group=group, code=code, name=code.title(), rank=rank)
    michael, until = joined(air, JUNE), JUNE + timedelta(days=30)
    wanted = RuleStanding(michael.pk, "club", "patron", until=until)
    with clock.frozen(JUNE):
        stand_by_rule_many([wanted], design=design_of(air.pk, fresh=True), at=JUNE, actor=ACTOR)
    assert review(air, until - SECOND) == {}
    assert review(air, until) == {"lowered": 1}
    assert review(air, until + timedelta(days=60)) == {}
    standing = TierStanding.objects.get(membership=michael, group=group, ended_at__isnull=True)
    assert standing.tier.code == "friend"


def test_a_ladder_fed_by_an_attribute_is_judged_by_its_present_value(air: Program) -> None:
    flights = AttributeDefinition.objects.create(program=air, code="flights", name="Flights", default="12")
    group = TierGroup.objects.get(program=air)
    group.fed_by, group.attribute, group.point_type = FedBy.ATTRIBUTE, flights, None
    group.save()
    michael = joined(air, JUNE)
    with clock.frozen(JUNE):
        set_standing(michael, tier=tier_called(air, "gold"), reason="x", until=JUNE + SECOND, actor=ACTOR)
    assert review(air, NEW_YEAR_27) == {"lowered": 1}
    assert TierReview.objects.get().figure == Decimal(12)


def test_who_stands_on_the_lowest_rung_and_never_had_a_point_is_not_reviewed_and_can_be_deleted(
    air: Program,
) -> None:
    emma = joined(air, JUNE, 0, "Emma Stone")
    assert review(air, NEW_YEAR_27) == {}
    AttributeDefinition.objects.create(program=air, code="flights", name="Flights")
    design = design_of(air.pk, fresh=True)
    set_many({(emma.pk, "flights"): 1}, design=design, at=JUNE, actor=ACTOR)
    delete_membership(emma, actor=ACTOR, reason="mistake")
    assert not Membership.objects.filter(pk=emma.pk).exists()


class TestFloors:
    def test_what_was_given_by_hand_is_not_lowered_before_its_day(self, air: Program) -> None:
        michael = joined(air, JUNE)
        with clock.frozen(JUNE):
            set_standing(
                michael, tier=tier_called(air, "diamond"), reason="VIP", until=NEW_YEAR_27 + SECOND, actor=ACTOR
            )
        assert review(air, NEW_YEAR_27) == {"kept": 1}
        assert review(air, NEW_YEAR_28) == {"lowered": 1}
        assert tier_of(michael) == "gold"

    def test_who_climbs_above_it_falls_back_to_it_and_no_further(self, db: None) -> None:
        air = make_airline(downgrade=Downgrade.TO_EARNED)
        michael = joined(air, JUNE)
        with clock.frozen(JUNE):
            until = NEW_YEAR_28 + timedelta(days=90)
            set_standing(michael, tier=tier_called(air, "gold"), reason="VIP", until=until, actor=ACTOR)
            earn_status(michael, 5_000)
        assert tier_of(michael) == "diamond"
        review(air, NEW_YEAR_27)
        review(air, NEW_YEAR_28)
        assert tier_of(michael) == "gold"
        assert review(air, datetime(2028, 12, 31, 23, tzinfo=UTC)) == {"lowered": 1}
        assert tier_of(michael) == "silver"

    def test_a_later_decision_by_hand_replaces_the_earlier(self, db: None) -> None:
        air = make_airline(downgrade=Downgrade.TO_EARNED)
        michael = joined(air, JUNE)
        with clock.frozen(JUNE):
            far = NEW_YEAR_28 + timedelta(days=900)
            set_standing(michael, tier=tier_called(air, "gold"), reason="VIP", until=far, actor=ACTOR)
        with clock.frozen(JUNE + timedelta(days=1)):
            soon = JUNE + timedelta(days=2)
            set_standing(michael, tier=tier_called(air, "diamond"), reason="Sorry", until=soon, actor=ACTOR)
        review(air, NEW_YEAR_27)
        assert tier_of(michael) == "silver"

    def test_an_agreement_without_end_keeps_its_tier_as_long_as_it_is_inherited(self, db: None) -> None:
        air = make_airline(downgrade=Downgrade.TO_EARNED)
        with clock.frozen(JUNE):
            over = umbrella(air)
            agreement_with(over, tiers=(tier_called(air, "gold").pk,))
            eva = employee(over)
            earn_status(eva, 5_000)
        assert tier_of(eva) == "diamond"
        assert review(air, NEW_YEAR_27)["kept"] == 1
        assert review(air, NEW_YEAR_28) == {"lowered": 1}
        assert tier_of(eva) == "gold"
        end_inheritance(Membership.objects.get(pk=eva.pk), at=NEW_YEAR_28, record=Record())
        assert review(air, datetime(2028, 12, 31, 23, tzinfo=UTC)) == {"lowered": 1}
        assert tier_of(eva) == "silver"


class TestAgain:
    """Late and reversed events repeat the reviews of their period."""

    def test_a_late_event_that_would_have_kept_the_rung_gives_it_back(self, air: Program) -> None:
        michael = joined(air, datetime(2025, 6, 1, tzinfo=UTC), 1_000)
        assert review(air, NEW_YEAR_26) == {"kept": 1}
        with clock.frozen(JUNE):
            earn_status(michael, 900)
        review(air, NEW_YEAR_27)
        assert tier_of(michael) == "silver"
        with clock.frozen(NEW_YEAR_27 + timedelta(days=10)):
            earn_status(michael, 100, at=NEW_YEAR_27 - SECOND)
        assert tier_of(michael) == "gold"
        assert reviews_of(michael)[1:] == [(0, 900, "gold", "silver"), (1, 1_000, "gold", "gold")]
        standing = TierStanding.objects.get(membership=michael, ended_at__isnull=True)
        assert standing.reason == "reviewed again: 1,000 of 1,000 Tier Miles in 2026"
        assert_audit_clean()

    def test_a_late_event_too_small_repeats_the_review_and_moves_nobody(self, air: Program) -> None:
        michael = joined(air, datetime(2025, 6, 1, tzinfo=UTC), 1_000)
        review(air, NEW_YEAR_26)
        review(air, NEW_YEAR_27)
        before = story_of(michael)
        with clock.frozen(NEW_YEAR_27 + timedelta(days=10)):
            earn_status(michael, 10, at=NEW_YEAR_27 - SECOND)
        assert reviews_of(michael)[-1] == (1, 10, "gold", "silver")
        assert story_of(michael) == before

    def test_a_late_event_before_the_review_ran_raises_as_if_it_had_come_in_time(self, air: Program) -> None:
        michael = joined(air, JUNE, 900)
        with clock.frozen(NEW_YEAR_27 + timedelta(days=1)):
            earn_status(michael, 100, at=NEW_YEAR_27 - SECOND)
            assert tier_of(michael) == "gold"
        assert review(air, NEW_YEAR_27 + timedelta(days=2)) == {"kept": 1}
        assert reviews_of(michael) == [(0, 1_000, "gold", "gold")]

    def test_a_late_event_leaves_what_was_reached_since(self, air: Program) -> None:
        michael = joined(air, JUNE, 900)
        review(air, NEW_YEAR_27)
        with clock.frozen(NEW_YEAR_27 + timedelta(days=10)):
            earn_status(michael, 5_000)
            earn_status(michael, 100, at=NEW_YEAR_27 - SECOND)
        assert tier_of(michael) == "diamond"

    def test_reversing_what_kept_the_rung_takes_it_again(self, air: Program) -> None:
        michael = joined(air, datetime(2025, 6, 1, tzinfo=UTC), 1_000)
        review(air, NEW_YEAR_26)
        with clock.frozen(JUNE):
            posting = earn_status(michael, 1_000)["posting"]["id"]
        review(air, NEW_YEAR_27)
        assert tier_of(michael) == "gold"
        with clock.frozen(NEW_YEAR_27 + timedelta(days=10)):
            reverse_posting(posting, Part("mistake"), actor=ACTOR)
        assert tier_of(michael) == "silver"
        assert reviews_of(michael)[-1] == (1, 0, "gold", "silver")

    def test_reversing_what_raised_in_a_former_year_takes_the_rung_altogether(self, air: Program) -> None:
        michael = joined(air, JUNE)
        with clock.frozen(JUNE):
            posting = earn_status(michael, 5_000)["posting"]["id"]
        review(air, NEW_YEAR_27)
        review(air, NEW_YEAR_28)
        assert tier_of(michael) == "gold"
        with clock.frozen(NEW_YEAR_28 + timedelta(days=10)):
            reverse_posting(posting, Part("mistake"), actor=ACTOR)
        assert tier_of(michael) == "silver"
        assert reviews_of(michael)[2:] == [(1, 0, "silver", "silver"), (1, 0, "silver", "silver")]

    def test_what_came_late_after_a_loss_in_a_year_not_reviewed_yet_gives_the_rung_back(self, air: Program) -> None:
        michael = joined(air, JUNE)
        with clock.frozen(JUNE):
            posting = earn_status(michael, 1_000)["posting"]["id"]
        with clock.frozen(NEW_YEAR_27 + timedelta(days=10)):
            reverse_posting(posting, Part("mistake"), actor=ACTOR)
            assert tier_of(michael) == "silver"
            earn_status(michael, 1_000, at=NEW_YEAR_27 - SECOND)
        assert tier_of(michael) == "gold"
        assert review(air, NEW_YEAR_27 + timedelta(days=11)) == {"kept": 1}
        assert reviews_of(michael) == [(0, 1_000, "gold", "gold")]

    def test_an_event_a_moment_ahead_in_the_new_year_is_taken_back_in_the_old(self, air: Program) -> None:
        michael = joined(air, JUNE, 1_000)
        with clock.frozen(NEW_YEAR_27 - SECOND):
            posting = earn_status(michael, 500, at=NEW_YEAR_27 + SECOND)["posting"]["id"]
            reverse_posting(posting, Part("mistake"), actor=ACTOR)
        assert tier_of(michael) == "gold"

    def test_what_is_taken_back_in_steps_lowers_step_by_step(self, air: Program) -> None:
        michael = joined(air, JUNE)
        with clock.frozen(JUNE):
            postings = [earn_status(michael, points)["posting"]["id"] for points in (900, 600, 4_000)]
            assert tier_of(michael) == "diamond"
            for posting, tier in zip(reversed(postings), ("gold", "silver", "silver"), strict=True):
                reverse_posting(posting, Part("mistake"), actor=ACTOR)
                assert tier_of(michael) == tier
        assert_audit_clean()

    def test_a_rung_given_for_a_year_reviewed_before_counts_from_the_day_it_was_given(self, air: Program) -> None:
        michael = joined(air, JUNE, 100)
        review(air, NEW_YEAR_27)
        with clock.frozen(NEW_YEAR_27 + timedelta(days=10)):
            gold = RuleStanding(michael.pk, "ladder", "gold", since=JUNE + timedelta(days=1))
            stand_by_rule_many([gold], design=design_of(air.pk), at=clock.now(), actor=ACTOR)
            posting = earn_status(michael, 10)["posting"]["id"]
            earn_status(michael, 5, at=NEW_YEAR_27 - SECOND)
            reverse_posting(posting, Part("mistake"), actor=ACTOR)
        assert tier_of(michael) == "gold"
        assert reviews_of(michael)[-1] == (1, 105, "silver", "silver")
        review(air, NEW_YEAR_28)
        assert tier_of(michael) == "silver"

    def test_reversing_leaves_the_rung_an_agreement_keeps(self, air: Program) -> None:
        with clock.frozen(JUNE):
            over = umbrella(air)
            agreement_with(over, tiers=(tier_called(air, "gold").pk,))
            eva = employee(over)
            posting = earn_status(eva, 5_000)["posting"]["id"]
        review(air, NEW_YEAR_27)
        with clock.frozen(NEW_YEAR_27 + timedelta(days=10)):
            reverse_posting(posting, Part("mistake"), actor=ACTOR)
        assert tier_of(eva) == "gold"


def test_points_that_were_pending_raise_with_the_run_of_the_day_they_are_usable(air: Program) -> None:
    status = PointType.objects.get(program=air, code="status")
    status.pending_days = 14
    status.save()
    earned = datetime(2026, 12, 28, 12, tzinfo=UTC)
    michael = joined(air, earned, 1_000)
    review(air, NEW_YEAR_27 + timedelta(hours=3))
    assert reviews_of(michael) == [(0, 0, "silver", "silver")]
    assert review(air, earned + timedelta(days=14) - SECOND) == {}
    assert tier_of(michael) == "silver"
    review(air, earned + timedelta(days=14))
    assert tier_of(michael) == "gold"
    assert reviews_of(michael)[-1] == (1, 1_000, "gold", "gold")


def test_the_run_counts_what_it_did(air: Program) -> None:
    joined(air, JUNE, 5_000)
    review(air, NEW_YEAR_27)
    run = Run.objects.get()
    assert (run.kind, run.counts, run.problem, run.started_at) == ("review_tiers", {"kept": 1}, "", NEW_YEAR_27)
    assert isinstance(review_tiers(air, actor=ACTOR, at=NEW_YEAR_27), Counter)
    assert len(ladders_of(design_of(air.pk))) == 1


def test_years_nobody_reviewed_are_judged_though_a_late_event_moved_the_rung_since(air: Program) -> None:
    air.late_grace = timedelta(days=900)
    air.save()
    michael = joined(air, JUNE, 100)
    with clock.frozen(NEW_YEAR_28 + timedelta(days=90)):
        earn_status(michael, 1_000, at=JUNE + timedelta(days=1))
    assert tier_of(michael) == "gold"
    assert review(air, NEW_YEAR_28 + timedelta(days=91)) == {"kept": 1, "lowered": 1}
    assert [row[1:] for row in reviews_of(michael)] == [(1_100, "gold", "gold"), (0, "gold", "silver")]
