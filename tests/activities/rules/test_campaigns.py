"""Campaigns are designed, run, stopped; who is in them; what they gave."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from activities.campaigns import (
    CampaignRefused,
    CampaignWrongStatus,
    NotInCampaign,
    change_campaign,
    create_campaign,
    join_campaign,
    leave_campaign,
    put_on_list,
    results_of,
    start_campaign,
    stop_campaign,
    take_off,
)
from activities.models import (
    ActivityType,
    Campaign,
    CampaignMember,
    CampaignSpending,
    CampaignStatus,
    MemberActivity,
    RewardRule,
    RuleEffect,
)
from activities.rules.releasing import release_rule
from common import clock
from common.actor import Actor
from common.errors import NotAllowed, NotFound
from gateway.models import Event
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import Membership
from programs.errors import DesignNotAllowed
from programs.models import Label, PointType, Program
from tests.changes import agree, pair
from tests.factories import ACTOR, counted, make_membership, make_program

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SPRING: dict[str, Any] = {"name": "Spring", "valid_from": date(2026, 3, 1), "valid_until": date(2026, 3, 31)}


@pytest.fixture(autouse=True)
def march() -> Any:
    with clock.frozen(NOW):
        yield


def designed(club: Program, **given: Any) -> Campaign:
    return create_campaign(club, actor=ACTOR, **{"code": "spring", **SPRING, **given})


def running(club: Program, **given: Any) -> Campaign:
    return start_campaign(designed(club, **given), actor=ACTOR, why="spring")


def test_a_campaign_is_designed_started_and_stopped(club: Program) -> None:
    campaign = designed(club, point_budget=1000)
    assert (campaign.status, campaign.spending.points, campaign.spending.budget) == (CampaignStatus.DRAFT, 0, 1000)
    assert start_campaign(campaign, actor=ACTOR, why="spring").status == CampaignStatus.RUNNING
    with pytest.raises(CampaignWrongStatus):
        start_campaign(campaign, actor=ACTOR, why="again")
    assert stop_campaign(campaign, actor=ACTOR, why="enough").status == CampaignStatus.STOPPED
    with pytest.raises(CampaignWrongStatus):
        stop_campaign(campaign, actor=ACTOR, why="again")
    assert start_campaign(campaign, actor=ACTOR, why="more").status == CampaignStatus.RUNNING
    events = Event.objects.filter(kind__startswith="campaign.").order_by("id")
    assert list(events.values_list("kind", "facts")) == [
        (f"campaign.{kind}", {"campaign": "spring"}) for kind in ("started", "stopped", "started")
    ]
    reasons = campaign.history.order_by("history_id").values_list("history_change_reason", flat=True)
    assert list(reasons) == ["campaign designed", "spring", "enough", "more"]


def test_a_campaign_that_is_over_does_not_start(club: Program) -> None:
    over = designed(club, valid_until=date(2026, 3, 9))
    with pytest.raises(CampaignWrongStatus):
        start_campaign(over, actor=ACTOR, why="late")
    assert start_campaign(designed(club, code="last", valid_until=date(2026, 3, 10)), actor=ACTOR, why="x")


def test_mistakes_are_found_at_once(club: Program) -> None:
    designed(club)
    foreign = Label.objects.create(program=make_program("other"), code="vip", name="VIP")
    before = counted(Campaign, CampaignSpending)
    with pytest.raises(CampaignRefused) as caught:
        designed(club, name="", valid_until=date(2026, 2, 1), eligibility="label", label=foreign, point_budget=0)
    pointers = [error["pointer"] for error in caught.value.errors]
    assert pointers == ["/code", "/name", "/valid_until", "/label", "/point_budget"]
    for given in ({"eligibility": "friends"}, {"eligibility": "label"}, {"label": Label.objects.get(program=club)}):
        with pytest.raises(CampaignRefused):
            designed(club, code="other", **given)
    assert counted(Campaign, CampaignSpending) == before


def test_a_budget_is_not_below_what_was_given(club: Program) -> None:
    campaign = running(club, point_budget=1000)
    CampaignSpending.objects.update(points=600)
    with pytest.raises(CampaignRefused):
        change_campaign(campaign, actor=ACTOR, **SPRING, point_budget=599)
    assert change_campaign(campaign, actor=ACTOR, **SPRING, point_budget=600).point_budget == 600
    spending = CampaignSpending.objects.get()
    assert (spending.points, spending.budget) == (600, 600)
    change_campaign(campaign, actor=ACTOR, **SPRING)
    spending.refresh_from_db()
    assert (spending.points, spending.budget) == (600, None)


def test_whom_a_running_campaign_is_for_stays(club: Program) -> None:
    campaign = running(club)
    with pytest.raises(CampaignWrongStatus):
        change_campaign(campaign, actor=ACTOR, **SPRING, eligibility="opt_in")
    stop_campaign(campaign, actor=ACTOR, why="change")
    assert change_campaign(campaign, actor=ACTOR, **SPRING, eligibility="opt_in").eligibility == "opt_in"


def test_a_list_takes_each_membership_once_and_names_unknown_numbers(club: Program) -> None:
    campaign = designed(club, eligibility="list")
    emma, otto = make_membership(club, "Emma"), make_membership(club, "Otto")
    stranger = make_membership(make_program("other"), "Zoe")
    numbers = [emma.number, f" {otto.number} ", emma.number, "", "nobody", stranger.number]
    assert put_on_list(campaign, actor=ACTOR, numbers=numbers) == (2, ["nobody", stranger.number])
    assert put_on_list(campaign, actor=ACTOR, numbers=[emma.number]) == (0, [])
    assert set(CampaignMember.objects.values_list("membership", "left_at")) == {(emma.pk, None), (otto.pk, None)}
    assert take_off(campaign, actor=ACTOR, numbers=[f" {emma.number}", emma.number, "nobody"]) == (1, ["nobody"])
    assert set(CampaignMember.objects.values_list("membership", "left_at")) == {(emma.pk, NOW), (otto.pk, None)}
    assert take_off(campaign, actor=ACTOR, numbers=[emma.number]) == (0, [emma.number])
    assert put_on_list(campaign, actor=ACTOR, numbers=[emma.number]) == (1, [])
    assert CampaignMember.objects.filter(membership=emma).count() == 2
    assert Event.objects.filter(kind="campaign.listed").first().facts == {"campaign": "spring", "memberships": 2}


def test_a_list_is_of_campaigns_for_a_list(club: Program) -> None:
    with pytest.raises(CampaignWrongStatus):
        put_on_list(designed(club), actor=ACTOR, numbers=["1"])


def test_a_retired_number_leads_to_who_goes_on(club: Program) -> None:
    campaign = designed(club, eligibility="list")
    old, new = pair(club)
    change = propose(Proposal("merge", new.pk, old.pk, result_type="group"), actor=ACTOR)
    carry_out(agree(change), actor=ACTOR)
    group = Membership.objects.get(program=club, type="group")
    assert put_on_list(campaign, actor=ACTOR, numbers=[old.number, new.number]) == (1, [])
    assert CampaignMember.objects.get().membership_id == group.pk


def test_members_join_and_leave_while_it_runs(club: Program) -> None:
    emma = make_membership(club, "Emma")
    campaign = designed(club, eligibility="opt_in")
    with pytest.raises(CampaignWrongStatus):
        join_campaign(campaign, membership=emma, actor=ACTOR)
    start_campaign(campaign, actor=ACTOR, why="spring")
    for _ in range(2):
        join_campaign(campaign, membership=emma, actor=ACTOR)
    assert CampaignMember.objects.filter(left_at=None).count() == 1
    leave_campaign(campaign, membership=emma, actor=ACTOR)
    with pytest.raises(NotInCampaign):
        leave_campaign(campaign, membership=emma, actor=ACTOR)
    assert list(Event.objects.filter(kind__in=["campaign.joined", "campaign.left"]).values_list("kind", "facts")) == [
        (kind, {"campaign": "spring", "membership": emma.pk}) for kind in ("campaign.joined", "campaign.left")
    ]
    with pytest.raises(CampaignWrongStatus), clock.frozen(datetime(2026, 4, 1, 12, tzinfo=UTC)):
        join_campaign(campaign, membership=emma, actor=ACTOR)


def test_only_who_may_designs_and_joins(club: Program, stranger: Actor) -> None:
    emma, foreign = make_membership(club, "Emma"), make_membership(make_program("other"), "Zoe")
    campaign = running(club, eligibility="opt_in")
    before = counted(Campaign, CampaignMember, Event, Campaign.history.model)
    refused: list[Callable[[], Any]] = [
        lambda: create_campaign(club, actor=stranger, code="x", **SPRING),
        lambda: change_campaign(campaign, actor=stranger, **SPRING),
        lambda: start_campaign(campaign, actor=stranger, why="x"),
        lambda: stop_campaign(campaign, actor=stranger, why="x"),
        lambda: put_on_list(campaign, actor=stranger, numbers=[emma.number]),
    ]
    for act in refused:
        with pytest.raises(DesignNotAllowed):
            act()
    with pytest.raises(NotAllowed):
        join_campaign(campaign, membership=emma, actor=stranger)
    with pytest.raises(NotFound):
        join_campaign(campaign, membership=foreign, actor=ACTOR)
    assert counted(Campaign, CampaignMember, Event, Campaign.history.model) == before


def test_results_are_read_from_the_effects_of_its_rules(club: Program, write: Callable[..., RewardRule]) -> None:
    campaign = running(club, point_budget=1000, eligibility="all")
    ours, other = write("ours", campaign=campaign, name="Ours"), write("other")
    versions = [release_rule(rule, actor=ACTOR, why="x") for rule in (ours, other)]
    miles = PointType.objects.get(program=club, code="miles")
    emma, otto = make_membership(club, "Emma"), make_membership(club, "Otto")
    purchase = ActivityType.objects.get(program=club, code="purchase")
    for membership, days, points in ((emma, 0, 100), (emma, 1, 50), (otto, 1, 30)):
        at = NOW + timedelta(days=days)
        activity = MemberActivity.objects.create(
            program=club, type=purchase, membership=membership, channel_id=2, status="processed", occurred_at=at,
            recorded_at=at,
        )  # fmt: skip
        for position, (version, action, given) in enumerate(
            [(versions[0], "credit", points), (versions[0], "debit", -5), (versions[1], "credit", 999)], 1
        ):
            RuleEffect.objects.create(
                activity=activity, program=club, rule_version=version, position=position, action=action,
                point_type=miles, points=given,
            )  # fmt: skip
    CampaignSpending.objects.filter(campaign=campaign).update(points=180)
    found = results_of(campaign)
    assert (found.points, found.effects, found.activities, found.memberships) == (180, 6, 3, 2)
    assert (found.budget, found.left, found.members) == (1000, 820, 0)
    assert found.by_day == ((date(2026, 3, 10), 100, 2), (date(2026, 3, 11), 80, 4))
    assert found.by_rule == (("Ours", 180, 6),)
    nothing = results_of(designed(club, code="empty"))
    assert (nothing.points, nothing.memberships, nothing.by_day, nothing.left) == (0, 0, (), None)
