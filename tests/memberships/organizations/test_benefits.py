"""Which benefits a membership has, and why (domain 1.1, 1.8)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from common import clock
from common.errors import NotAllowed
from gateway.models import Event
from memberships import lifecycle
from memberships.benefits import benefits_of, end_benefit, grant_benefit, has_benefit
from memberships.ending import terminate
from memberships.errors import BenefitRefused, NotAMember, ReasonMissing
from memberships.models import Member, Membership, MembershipBenefit
from memberships.standings import set_standing
from programs.models import TierBenefit
from tests.changes import group_of
from tests.factories import ACTOR, actor_in, counted, make_customer, make_membership, make_program
from tests.organizations import agreement_with, employee, make_benefit, tier_called, umbrella

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def lounge(sky):
    return make_benefit(sky)


@pytest.fixture
def eva(sky) -> Membership:
    with clock.frozen(NOON):
        return make_membership(sky, "Eva")


def held(membership: Membership, at: datetime = NOON) -> list[tuple[str, str]]:
    return [(one.benefit.code, one.source) for one in benefits_of(membership, at=at)]


def give_with(tier: Any, benefit: Any) -> None:
    TierBenefit.objects.create(program_id=benefit.program_id, group_id=tier.group_id, tier=tier, benefit=benefit)


def test_a_tier_gives_its_benefits_for_as_long_as_the_membership_stands_on_it(sky, eva, lounge):
    give_with(tier_called(sky, "gold"), lounge)
    give_with(tier_called(sky, "blue"), make_benefit(sky, "wifi"))
    assert held(eva) == [("wifi", "tier")]
    later = NOON + timedelta(days=1)
    with clock.frozen(later):
        set_standing(eva, tier=tier_called(sky, "gold"), reason="wish", until=later + timedelta(days=9), actor=ACTOR)
    assert held(eva, later) == [("lounge", "tier")] and held(eva) == [("wifi", "tier")]
    (one,) = benefits_of(eva, at=later)
    assert (one.tier.code, one.since, one.until, one.given, one.customer_id) == ("gold", later, None, None, None)


def test_an_agreement_gives_its_benefits_through_its_last_day(sky, lounge):
    acme = umbrella(sky)
    made = agreement_with(acme, benefits=(lounge.pk,), valid_until=date(2026, 3, 31))
    with clock.frozen(NOON):
        eva = employee(acme)
    last = datetime(2026, 4, 1, tzinfo=UTC)
    assert held(eva, last - timedelta(seconds=1)) == [("lounge", "agreement")] and held(eva, last) == []
    (one,) = benefits_of(eva, at=NOON)
    assert (one.given.agreement, one.given.agreement_version, one.until) == (made, 1, last)


def test_one_is_given_by_hand_with_a_reason_and_taken_back(eva, lounge):
    with clock.frozen(NOON):
        given = grant_benefit(eva, benefit=lounge, reason="goodwill", actor=ACTOR)
        assert held(eva) == [("lounge", "manual")]
    assert (given.reason, given.since, given.until, given.member) == ("goodwill", NOON, None, None)
    assert given.history.first().history_change_reason == "goodwill"
    with clock.frozen(NOON + timedelta(days=1)):
        end_benefit(given, actor=ACTOR, reason="over")
    assert held(eva, NOON + timedelta(days=1)) == [] and held(eva) == [("lounge", "manual")]
    events = Event.objects.filter(kind__startswith="benefit.", subject_id=eva.pk).order_by("pk")
    facts = {"benefit": "lounge", "source": "manual", "given": given.pk}
    assert [(one.kind, one.facts) for one in events] == [("benefit.granted", facts), ("benefit.ended", facts)]


def test_one_that_ran_out_makes_room_for_another(eva, lounge):
    with clock.frozen(NOON):
        first = grant_benefit(eva, benefit=lounge, reason="trial", until=NOON + timedelta(days=1), actor=ACTOR)
        with pytest.raises(BenefitRefused):
            grant_benefit(eva, benefit=lounge, reason="again", actor=ACTOR)
    with clock.frozen(NOON + timedelta(days=2)):
        grant_benefit(eva, benefit=lounge, reason="again", actor=ACTOR)
    first.refresh_from_db()
    assert first.ended_at == NOON + timedelta(days=1)
    assert [held(eva, NOON + timedelta(hours=n)) for n in (0, 24, 48)] == [
        [("lounge", "manual")],
        [],
        [("lounge", "manual")],
    ]


def test_a_members_own_benefit_is_nobody_elses(sky, lounge):
    group = group_of(sky, "Mia Moore", "Max Moore")
    mia, max_ = Member.objects.filter(membership=group).order_by("pk")
    grant_benefit(group, benefit=lounge, reason="goodwill", customer_id=mia.customer_id, actor=ACTOR)
    now = clock.now()
    assert has_benefit(group, "lounge", at=now, member=mia)
    assert not has_benefit(group, "lounge", at=now, member=max_)
    assert not has_benefit(group, "lounge", at=now)
    with pytest.raises(NotAMember):
        grant_benefit(group, benefit=lounge, reason="goodwill", customer_id=make_customer().pk, actor=ACTOR)


def test_who_may_not_use_a_card_may_not_use_a_benefit(eva, lounge):
    grant_benefit(eva, benefit=lounge, reason="goodwill", actor=ACTOR)
    assert has_benefit(eva, "lounge", at=clock.now()) and not has_benefit(eva, "wifi", at=clock.now())
    lifecycle.suspend(eva, actor=ACTOR, reason="fraud")
    suspended = Membership.objects.get(pk=eva.pk)
    assert not has_benefit(suspended, "lounge", at=clock.now())
    assert [code for code, _ in held(suspended, clock.now())] == ["lounge"]


def test_what_makes_no_sense_is_refused(sky, eva, lounge):
    acme = umbrella(sky)
    agreement_with(acme, benefits=(lounge.pk,))
    dan = employee(acme, "Dan")
    before = counted(MembershipBenefit, Event)
    with pytest.raises(NotAllowed):
        grant_benefit(eva, benefit=lounge, reason="goodwill", actor=actor_in(sky))
    with pytest.raises(ReasonMissing):
        grant_benefit(eva, benefit=lounge, reason=" ", actor=ACTOR)
    with pytest.raises(BenefitRefused):
        grant_benefit(eva, benefit=make_benefit(make_program("sea")), reason="goodwill", actor=ACTOR)
    with pytest.raises(BenefitRefused):
        grant_benefit(eva, benefit=lounge, reason="goodwill", until=NOON, actor=ACTOR)
    with pytest.raises(BenefitRefused, match="agreement"):
        end_benefit(dan.benefits.get(), actor=ACTOR, reason="over")
    assert counted(MembershipBenefit, Event) == before
    given = grant_benefit(eva, benefit=lounge, reason="goodwill", actor=ACTOR)
    end_benefit(given, actor=ACTOR, reason="over")
    with pytest.raises(BenefitRefused, match="ended already"):
        end_benefit(given, actor=ACTOR, reason="over")
    terminate(eva, actor=ACTOR, reason="wish")
    with pytest.raises(BenefitRefused, match="has ended"):
        grant_benefit(eva, benefit=lounge, reason="goodwill", actor=ACTOR)
