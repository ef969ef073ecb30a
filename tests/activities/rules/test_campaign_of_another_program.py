"""Who takes part in another program too is put on a campaign's list, and taken off it again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.campaigns import (
    Brought,
    CampaignWrongStatus,
    create_campaign,
    put_members_of,
    put_on_list,
    take_back,
)
from activities.models import Campaign, CampaignMember
from common import clock
from common.actor import Actor
from common.errors import NotAllowed, NotFound
from gateway.models import Event
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.labels import add_label
from memberships.models import Membership
from memberships.standings import set_standing
from programs.errors import DesignNotAllowed
from programs.models import Label, Program, Tier
from tests.changes import group_of
from tests.factories import ACTOR, counted, make_customer, make_membership, make_program

TODAY = clock.now().date()
DAYS: dict[str, Any] = {"valid_from": TODAY, "valid_until": TODAY + timedelta(30)}


@pytest.fixture
def sky(db: None) -> Program:
    return make_program("sky")


@pytest.fixture
def campaign(club: Program) -> Campaign:
    return create_campaign(club, actor=ACTOR, code="spring", name="Spring", eligibility="list", **DAYS)


def in_both(name: str, one: Program, other: Program) -> tuple[Membership, Membership]:
    customer = make_customer(name)
    return enrol(customer, program=one, actor=ACTOR), enrol(customer, program=other, actor=ACTOR)


def listed(campaign: Campaign) -> set[int]:
    return set(CampaignMember.objects.filter(campaign=campaign, left_at=None).values_list("membership", flat=True))


def test_only_who_takes_part_in_both_is_put_on_it_and_once(club: Program, sky: Program, campaign: Campaign) -> None:
    _, emma = in_both("Emma Stone", sky, club)
    _, otto = in_both("Otto Hahn", sky, club)
    make_membership(sky, "Only There")
    make_membership(club, "Only Here")
    put_on_list(campaign, actor=ACTOR, numbers=[emma.number])
    assert put_members_of(campaign, actor=ACTOR, program=sky) == Brought(there=3, here=2, put=1)
    assert listed(campaign) == {emma.pk, otto.pk}
    assert put_members_of(campaign, actor=ACTOR, program=sky) == Brought(there=3, here=2, put=0)
    facts = Event.objects.filter(kind="campaign.listed").order_by("id").values_list("facts", flat=True)
    assert list(facts)[1:] == [
        {"campaign": "spring", "memberships": 1, "of_program": "sky"},
        {"campaign": "spring", "memberships": 0, "of_program": "sky"},
    ]


def test_a_tier_means_it_and_those_above_and_a_label_those_who_have_it(
    club: Program, sky: Program, campaign: Campaign
) -> None:
    emma_there, emma = in_both("Emma Stone", sky, club)
    otto_there, otto = in_both("Otto Hahn", sky, club)
    vip = Label.objects.create(program=sky, code="vip", name="VIP")
    gold, blue = Tier.objects.get(group__program=sky, code="gold"), Tier.objects.get(group__program=sky, code="blue")
    assert put_members_of(campaign, actor=ACTOR, program=sky, label=vip) == Brought(0, 0, 0)
    add_label(otto_there, code="vip", actor=ACTOR, reason="asked")
    until = clock.now() + timedelta(300)
    set_standing(emma_there, tier=gold, reason="met at the gate", until=until, actor=ACTOR)
    assert put_members_of(campaign, actor=ACTOR, program=sky, tier=gold, label=vip) == Brought(0, 0, 0)
    assert put_members_of(campaign, actor=ACTOR, program=sky, tier=gold) == Brought(1, 1, 1)
    assert listed(campaign) == {emma.pk}
    assert put_members_of(campaign, actor=ACTOR, program=sky, label=vip) == Brought(1, 1, 1)
    assert listed(campaign) == {emma.pk, otto.pk}
    assert put_members_of(campaign, actor=ACTOR, program=sky, tier=blue) == Brought(2, 2, 0)


def test_who_ended_there_or_here_does_not_count(club: Program, sky: Program, campaign: Campaign) -> None:
    gone_there, _ = in_both("Emma Stone", sky, club)
    _, gone_here = in_both("Otto Hahn", sky, club)
    for one in (gone_there, gone_here):
        terminate(one, actor=ACTOR, reason="asked")
    assert put_members_of(campaign, actor=ACTOR, program=sky) == Brought(there=1, here=0, put=0)
    assert listed(campaign) == set()


def test_what_one_list_brought_is_taken_back_and_nothing_else(club: Program, sky: Program, campaign: Campaign) -> None:
    _, emma = in_both("Emma Stone", sky, club)
    _, otto = in_both("Otto Hahn", sky, club)
    put_on_list(campaign, actor=ACTOR, numbers=[emma.number])
    put_members_of(campaign, actor=ACTOR, program=sky)
    put_at = CampaignMember.objects.get(membership=otto).joined_at
    assert take_back(campaign, put_at=put_at, actor=ACTOR) == 1
    assert listed(campaign) == {emma.pk}
    assert take_back(campaign, put_at=put_at, actor=ACTOR) == 0
    facts = Event.objects.filter(kind="campaign.unlisted").order_by("id").values_list("facts", flat=True)
    assert list(facts) == [{"campaign": "spring", "memberships": n} for n in (1, 0)]


def test_it_takes_the_rights_in_both_programs_and_a_campaign_with_a_list(
    club: Program, sky: Program, campaign: Campaign, stranger: Actor
) -> None:
    in_both("Emma Stone", sky, club)
    designer = Actor("user", 8, 1, "sam", lambda action, program_id: program_id == club.pk, frozenset({club.pk}))
    foreign = Tier.objects.get(group__program=club, code="gold")
    label = Label.objects.get(program=club)
    for_all = create_campaign(club, actor=ACTOR, code="all", name="All", **DAYS)
    before = counted(CampaignMember, Event)
    refused: list[tuple[type[Exception], Callable[[], Any]]] = [
        (DesignNotAllowed, lambda: put_members_of(campaign, actor=stranger, program=sky)),
        (DesignNotAllowed, lambda: take_back(campaign, put_at=clock.now(), actor=stranger)),
        (NotAllowed, lambda: put_members_of(campaign, actor=designer, program=sky)),
        (NotFound, lambda: put_members_of(campaign, actor=ACTOR, program=club)),
        (NotFound, lambda: put_members_of(campaign, actor=ACTOR, program=sky, tier=foreign)),
        (NotFound, lambda: put_members_of(campaign, actor=ACTOR, program=sky, label=label)),
        (CampaignWrongStatus, lambda: put_members_of(for_all, actor=ACTOR, program=sky)),
    ]
    for error, act in refused:
        with pytest.raises(error):
            act()
    assert counted(CampaignMember, Event) == before


def test_two_people_who_share_a_group_here_bring_it_once(
    club: Program, sky: Program, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.campaigns.of_another_program.AT_ONCE", 1)
    family = group_of(club, "Anna Moore", "Peter Moore")
    for one in family.members.all():
        enrol(one.customer, program=sky, actor=ACTOR)
    assert put_members_of(campaign, actor=ACTOR, program=sky) == Brought(there=2, here=2, put=1)
    assert listed(campaign) == {family.pk}
