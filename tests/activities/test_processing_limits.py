"""What bounds the rules: caps, budgets, and the time an event belongs to."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.models import (
    Campaign,
    CampaignSpending,
    CampaignStatus,
    RuleEffect,
    RuleUse,
)
from common import clock
from memberships.models import (
    Membership,
    StandingSource,
    TierStanding,
)
from programs.models import Program, Tier
from tests.activities.ruling import PER_EURO, done, effects_of, in_force, process_all, release, waiting
from tests.audit.helpers import assert_audit_clean
from tests.factories import make_membership

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
STATUS_PER_EURO = PER_EURO | {"point_type": "status"}


# Caps and budgets.


def test_a_day_a_membership_and_the_program_are_counted(miles: Program) -> None:
    emma, adam = make_membership(miles, "Emma Stone"), make_membership(miles, "Adam Page")
    caps = ({"scope": "day", "points": 60}, {"scope": "member", "times": 2}, {"scope": "program", "points": 150})
    rule = in_force(miles, PER_EURO, caps=caps)
    with clock.frozen(NOON):
        assert process_all(waiting(emma, "50.00"), waiting(adam, "40.00")) == [50, 40]
        assert process_all(waiting(emma, "50.00"), waiting(adam, "15.00")) == [10, 15]
        assert process_all(waiting(emma, "50.00"), waiting(adam, "15.00")) == [0, 0]
    uses = RuleUse.objects.filter(rule=rule).values_list("membership_id", "day", "times", "points")
    day = NOON.date()
    assert set(uses) == {
        (emma.pk, day, 2, 60),
        (emma.pk, None, 2, 60),
        (adam.pk, day, 2, 55),
        (adam.pk, None, 2, 55),
        (None, None, 4, 115),
    }
    assert_audit_clean()


def test_activities_of_one_wave_share_a_cap_in_order_of_their_events(miles: Program) -> None:
    people = [make_membership(miles, name) for name in ("Emma Stone", "Adam Page", "Ben Cole")]
    in_force(miles, PER_EURO, caps=({"scope": "program", "points": 100},))
    with clock.frozen(NOON):
        wave = [waiting(one, "45.00", occurred_at=NOON - timedelta(hours=i)) for i, one in enumerate(people)]
        assert process_all(*wave) == [10, 45, 45]
    assert RuleUse.objects.get().points == 100
    assert_audit_clean()


def test_a_campaign_ends_with_its_budget(miles: Program) -> None:
    people = [make_membership(miles, name) for name in ("Emma Stone", "Adam Page", "Ben Cole")]
    campaign = Campaign.objects.create(
        program=miles,
        code="spring",
        name="Spring",
        status=CampaignStatus.RUNNING,
        valid_from=NOON.date(),
        valid_until=NOON.date(),
        point_budget=100,
    )
    in_force(miles, PER_EURO, campaign=campaign)
    with clock.frozen(NOON):
        assert process_all(*[waiting(one, "45.00") for one in people]) == [45, 45, 10]
        assert process_all(*[waiting(one, "45.00") for one in people]) == [0, 0, 0]
    spending = CampaignSpending.objects.get()
    assert (spending.points, spending.budget) == (100, 100)
    assert_audit_clean()


# Late events: rules, tier and card of their time.


def test_a_late_event_is_judged_by_the_version_of_its_time(michael_adams: Membership) -> None:
    rule = in_force(michael_adams.program, {"do": "credit", "points": 10})
    with clock.frozen(NOON):
        release(rule, since=NOON, actions=[{"do": "credit", "points": 99}])
        late = waiting(michael_adams, occurred_at=NOON - timedelta(seconds=1))
        due = waiting(michael_adams, occurred_at=NOON)
        done(late)
        done(due)
    versions = RuleEffect.objects.order_by("pk").values_list("points", "rule_version__version")
    assert list(versions) == [(10, 1), (99, 2)]


def test_a_late_event_finds_the_tier_of_its_time(michael_adams: Membership) -> None:
    in_force(michael_adams.program, {"do": "credit", "points": 5}, condition="tier.ladder == 'gold'")
    gold = Tier.objects.get(code="gold")
    standing = TierStanding.objects.get(membership=michael_adams)
    since = clock.now()
    standing.ended_at = since
    standing.save()
    TierStanding.objects.create(
        membership=michael_adams,
        program=michael_adams.program,
        group=gold.group,
        tier=gold,
        since=since,
        source=StandingSource.EARNED,
    )
    before, after = waiting(michael_adams, occurred_at=since - timedelta(minutes=1)), waiting(michael_adams)
    done(before)
    done(after)
    assert (effects_of(before), effects_of(after)) == ([], [("credit", "miles", 5)])
