"""A tier set by hand is told as one that was earned; why staff did it stays in the house (domain 1.7, 1.13)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.serializers.json import DjangoJSONEncoder

from common import clock
from common.errors import LoyaltyError
from customers.creating import create_customer
from customers.models import Message
from gateway.models import Event
from memberships.enrolment import enrol
from memberships.models import Membership, TierStanding
from memberships.standings import set_standing, take_over_standing
from programs.models import NoticeTemplate, Program, Tier
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, counted

JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNTIL = JUNE + timedelta(days=30)
WHY = "Her brother works for the newspaper"


@pytest.fixture(autouse=True)
def june() -> Iterator[None]:
    with clock.frozen(JUNE):
        yield


@pytest.fixture
def anna(miles: Program) -> Membership:
    wishes = {"preferences": {"email": True}}
    customer = create_customer(actor=ACTOR, details=wishes, first_name="Anna", email="anna@example.com")
    return enrol(customer, program=miles, actor=ACTOR)


@pytest.fixture
def gold(miles: Program) -> Tier:
    return Tier.objects.get(group__program=miles, code="gold")


def changed() -> list[dict[str, object]]:
    return list(Event.objects.filter(kind="tier.changed").order_by("pk").values_list("facts", flat=True))


def test_the_feed_and_the_member_hear_of_it(anna: Membership, gold: Tier) -> None:
    standing = set_standing(anna, tier=gold, reason=WHY, until=UNTIL, actor=ACTOR)
    assert (standing.source, standing.reason, standing.since, standing.until) == ("manual", WHY, JUNE, UNTIL)
    (facts,) = changed()
    assert facts == {
        "group": gold.group.code, "from": "blue", "to": "gold", "source": "manual", "standing": standing.pk,
    }  # fmt: skip
    message = Message.objects.get(template="tier_changed")
    assert (message.once_key, message.status) == (f"standing:{standing.pk}", "waiting")
    assert "Gold" in message.body
    assert TierStanding.objects.filter(membership=anna, ended_at=None).count() == 1
    assert_audit_clean()


def test_what_staff_wrote_reaches_neither_the_member_nor_the_feed(anna: Membership, gold: Tier) -> None:
    text = "{{ tier }}: {{ reason }}"
    NoticeTemplate.objects.create(program=anna.program, code="tier_changed", subject="New", body=text)
    set_standing(anna, tier=gold, reason=WHY, until=UNTIL, actor=ACTOR)
    sent = [*Message.objects.values_list("subject", "body"), *Event.objects.values_list("facts", flat=True)]
    assert len(sent) > 2
    assert "newspaper" not in json.dumps(sent, cls=DjangoJSONEncoder)


def test_the_same_rung_for_longer_is_no_news(anna: Membership, gold: Tier) -> None:
    set_standing(anna, tier=gold, reason=WHY, until=UNTIL, actor=ACTOR)
    longer = set_standing(anna, tier=gold, reason=WHY, until=UNTIL + timedelta(days=9), actor=ACTOR)
    assert [(one["from"], one["to"]) for one in changed()] == [("blue", "gold"), ("gold", "gold")]
    assert Message.objects.filter(template="tier_changed").count() == 1
    assert longer.until == UNTIL + timedelta(days=9)


def test_a_rung_taken_over_from_another_system_is_no_news_to_members(anna: Membership, gold: Tier) -> None:
    take_over_standing(anna, tier=gold, reason="Taken over", until=UNTIL, actor=ACTOR)
    assert [(one["from"], one["to"]) for one in changed()] == [("blue", "gold")]
    assert not Message.objects.exists()


def test_what_is_refused_tells_nobody(anna: Membership, gold: Tier) -> None:
    before = counted(TierStanding, Event, Message)
    for reason, until in (("", UNTIL), (WHY, JUNE)):
        with pytest.raises(LoyaltyError):
            set_standing(anna, tier=gold, reason=reason, until=until, actor=ACTOR)
    assert counted(TierStanding, Event, Message) == before
