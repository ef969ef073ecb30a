"""What a till sends to /api/activities, and what is there when it was refused."""

from typing import Any

from activities.models import ActivityType, MemberActivity, PointFlow
from cards.models import Card
from gateway.models import Event
from memberships.card_holding import cards_in_hand
from memberships.models import CardHolding, Membership
from points.models import PointAccountSet, Posting
from programs.models import Program
from tests.activities.conftest import Caller
from tests.factories import counted

MADE = (Membership, CardHolding, PointAccountSet, MemberActivity, Posting, Event)


def earn_by(card: Card, points: int = 50, **more: Any) -> dict[str, Any]:
    return {"type": "earn", "points": points, "card_number": card.number_id} | more


def refused(shop: Caller, body: dict[str, Any], status: int, code: str) -> Any:
    """The problem, after which nothing is there that was not there before."""
    before = counted(*MADE)
    answer = shop.post("activities", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert counted(*MADE) == before
    return answer.json()


def main_card(membership: Membership) -> Card:
    card: Card = cards_in_hand(membership).get()
    return card


def visit(program: Program, **values: Any) -> ActivityType:
    made: ActivityType = ActivityType.objects.create(
        program=program, code="visit", name="Visit", flow=PointFlow.NONE, **values
    )
    return made
