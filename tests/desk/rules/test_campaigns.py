"""Campaigns at the desk: made, listed, started, stopped, and what they have come to."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from activities.campaigns import put_on_list, start_campaign
from activities.models import Campaign, CampaignMember, CampaignStatus
from activities.processing import process
from common import clock
from memberships.enrolment import enrol
from memberships.models import Membership
from programs.models import Label, Program, Tier
from staff.models import Role
from tests.activities.ruling import in_force, waiting
from tests.desk.rules.designing import make_designed_program
from tests.desk.rules.forms_of_pages import filled_in
from tests.desk.rules.test_pages import do
from tests.desk.visitor import Reader, Visitor
from tests.factories import ACTOR, make_membership, make_program

TODAY = clock.now().date()
DAYS = {"valid_from": str(TODAY - timedelta(9)), "valid_until": str(TODAY + timedelta(9))}


@pytest.fixture
def sky(db: None) -> Program:
    return make_designed_program()


@pytest.fixture
def manager(db: None) -> Visitor:
    return Visitor(Role.PROGRAM_MANAGER)


def made(manager: Visitor, program: Program, **values: str) -> Campaign:
    do(manager, "campaign-new", program.code, **({"name": "Spring", "eligibility": "all"} | DAYS | values))
    return Campaign.objects.get()


def test_a_campaign_is_made_changed_started_and_stopped(manager: Visitor, sky: Program) -> None:
    campaign = made(manager, sky, point_budget="5000")
    assert (campaign.code, campaign.status, campaign.point_budget) == ("spring", CampaignStatus.DRAFT, 5000)
    receipt = do(manager, "campaign-edit", campaign.pk, name="Spring 2", point_budget="")
    assert "Spring 2 applies" in receipt.text
    receipt = do(manager, "campaign-start", campaign.pk, why="agreed")
    assert "It gives nothing yet: none of its rules is released." in receipt.text
    campaign.refresh_from_db()
    assert (campaign.name, campaign.status, campaign.point_budget) == ("Spring 2", CampaignStatus.RUNNING, None)
    assert "It runs already." in manager.reads("campaign-start", campaign.pk).text
    do(manager, "campaign-stop", campaign.pk, why="too dear")
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.STOPPED
    assert "It does not run: it is stopped." in manager.reads("campaign-stop", campaign.pk).text


def test_one_for_a_label_names_it(manager: Visitor, sky: Program) -> None:
    page = manager.asks("campaign-new", sky.code)
    wrong = manager.client.post(
        page.request["PATH_INFO"], filled_in(page, step="preview", name="x", eligibility="label", **DAYS)
    )
    assert "Choose the label the memberships have." in Reader(wrong.content.decode()).text
    label = Label.objects.get(program=sky)
    campaign = made(manager, sky, eligibility="label", label=str(label.pk))
    assert campaign.label == label
    assert "memberships with a label: VIP" in manager.reads("campaign", campaign.pk).text


def test_memberships_are_put_on_the_list_by_their_numbers(manager: Visitor, sky: Program) -> None:
    campaign = made(manager, sky, eligibility="list")
    listed, other = make_membership(sky), make_membership(sky, "Katrin Bauer")
    receipt = do(manager, "campaign-list", campaign.pk, numbers=f"{listed.number},\n {listed.number} NOBODY")
    assert "1 membership is put on the list." in receipt.text
    assert "Nobody has 1 of the numbers: NOBODY" in receipt.text
    assert list(CampaignMember.objects.values_list("membership", flat=True)) == [listed.pk]
    page = manager.reads("campaign", campaign.pk)
    assert listed.number in page.text
    assert other.number not in page.text


def test_members_of_another_program_are_put_on_the_list_and_taken_back(manager: Visitor, sky: Program) -> None:
    campaign = made(manager, sky, eligibility="list")
    other = make_program("hotel", name="Hotel Club")
    both, _only_here = make_membership(sky), make_membership(sky, "Katrin Bauer")
    enrol(both.members.get().customer, program=other, actor=ACTOR)
    no_hotel_tier = Tier.objects.get(group__program=make_program("air", name="Air"), code="gold")
    page = manager.asks("campaign-list-of", campaign.pk)
    given = filled_in(page, step="preview", of_program=str(other.pk), tier=str(no_hotel_tier.pk))
    wrong = manager.client.post(page.request["PATH_INFO"], given)
    assert "Gold belongs to Air: choose one of Hotel Club." in Reader(wrong.content.decode()).text
    assert wrong.status_code == 400
    receipt = do(manager, "campaign-list-of", campaign.pk, of_program=str(other.pk))
    for said in ("1 membership is put on the list.", "1 member of Hotel Club fits.", "1 of them takes part in"):
        assert said in receipt.text
    (back,) = [link for link in receipt.links if "take-back" in link]
    undone = do(manager, "campaign-take-back", campaign.pk, put_at=parse_qs(urlsplit(back).query)["put_at"][0])
    assert "1 membership is taken off the list." in undone.text
    row = CampaignMember.objects.get()
    assert (row.membership_id, row.left_at is None) == (both.pk, False)


def test_memberships_are_taken_off_the_list_by_their_numbers(manager: Visitor, sky: Program) -> None:
    campaign = made(manager, sky, eligibility="list")
    listed = make_membership(sky)
    put_on_list(campaign, actor=ACTOR, numbers=[listed.number])
    receipt = do(manager, "campaign-take-off", campaign.pk, numbers=f"{listed.number} NOBODY")
    assert "1 membership is taken off the list." in receipt.text
    assert "1 of the numbers is not on it: NOBODY" in receipt.text
    assert CampaignMember.objects.get().left_at is not None


def test_a_campaign_for_all_has_no_list(manager: Visitor, sky: Program) -> None:
    campaign = made(manager, sky)
    assert "It has no list: it is for every membership." in manager.reads("campaign-list", campaign.pk).text


def test_what_it_came_to_is_shown_by_day_and_by_rule(manager: Visitor, sky: Program) -> None:
    campaign = made(manager, sky, point_budget="150")
    start_campaign(campaign, actor=ACTOR, why="agreed")
    in_force(sky, {"do": "credit", "points": 100}, campaign=campaign, code="hundred")
    bought_by(make_membership(sky), make_membership(sky, "Katrin Bauer"))
    page = manager.reads("campaign", campaign.pk)
    assert "Points given 150 Left of the budget 0 of 150 Memberships reached 2 Activities 2" in page.text
    assert [row[:2] for row in page.rows if row and row[0] == "Hundred"] == [["Hundred", "150"]]
    assert "hundred released" in page.text
    row = next(row for row in manager.reads("campaigns", program="sky").rows if row[0] == "Spring")
    assert row[1] == "running"
    assert row[5:] == ["150", "150"]


def test_foreign_campaigns_do_not_exist(manager: Visitor, sky: Program) -> None:
    campaign = made(manager, sky)
    stranger = Visitor(Role.PROGRAM_MANAGER, make_program("other"))
    assert stranger.status_of("campaign", campaign.pk) == 404
    assert stranger.status_of("campaign-edit", campaign.pk) == 404
    assert stranger.status_of("campaigns", program="sky") == 404
    assert Visitor(Role.AUDITOR).status_of("campaign-edit", campaign.pk) == 403


def bought_by(*memberships: Membership) -> None:
    from_queue = [waiting(one) for one in memberships]
    for one in from_queue:
        process([one], actor=ACTOR)
