"""Setting a tier or an attribute, adding and removing a label at the desk; the ladder pages."""

from datetime import timedelta
from typing import Any

import pytest

from common import clock
from memberships.models import AttributeValue, Membership, MembershipLabel, TierStanding
from programs.models import AttributeDefinition, Label, Program
from tests.desk.tasks.working import Desk, changed, everything
from tests.memberships.tracked import describe

pytestmark = pytest.mark.django_db


def at(membership: Membership, task: str) -> str:
    return f"memberships/{membership.pk}/{task}"


@pytest.fixture
def words(miles: Program, michael_adams: Membership) -> Membership:
    AttributeDefinition.objects.create(program=miles, code="flights", name="Flights", default="0")
    Label.objects.create(program=miles, code="vip", name="VIP")
    return michael_adams


@pytest.mark.parametrize(
    ("task", "fields", "shown"),
    [
        ("set-attribute", {"chosen": "flights", "value": "2.5"}, {"Flights": ("0", "2.5")}),
        ("add-label", {"chosen": "vip"}, {"Labels": (None, "VIP")}),
    ],
)
def test_it_is_done_as_previewed(
    agent: Desk, words: Membership, task: str, fields: dict[str, str], shown: dict[str, Any]
) -> None:
    before = everything()
    preview = agent.previews(at(words, task), reason="asked by phone", **fields)
    assert changed(preview) == shown
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    assert changed(receipt) == shown
    assert (AttributeValue.objects.count(), MembershipLabel.objects.count()) in {(1, 0), (0, 1)}


def test_a_label_comes_off_again(agent: Desk, words: Membership) -> None:
    agent.does(at(words, "add-label"), chosen="vip", reason="friend")
    agent.does(at(words, "remove-label"), chosen="vip", reason="no friend")
    row = MembershipLabel.objects.get()
    assert row.ended_at is not None
    assert list(row.history.order_by("history_id").values_list("history_change_reason", flat=True)) == [
        "friend",
        "no friend",
    ]


def test_a_tier_is_set_through_a_day(agent: Desk, words: Membership) -> None:
    standing = TierStanding.objects.filter(membership=words, ended_at__isnull=True).select_related("group").get()
    highest = standing.group.tiers.order_by("-rank").first()
    assert highest is not None
    until = (clock.now() + timedelta(days=30)).date().isoformat()
    chosen = f"{standing.group.code}/{highest.code}"
    agent.does(at(words, "set-tier"), chosen=chosen, until=until, reason="VIP")
    now = TierStanding.objects.get(membership=words, ended_at__isnull=True)
    assert (now.tier, now.source, now.reason) == (highest, "manual", "VIP")


def test_the_ladder_pages_show_rungs_reasons_attributes_and_labels(agent: Desk, michael_adams: Membership) -> None:
    describe(michael_adams)
    page = agent.client.get(f"/desk/memberships/{michael_adams.pk}/tiers")
    html = page.content.decode()
    assert page.status_code == 200
    for words in ("stands here", "Flights", "VIP", "at enrolment", "Reviews"):
        assert words in html
    program = agent.client.get("/desk/tiers", {"program": michael_adams.program.code})
    assert program.status_code == 200
    assert "No review ran yet" in program.content.decode()
