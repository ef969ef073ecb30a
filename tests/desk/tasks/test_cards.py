"""Reporting, replacing, blocking, unblocking and cancelling cards at the desk."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cards.issuing import block, cancel, issue_card, report
from cards.models import Card, CardStatus
from common import clock
from common.desk.words import grouped
from gateway.models import Event
from memberships.card_holding import holder_at
from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, changed, confirmation, everything, said, ways
from tests.factories import ACTOR, make_membership, make_program, member_of

pytestmark = pytest.mark.django_db
TASKS = ("report", "replace", "activate", "block", "unblock", "cancel")


@pytest.fixture
def card(michael_adams: Membership) -> Card:
    return Card.objects.get(holdings__membership=michael_adams)


def at(card: Card, task: str) -> str:
    return f"cards/{card.number_id}/{task}"


def again(card: Card) -> Card:
    return Card.objects.select_related("successor").get(pk=card.pk)


def local(moment: Any) -> str:
    """As a browser's picker writes it, in the zone of the program (UTC)."""
    return f"{moment:%Y-%m-%dT%H:%M}"


def test_a_lost_card_is_reported_and_replaced_in_one_step(agent: Desk, card: Card, michael_adams: Membership) -> None:
    since = (clock.now() - timedelta(hours=20)).replace(second=0, microsecond=0)
    done = agent.does(at(card, "report"), status="stolen", since=local(since), replace="on", reason="Bag stolen")
    old = again(card)
    assert (old.status, old.barred_from) == (CardStatus.REPLACED, since)
    new = old.successor
    assert (new.status, new.kind) == (CardStatus.ACTIVE, "main")
    holding = holder_at(new.pk, clock.now())
    assert holding is not None and (holding.membership, holding.customer_id) == (
        michael_adams,
        member_of(michael_adams),
    )
    assert changed(done)["New card"] == ("", grouped(new.number_id))
    assert ways(done) == {
        f"Card {new.number_id}": f"/desk/cards/{new.number_id}",
        "Print its front": f"/desk/cards/{new.number_id}/front",
        "Was the old one used meanwhile?": f"/desk/cards/{old.number_id}#used",
        "Customer page": f"/desk/customers/{member_of(michael_adams)}",
    }
    events = Event.objects.filter(kind__in=("card.stolen", "card.replaced")).order_by("pk")
    assert [event.kind for event in events] == ["card.stolen", "card.replaced"]
    assert_audit_clean()


def test_the_preview_names_no_number_that_never_comes(agent: Desk, card: Card) -> None:
    preview = agent.previews(at(card, "report"), status="lost", replace="on")
    assert changed(preview)["New card"] == ("", "a number of its own")
    assert again(card).status == CardStatus.ACTIVE
    assert Card.objects.count() == 1


def test_a_card_is_reported_alone(agent: Desk, card: Card) -> None:
    done = agent.does(at(card, "report"), status="lost", replace="", since="")
    assert (again(card).status, again(card).successor) == (CardStatus.LOST, None)
    assert "No new card is given. Replace this one when the customer wants it." in said(done)
    assert ways(done)["Replace it"] == f"/desk/cards/{card.number_id}/replace"
    assert Card.objects.count() == 1


@pytest.mark.parametrize("since", ["yesterday", "2026-02-30T10:00", "2026-01-01", "1_0", "9999-99-99T99:99"])
def test_a_time_nobody_can_mean_is_refused_at_its_field(agent: Desk, card: Card, since: str) -> None:
    before = everything()
    answer = agent.previews(at(card, "report"), status="lost", since=since, replace="on")
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["since"]
    assert everything() == before


def test_a_loss_to_come_is_refused(agent: Desk, card: Card) -> None:
    before = everything()
    to_come = local(clock.now() + timedelta(hours=2))
    answer = agent.previews(at(card, "report"), status="lost", since=to_come, replace="on")
    assert (answer.status_code, said(answer)) == (422, ["A card can't be reported for a time to come."])
    assert everything() == before


def test_since_when_is_meant_in_the_zone_of_the_program(agent: Desk) -> None:
    program = make_program("tyo", time_zone="Asia/Tokyo")
    card = Card.objects.get(holdings__membership=make_membership(program))
    day = clock.now() - timedelta(days=2)
    agent.does(at(card, "report"), status="lost", since=f"{day:%Y-%m-%d}T09:30", replace="")
    barred = again(card).barred_from
    assert (barred.hour, barred.minute, barred.date()) == (0, 30, day.date())


def test_a_second_click_gives_no_second_card(agent: Desk, card: Card) -> None:
    preview = agent.previews(at(card, "report"), status="lost", replace="on")
    path, asked = preview.wsgi_request.path, confirmation(preview)
    first, second = agent.client.post(path, asked), agent.client.post(path, asked)
    assert first["Location"] == second["Location"]
    assert Card.objects.count() == 2


def test_a_card_is_replaced(agent: Desk, card: Card, michael_adams: Membership) -> None:
    report(card, CardStatus.DAMAGED, actor=ACTOR)
    done = agent.does(at(card, "replace"), reason="Worn out")
    new = again(card).successor
    assert (again(card).status, new.status) == (CardStatus.REPLACED, CardStatus.ACTIVE)
    assert "The old card is final. No till takes it any more." in said(done)
    assert ways(done)[f"Card {new.number_id}"] == f"/desk/cards/{new.number_id}"
    assert_audit_clean()


def test_a_card_is_blocked_and_unblocked(agent: Desk, card: Card) -> None:
    done = agent.does(at(card, "block"), reason="Customer looks for it")
    assert again(card).status == CardStatus.BLOCKED
    assert changed(done)["Status"] == ("Active", "Blocked")
    assert ways(done)["Unblock it again"] == f"/desk/cards/{card.number_id}/unblock"
    agent.does(at(card, "unblock"), reason="Found in the car")
    assert (again(card).status, again(card).barred_from) == (CardStatus.ACTIVE, None)


def test_a_card_is_cancelled_for_good(agent: Desk, card: Card) -> None:
    done = agent.does(at(card, "cancel"), reason="At the customer's wish")
    assert again(card).status == CardStatus.CANCELLED
    assert "Other cards of the membership that work: 0." in said(done)
    for task in TASKS:
        agent.opens(at(card, task), state="ineligible")


def test_what_was_done_stands_in_the_history_with_who_and_why(agent: Desk, card: Card) -> None:
    agent.does(at(card, "block"), reason="Customer looks for it")
    row = card.history.latest("history_id")
    assert (row.history_change_reason, row.history_user_id) == ("Customer looks for it", agent.user.pk)


def test_a_lost_card_leads_to_its_replacement(agent: Desk, card: Card) -> None:
    report(card, CardStatus.LOST, actor=ACTOR)
    page = agent.opens(at(card, "report"), state="ineligible")
    assert [str(way.label) for way in page.context["exits"]] == ["Replace it", "Back to the card"]


def test_a_card_not_in_use_yet_is_neither_blocked_nor_replaced(agent: Desk, miles: Program) -> None:
    """Case 67."""
    card = issue_card(miles, actor=ACTOR)
    for task in ("report", "replace", "activate", "block", "unblock"):
        agent.opens(at(card, task), state="ineligible")
    agent.does(at(card, "cancel"), reason="Never given out")
    assert again(card).status == CardStatus.CANCELLED


def test_what_changed_meanwhile_is_refused_on_confirming(agent: Desk, card: Card) -> None:
    preview = agent.previews(at(card, "block"), reason="Looks for it")
    cancel(card, actor=ACTOR, reason="somebody else")
    answer = agent.confirms(preview)
    assert answer.status_code == 409
    assert again(card).status == CardStatus.CANCELLED


@pytest.mark.parametrize("task", TASKS)
def test_who_only_reads_may_not(auditor: Desk, card: Card, task: str) -> None:
    assert auditor.client.get(f"/desk/{at(card, task)}").status_code == 403


@pytest.mark.parametrize("task", TASKS)
def test_a_foreign_card_is_like_none(card: Card, task: str) -> None:
    elsewhere = Desk("eve", Role.SUPPORT_AGENT, make_program("other"))
    unknown = f"/desk/cards/{'9' * 14}/{task}"
    assert elsewhere.client.get(f"/desk/{at(card, task)}").status_code == 404
    assert elsewhere.client.get(unknown).status_code == 404
    assert Client().get(f"/desk/{at(card, task)}").status_code == 302


def test_a_blocked_card_may_still_be_reported(agent: Desk, card: Card) -> None:
    block(card, actor=ACTOR, reason="looks for it")
    agent.does(at(card, "report"), status="lost", replace="")
    assert again(card).status == CardStatus.LOST
