"""Giving a member a further card, and activating one that waits, at the desk."""

import pytest

from cards.issuing import issue_card
from cards.models import Card, CardKind, CardStatus, CardType, NumberKind, NumberRegistry
from common import clock
from memberships.card_holding import cards_in_hand, give_card
from memberships.lifecycle import suspend
from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.changes import group_of, people_of
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import ACTOR, make_program, member_of

pytestmark = pytest.mark.django_db


def at(membership: Membership) -> str:
    return f"memberships/{membership.pk}/give-card"


def newest() -> Card:
    return Card.objects.latest("pk")


def test_an_additional_card_is_given(agent: Desk, michael_adams: Membership) -> None:
    person = member_of(michael_adams)
    done = agent.does(at(michael_adams), customer=str(person), kind="additional")
    card = newest()
    assert (card.kind, card.status) == (CardKind.ADDITIONAL, CardStatus.ACTIVE)
    assert list(card.holdings.values_list("membership", "customer")) == [(michael_adams.pk, person)]
    assert changed(done)["Cards in hand"] == (1, 2)
    assert ways(done)[f"Card {card.number_id}"] == f"/desk/cards/{card.number_id}"
    assert_audit_clean()


def test_a_card_with_a_number_from_elsewhere(agent: Desk, michael_adams: Membership) -> None:
    agent.does(at(michael_adams), customer=str(member_of(michael_adams)), kind="additional", number="vip-2026 0007")
    assert newest().number_id == "VIP20260007"
    assert NumberRegistry.objects.get(pk="VIP20260007").kind == NumberKind.EXTERNAL
    page = agent.client.get("/desk/search", {"q": "vip-2026 0007"})
    assert page["Location"] == f"/desk/customers/{member_of(michael_adams)}#m{michael_adams.pk}"


def test_a_number_taken_is_refused_and_nothing_is_made(agent: Desk, michael_adams: Membership) -> None:
    taken = str(cards_in_hand(michael_adams).get().number_id)
    before = everything()
    answer = agent.previews(at(michael_adams), customer=str(member_of(michael_adams)), kind="additional", number=taken)
    assert answer.status_code == 409
    assert "was given out before" in said(answer)[0]
    assert everything() == before


def test_a_second_main_card_is_refused(agent: Desk, michael_adams: Membership) -> None:
    answer = agent.previews(at(michael_adams), customer=str(member_of(michael_adams)), kind="main")
    assert answer.status_code == 409
    assert "Replace it, or give an additional one." in said(answer)[0]
    assert Card.objects.count() == 1


def test_a_type_is_chosen_where_the_program_has_some(agent: Desk, miles: Program, michael_adams: Membership) -> None:
    CardType.objects.create(program=miles, code="partner", name="Partner card", kind=CardKind.ADDITIONAL)
    agent.does(at(michael_adams), customer=str(member_of(michael_adams)), kind="additional", card_type="partner")
    assert newest().card_type.code == "partner"


def test_in_a_group_somebody_is_chosen(agent: Desk, miles: Program) -> None:
    group = group_of(miles, "Moore", "Emma", "Tom")
    first, second = people_of(group)[:2]
    fields = agent.opens(at(group)).context["form"].fields
    assert [int(pk) for pk, _ in fields["customer"].choices] == sorted(people_of(group))
    agent.does(at(group), customer=str(second), kind="additional")
    assert newest().holdings.get().customer_id == second != first


def test_a_stranger_is_given_no_card(agent: Desk, michael_adams: Membership, katrin_bauer: Membership) -> None:
    answer = agent.previews(at(michael_adams), customer=str(member_of(katrin_bauer)), kind="additional")
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["customer"])
    assert Card.objects.count() == 2


def test_who_may_use_no_card_is_given_none(agent: Desk, michael_adams: Membership) -> None:
    suspend(michael_adams, actor=ACTOR, reason="misuse")
    page = agent.opens(at(michael_adams), state="ineligible")
    assert "may not use a card" in said(page)[0]


def test_a_card_that_waits_is_activated(agent: Desk, miles: Program, michael_adams: Membership) -> None:
    card = issue_card(miles, kind=CardKind.ADDITIONAL, actor=ACTOR)
    person = member_of(michael_adams)
    give_card(card, membership=michael_adams, customer_id=person, actor=ACTOR, at=clock.now())
    done = agent.does(f"cards/{card.number_id}/activate", reason="The renewed card has come")
    card.refresh_from_db()
    assert (card.status, changed(done)["Status"]) == (CardStatus.ACTIVE, ("Created", "Active"))


def test_who_only_reads_gives_none(auditor: Desk, michael_adams: Membership) -> None:
    assert auditor.client.get(f"/desk/{at(michael_adams)}").status_code == 403
    elsewhere = Desk("eve", Role.SUPPORT_AGENT, make_program("other"))
    assert elsewhere.client.get(f"/desk/{at(michael_adams)}").status_code == 404
