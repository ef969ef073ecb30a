"""Two tills and one temporary card, with a control that takes the card's lock away."""

from collections.abc import Iterator
from typing import Any

import pytest

from activities.receiving import ActivityCall, receive
from cards.models import Card
from common.errors import LoyaltyError
from gateway.models import Event
from memberships import first_use
from memberships.models import CardHolding, Membership
from points.models import PointAccount, PointAccountSet, Posting
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, make_program
from tests.temporary import temporary_card
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
TILLS, ROUNDS = 8, 20


@pytest.fixture
def sky(transactional_db: None) -> Program:
    return make_program("sky")


def tills_at(card: Card, tills: int = TILLS) -> list[Any]:
    call = ActivityCall("earn", card_number=card.number_id, points=10)
    return together(*[lambda: receive(call, actor=ACTOR) for _ in range(tills)])


def test_tills_at_once_make_one_membership_and_every_sale_counts(sky: Program) -> None:
    for done in range(1, ROUNDS + 1):
        answers = tills_at(temporary_card(sky))
        assert errors_in(answers) == []
        assert len({answer["membership"] for answer in answers}) == 1
        assert Membership.objects.count() == PointAccountSet.objects.count() == CardHolding.objects.count() == done
        assert Event.objects.filter(kind="membership.first_used").count() == done
    assert Posting.objects.count() == ROUNDS * TILLS
    assert set(PointAccount.objects.filter(point_type__code="miles").values_list("balance", flat=True)) == {80}
    assert_audit_clean()


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(
        first_use, "locked_card", lambda card: Card.objects.select_related("program", "batch").get(pk=card.pk)
    )
    yield


@pytest.mark.control
def test_control_without_the_cards_lock_a_till_loses_its_sale(sky: Program, unlocked: None) -> None:
    lost = [error for _ in range(ROUNDS) for error in errors_in(tills_at(temporary_card(sky)))]
    assert lost
    assert any(isinstance(error, LoyaltyError) for error in lost)
