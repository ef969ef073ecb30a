"""What the desk shows of cards: the page of one, its front, the hot list, and the way to them from any number."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from activities.calls import PointsCall
from activities.earning import earn_in_general
from activities.models import MemberActivity
from cards.issuing import block, cancel, issue_card, report
from cards.models import Card, CardKind, CardStatus
from common import clock
from memberships.card_holding import end_holding, give_card, replace_card
from memberships.models import Membership
from programs.models import Program
from staff.models import AccessLog, Role
from tests.cards.reading import read_barcode, read_qr
from tests.changes import anonymous, group_of, people_of
from tests.desk.visitor import Visitor, cells
from tests.factories import ACTOR, make_membership, make_program, member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(michael_adams: Membership) -> Card:
    return Card.objects.get(holdings__membership=michael_adams)


def used(membership: Membership, card: Card, **values: Any) -> None:
    """Points earned with the card."""
    answer = earn_in_general(PointsCall(membership.pk, 100, **values), actor=ACTOR)
    MemberActivity.objects.filter(pk=answer["activity"]).update(card=card)


def address(name: str, card: Card) -> str:
    return reverse(f"desk:{name}", args=[card.number_id])


def lands(visitor: Visitor, text: str) -> str:
    answer = visitor.asks("search", q=text)
    assert answer.status_code == 302, answer.status_code
    return str(answer.url)


def test_the_page_says_whose_card_it_is_and_what_tills_do_with_it(
    agent: Visitor, card: Card, michael_adams: Membership
) -> None:
    page = agent.reads("card", card.number_id)
    assert "In use: tills take it." in page.text
    assert f"M*** A*** Membership {michael_adams.number}" in page.text
    assert "Blue" in page.text
    assert cells(page, "M*** A***")[1] == michael_adams.number
    assert address("card-report", card) in page.links
    assert address("card-unblock", card) not in page.links
    assert "Unblock: it is active" in page.text


def test_a_number_as_it_is_read_aloud_leads_there_too(agent: Visitor, card: Card) -> None:
    number = str(card.number_id)
    page = agent.client.get(f"/desk/cards/{number[:4]}-{number[4:8]} {number[8:]}")
    assert page.status_code == 200
    assert page.context["card"] == card


def test_a_replaced_card_names_its_successor_and_the_successor_it(agent: Visitor, card: Card) -> None:
    new = replace_card(card, actor=ACTOR, reason="worn out")
    old_page, new_page = agent.reads("card", card.number_id), agent.reads("card", new.number_id)
    assert f"Its successor is {new.number_id}." in old_page.text
    assert address("card", new) in old_page.links and address("card", card) in new_page.links
    assert f"It replaced {card.number_id}" in new_page.text
    assert "worn out" in old_page.text


def test_uses_after_the_loss_stand_out(agent: Visitor, card: Card, michael_adams: Membership) -> None:
    hour = timedelta(hours=1)
    used(michael_adams, card, occurred_at=clock.now() - 3 * hour, reference="BEFORE")
    used(michael_adams, card, reference="AFTER", location="Bonn")
    earn_in_general(PointsCall(michael_adams.pk, 5, reference="BY NUMBER"), actor=ACTOR)
    report(card, CardStatus.STOLEN, actor=ACTOR, since=clock.now() - hour)
    page = agent.reads("card", card.number_id)
    rows = {row[3]: row[0] for row in page.rows if len(row) == 6 and row[3]}
    assert set(rows) == {"Reference", "BEFORE", "AFTER"}
    assert "after it was barred" in rows["AFTER"]
    assert "after it was barred" not in rows["BEFORE"]


def test_who_held_it_when_stands_there_past_ones_too(
    agent: Visitor, card: Card, michael_adams: Membership, katrin_bauer: Membership
) -> None:
    now = clock.now()
    end_holding(card, actor=ACTOR, at=now)
    give_card(card, membership=katrin_bauer, customer_id=member_of(katrin_bauer), actor=ACTOR, at=now)
    page = agent.reads("card", card.number_id)
    assert [row[:2] for row in page.rows if row[0] in ("K*** B***", "M*** A***")] == [
        ["K*** B***", katrin_bauer.number],
        ["M*** A***", michael_adams.number],
    ]
    assert cells(page, "K*** B***")[3] == "still held"


def test_a_card_nobody_holds_says_so(agent: Visitor, miles: Program) -> None:
    card = issue_card(miles, kind=CardKind.TEMPORARY, actor=ACTOR)
    page = agent.reads("card", card.number_id)
    assert "Nobody holds this card." in page.text
    assert "Not in use yet" in page.text


def test_a_temporary_card_leads_to_its_registration(agent: Visitor, miles: Program, card: Card) -> None:
    membership = anonymous(miles)
    found = Card.objects.get(holdings__membership=membership)
    register = f"/desk/cards/register?number={found.number_id}"
    assert register in agent.reads("card", found.number_id).links
    assert register in agent.reads("membership", membership.pk).links
    assert not any("/register" in link for link in agent.reads("card", card.number_id).links)
    cancel(found, actor=ACTOR, reason="?")
    assert register not in agent.reads("card", found.number_id).links


def test_who_reads_sees_no_task(auditor: Visitor, card: Card) -> None:
    page = auditor.reads("card", card.number_id)
    assert {link for link in page.links if link.startswith(address("card", card) + "/")} == {
        address("card-front", card)
    }


@pytest.mark.parametrize("name", ["card", "card-front", "card-qr", "card-barcode"])
def test_a_foreign_card_is_like_none(card: Card, name: str) -> None:
    visitor = Visitor(Role.ADMIN, make_program("other"))
    assert visitor.status_of(name, card.number_id) == 404
    assert visitor.status_of(name, "9" * 14) == 404


# ----- any number leads somewhere


def test_a_card_nobody_holds_is_found(agent: Visitor, miles: Program) -> None:
    card = issue_card(miles, kind=CardKind.TEMPORARY, actor=ACTOR)
    assert lands(agent, str(card.number_id)) == address("card", card)


def test_a_card_out_of_use_leads_to_its_holder_and_says_what_became_of_it(
    agent: Visitor, card: Card, michael_adams: Membership
) -> None:
    new = replace_card(card, actor=ACTOR, reason="lost")
    place = lands(agent, str(card.number_id))
    assert place == f"/desk/customers/{member_of(michael_adams)}?card={card.number_id}#m{michael_adams.pk}"
    page = agent.reads("customer", member_of(michael_adams), card=str(card.number_id))
    assert f"Found by card {card.number_id}: replaced, not usable since" in page.text
    assert f"Its successor is {new.number_id}." in page.text


@pytest.mark.parametrize("end", [block, cancel])
def test_whatever_its_status_it_is_found(agent: Visitor, card: Card, michael_adams: Membership, end: Any) -> None:
    end(card, actor=ACTOR, reason="?")
    assert lands(agent, str(card.number_id)).startswith(f"/desk/customers/{member_of(michael_adams)}?card=")


def test_a_foreign_card_is_not_found(card: Card) -> None:
    visitor = Visitor(Role.ADMIN, make_program("other"))
    assert "Nothing found" in visitor.reads("search", q=str(card.number_id)).text
    customer = make_membership(make_program("third"), "Otto")
    page = visitor.reads("customer", member_of(customer), card=str(card.number_id))
    assert "Found by card" not in page.text


# ----- cards of customer and membership


def test_the_customer_page_leads_to_each_card_and_its_loss(
    agent: Visitor, auditor: Visitor, card: Card, michael_adams: Membership
) -> None:
    page = agent.reads("customer", member_of(michael_adams))
    assert address("card", card) in page.links
    assert address("card-report", card) in page.links
    assert f"/desk/playbooks/lost-card?customer={member_of(michael_adams)}" in page.links
    assert address("card-report", card) not in auditor.reads("customer", member_of(michael_adams)).links


def test_in_a_group_the_customers_own_card_stands_first_and_says_so(agent: Visitor, miles: Program) -> None:
    group = group_of(miles, "Emma Moore", "Eva Moore")
    for person in people_of(group):
        own = Card.objects.get(holdings__customer=person, holdings__membership=group)
        page = agent.reads("customer", person)
        assert page.text.count("of this customer") == 1
        assert f"{own.number_id} main, of this customer" in page.text
        assert [link for link in page.links if link.endswith("/report")][0] == address("card-report", own)
    assert "of this customer" not in agent.reads("membership", group.pk).text


def test_a_card_reported_alone_leads_to_its_replacement(agent: Visitor, card: Card, michael_adams: Membership) -> None:
    report(card, CardStatus.LOST, actor=ACTOR)
    for page in (agent.reads("customer", member_of(michael_adams)), agent.reads("membership", michael_adams.pk)):
        assert address("card-replace", card) in page.links
        assert address("card-report", card) not in page.links
        assert "not usable since" in page.text


def test_the_membership_page_names_past_cards_as_links(agent: Visitor, card: Card, michael_adams: Membership) -> None:
    new = replace_card(card, actor=ACTOR, reason="lost")
    links = agent.reads("membership", michael_adams.pk).links
    assert address("card", card) in links and address("card", new) in links


# ----- the playbook


def test_the_playbook_goes_from_report_to_the_new_card(agent: Visitor, card: Card, michael_adams: Membership) -> None:
    person = str(member_of(michael_adams))
    first = agent.reads("playbook-lost-card", customer=person)
    assert address("card-report", card) in first.links
    report(card, CardStatus.LOST, actor=ACTOR)
    then = agent.reads("playbook-lost-card", customer=person)
    assert address("card-replace", card) in then.links and address("card-report", card) not in then.links
    new = replace_card(card, actor=ACTOR, reason="lost")
    last = agent.reads("playbook-lost-card", customer=person)
    assert "was replaced" in last.text
    assert address("card", new) in last.links and f"{address('card', card)}#used" in last.links
    assert address("card-report", new) in last.links


def test_the_playbook_is_for_who_manages_cards(auditor: Visitor, michael_adams: Membership) -> None:
    assert auditor.status_of("playbook-lost-card", customer=str(member_of(michael_adams))) == 403
    keeper = Visitor(Role.CARD_MANAGER)
    assert "Report and replace" in keeper.reads("playbook-lost-card", customer=str(member_of(michael_adams))).text


# ----- the front


def test_the_front_carries_the_number_as_text_and_as_codes(agent: Visitor, card: Card) -> None:
    number = str(card.number_id)
    text = agent.reads("card-front", number).text
    assert " ".join(number[at : at + 4] for at in range(0, len(number), 4)) in text
    drawings = [agent.asks(name, number) for name in ("card-qr", "card-barcode")]
    assert [one["Content-Type"] for one in drawings] == ["image/svg+xml", "image/svg+xml"]
    assert read_qr(drawings[0].content.decode()) == number
    assert read_barcode(drawings[1].content.decode()) == number


def test_the_name_on_the_front_is_masked_until_somebody_says_why(
    agent: Visitor, card: Card, michael_adams: Membership
) -> None:
    assert "M*** A***" in agent.reads("card-front", card.number_id).text
    agent.client.post(f"/desk/customers/{member_of(michael_adams)}/unmask", {"reason": "customer_asks"})
    assert "Michael Adams" in agent.reads("card-front", card.number_id).text
    assert AccessLog.objects.filter(action="unmask").count() == 1


def test_the_front_of_a_card_out_of_use_warns(agent: Visitor, card: Card) -> None:
    assert "no till takes it" not in agent.reads("card-front", card.number_id).text
    block(card, actor=ACTOR, reason="?")
    assert "This card is blocked: no till takes it." in agent.reads("card-front", card.number_id).text


# ----- misheard numbers


def test_a_misheard_number_says_so_instead_of_nothing(agent: Visitor, card: Card) -> None:
    number = str(card.number_id)
    misheard = number[:-1] + str((int(number[-1]) + 1) % 10)
    told = "This would be a card number of Miles, but its check digit is wrong"
    assert told in agent.reads("search", q=f"{misheard[:4]} {misheard[4:]}").text
    assert told not in agent.reads("search", q="9" * 20).text
    assert told not in agent.reads("search", q="Emma Stone-Miller").text


def test_a_program_whose_scheme_gives_no_numbers_hinders_no_search(agent: Visitor, card: Card) -> None:
    make_program("odd", card_prefix="ODD", card_check="gs1")
    assert "Nothing found" in agent.reads("search", q="ODD1234567890128").text
