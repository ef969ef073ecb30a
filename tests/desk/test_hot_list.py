"""The hot list: what no till may take, on the page and as a file."""

import csv

import pytest

from cards.hot_list import HOT
from cards.issuing import block, report
from cards.models import Card, CardStatus
from memberships.models import Membership
from staff.models import AccessLog
from tests.desk.visitor import Visitor
from tests.factories import ACTOR, make_membership, make_program

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(michael_adams: Membership) -> Card:
    return Card.objects.get(holdings__membership=michael_adams)


@pytest.fixture
def hot(card: Card, katrin_bauer: Membership) -> list[Card]:
    """One blocked, one lost; a third one works, a fourth is of another program."""
    other = Card.objects.get(holdings__membership=katrin_bauer)
    block(card, actor=ACTOR, reason="?")
    report(other, CardStatus.LOST, actor=ACTOR)
    make_membership(katrin_bauer.program, "Emma Stone")
    report(Card.objects.get(holdings__membership=make_membership(make_program("sea"))), CardStatus.LOST, actor=ACTOR)
    return [other, card]


def test_the_hot_list_holds_what_no_till_may_take_of_one_program(auditor: Visitor, hot: list[Card]) -> None:
    page = auditor.reads("hot-list", program="miles")
    assert [row[0].replace(" ", "") for row in page.rows[1:]] == [str(one.number_id) for one in hot]
    lost = auditor.reads("hot-list", program="miles", status="lost")
    assert [row[0].replace(" ", "") for row in lost.rows[1:]] == [str(hot[0].number_id)]
    assert auditor.status_of("hot-list", program="miles", status="active") == 404
    assert auditor.status_of("hot-list", program="unknown") == 404


def test_the_hot_list_as_a_file_is_whole_and_who_took_it_is_written_down(
    auditor: Visitor, hot: list[Card], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cards.hot_list.CHUNK", 1)
    answer = auditor.asks("hot-list-csv", program="miles")
    assert answer["Content-Disposition"] == 'attachment; filename="hot-list-miles.csv"'
    rows = list(csv.reader(answer.getvalue().decode("utf-8-sig").splitlines()))
    assert rows[0] == ["card_number", "status", "not_usable_since"]
    assert [row[:2] for row in rows[1:]] == [[str(hot[0].number_id), "lost"], [str(hot[1].number_id), "blocked"]]
    log = AccessLog.objects.get()
    assert (log.user, log.action, log.subject_kind, log.facts) == (
        auditor.user,
        "export",
        "hot list",
        {"program": "miles"},
    )


def test_every_status_that_bars_a_card_is_hot() -> None:
    usable_or_dated = {CardStatus.CREATED, CardStatus.ACTIVE, CardStatus.EXPIRED}
    assert set(HOT) == set(CardStatus.values) - usable_or_dated
