"""Found cards at the desk: find the card and the person, preview, register, withdraw; and the playbook around it."""

from datetime import timedelta

import pytest

from cards.issuing import block
from cards.models import Card
from common.history import audit_context
from customers.models import Customer
from memberships import lifecycle
from memberships.models import CardRegistration, Membership, TermsAcceptance
from programs.models import Activation, Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.changes import earn, owe, pair, people_of, pool_of
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.desk.visitor import Reader
from tests.factories import ACTOR, account_of, make_customer, make_program, make_terms, member_of
from tests.memberships.changes.planning import change_program
from tests.registering import anonymous_of, found_card, give_code, unused_card

pytestmark = pytest.mark.django_db
PATH = "cards/register"


@pytest.fixture
def emma(miles: Program) -> Customer:
    return make_customer("Emma Stone")


@pytest.fixture
def card(miles: Program) -> Card:
    return found_card(miles, 300)


def asked(card: Card, customer: Customer | int, **more: str) -> dict[str, str]:
    return {"number": card.number_id, "customer": str(getattr(customer, "pk", customer)), **more}


def link(card: Card, customer: Customer | int) -> str:
    return f"{PATH}?number={card.number_id}&customer={getattr(customer, 'pk', customer)}"


def registers(agent: Desk, card: Card, customer: Customer | int, **more: str):
    """The receipt, after the whole way from the link."""
    return agent.receipt(agent.confirms(previews(agent, card, customer, **more)))


def previews(agent: Desk, card: Card, customer: Customer | int, **more: str):
    key = agent.opens(link(card, customer)).context["key"]
    return agent.previews(PATH, key=key, **asked(card, customer, **more))


def read(agent: Desk, path: str) -> Reader:
    page = agent.client.get(f"/desk/{path}")
    assert page.status_code == 200
    return Reader(page.content.decode())


class TestChoosing:
    def test_first_the_card_is_asked_for_then_the_person(self, agent, card, emma):
        assert "Which card?" in read(agent, PATH).text
        page = read(agent, f"{PATH}?number={card.number_id}")
        assert card.number_id in page.text
        assert "Who has it?" in page.text
        found = read(agent, f"{PATH}?number={card.number_id}&find={emma.number}")
        assert f"/desk/{link(card, emma)}" in found.links
        assert "No membership in this program yet" in found.text

    def test_people_who_share_are_told_before(self, agent, miles, card):
        katrin, _ = pool_of(miles, "Katrin Bauer", "John Miller")
        page = read(agent, f"{PATH}?number={card.number_id}&find={katrin.number}")
        assert "shared by 2 people" in page.text
        assert f"/desk/{link(card, member_of(katrin))}" in page.links

    def test_unknown_and_foreign_cards_are_told_alike(self, miles, card):
        agent = Desk("fred", Role.SUPPORT_AGENT, make_program("stars"))
        texts = {
            read(agent, f"{PATH}?number={one}").text.replace(one, "")
            for one in (card.number_id, "9" * len(card.number_id))
        }
        assert len(texts) == 1
        assert "No such card that you may register." in texts.pop()

    def test_somebodys_card_leads_to_its_membership(self, agent, michael_adams):
        number = Card.objects.get(holdings__membership=michael_adams).number_id
        page = read(agent, f"{PATH}?number={number}")
        assert "This card is somebody's already." in page.text
        assert f"/desk/memberships/{michael_adams.pk}" in page.links
        assert "Who has it?" not in page.text

    def test_a_form_that_names_no_card_begins_anew(self, agent, card, emma):
        for given in ({}, asked(card, 999_999_999), {"number": "0000000000000", "customer": emma.pk}):
            answer = agent.client.post(f"/desk/{PATH}", {**given, "key": "0" * 32, "step": "confirm"})
            assert (answer.status_code, answer["Location"]) == (302, f"/desk/{PATH}")
        assert not CardRegistration.objects.exists()

    def test_rights(self, card, emma):
        assert Desk("otto", Role.AUDITOR).client.get(f"/desk/{PATH}").status_code == 403
        assert Desk("cleo", Role.CARD_MANAGER).client.get(f"/desk/{link(card, emma)}").status_code == 200


class TestRegistering:
    def test_the_card_becomes_the_persons(self, agent, card, emma):
        before = everything()
        preview = previews(agent, card, emma)
        assert "The membership of the card becomes the person's own, with its number and its points." in said(preview)
        assert changed(preview)["Card"] == ("temporary", "main")
        assert changed(preview)["The person's: Miles"] == (None, 300)
        assert everything() == before
        receipt = agent.receipt(agent.confirms(preview))
        agent.confirms(preview)
        membership = Membership.objects.get()
        assert (membership.type, member_of(membership), account_of(membership).balance) == ("standard", emma.pk, 300)
        assert ways(receipt)["Membership"] == f"/desk/memberships/{membership.pk}"
        assert ways(receipt)["Wrong person: transfer the points"] == f"/desk/memberships/{membership.pk}/transfer"
        registration = CardRegistration.objects.get()
        assert (registration.user_id, registration.outcome) == (agent.user.pk, "converted")
        assert_audit_clean()

    def test_into_the_membership_the_person_has_with_the_way_back(self, agent, miles, card):
        (anna,) = pair(miles, "Anna Bauer")
        earn(anna, 100)
        preview = previews(agent, card, member_of(anna))
        assert changed(preview)["The person's: Miles"] == (100, 400)
        assert changed(preview)["On the card: Miles"] == (300, None)
        receipt = agent.receipt(agent.confirms(preview))
        registration = CardRegistration.objects.get()
        assert ways(receipt)["Take it back: undo"] == f"/desk/changes/{registration.change_id}/undo"
        assert f"go into membership {anna.number}" in said(receipt)[0]

    def test_it_says_when_points_will_be_shared(self, agent, miles, card):
        katrin, _ = pool_of(miles, "Katrin Bauer", "John Miller")
        page = agent.opens(link(card, member_of(katrin)))
        assert "The points will be shared: 2 people use this account." in page.content.decode()
        assert "The points will be shared: 2 people use this account." in said(previews(agent, card, member_of(katrin)))

    def test_an_unused_card_too(self, agent, miles, emma):
        card = unused_card(miles)
        receipt = registers(agent, card, emma)
        assert Membership.objects.get().number not in " ".join(said(receipt))
        assert_audit_clean()

    def test_terms_are_read_and_accepted(self, agent, miles, card, emma):
        make_terms(miles, text="Points end after a year.")
        page = agent.opens(link(card, emma))
        assert "Points end after a year." in page.content.decode()
        refused = previews(agent, card, emma)
        assert said(refused) == ["accept_terms: Read the terms to the customer and have them accepted."]
        registers(agent, card, emma, accept_terms="on")
        assert TermsAcceptance.objects.get().customer_id == emma.pk

    def test_in_a_paid_program_it_says_what_is_to_be_paid(self, agent, miles, card, emma):
        change_program(miles, activation=Activation.FIRST_PAYMENT, fee=60, term_months=12)
        told = " ".join(said(previews(agent, card, emma)))
        assert "It is inactive until the first payment" in told
        assert "A fee of 60.00 EUR is to be paid." in told


class TestProof:
    @pytest.fixture(autouse=True)
    def little(self, miles: Program) -> None:
        change_program(miles, possession_limit=100)

    def test_what_counts_as_proof_is_asked(self, agent, card, emma):
        page = agent.opens(link(card, emma))
        assert "the number alone is not enough" in page.content.decode()
        assert said(previews(agent, card, emma, proof_kind="code")) == ["code: Read the code from the card."]
        told = said(previews(agent, card, emma, proof_kind="receipt"))
        assert told == ["proof_reference: Say where the proof can be found again."]
        registers(agent, card, emma, proof_kind="receipt", proof_reference="R-1")
        registration = CardRegistration.objects.get()
        assert (registration.proof_kind, registration.proof_reference) == ("receipt", "R-1")

    def test_a_wrong_code_is_refused_and_the_right_one_taken(self, agent, card, emma):
        code = give_code(card)
        before = everything()
        wrong = previews(agent, card, emma, proof_kind="code", code="00000000" if code[0] != "0" else "11111111")
        assert wrong.status_code == 422
        assert "not the one of this card" in said(wrong)[0]
        assert everything() == before
        registers(agent, card, emma, proof_kind="code", code=code)
        assert CardRegistration.objects.get().proof_kind == "code"


class TestWaiting:
    def test_until_the_membership_is_active(self, agent, miles, card):
        (anna,) = pair(miles, "Anna Bauer")
        lifecycle.suspend(anna, actor=ACTOR, reason="in doubt")
        receipt = registers(agent, card, member_of(anna))
        assert "so nothing can come in yet" in said(receipt)[0]
        registration = CardRegistration.objects.get()
        back = ways(receipt)["Withdraw the registration"]
        assert back == f"/desk/cards/registrations/{registration.pk}/withdraw"
        agent.does(back.removeprefix("/desk/"), reason="Wrong person")
        registration.refresh_from_db()
        assert registration.status == "withdrawn"
        page = agent.opens(back.removeprefix("/desk/"), "ineligible")
        assert "only one that waits is withdrawn" in said(page)[0]

    def test_until_the_others_agreed_to_a_debt(self, agent, miles):
        _, john = pool_of(miles, "Katrin Bauer", "John Miller")
        card = found_card(miles)
        owe(anonymous_of(card), 40)
        receipt = registers(agent, card, member_of(john), proof_kind="in_store", proof_reference="shop 7")
        change = CardRegistration.objects.get().change_id
        assert ways(receipt)["The change that asks the others"] == f"/desk/changes/{change}"
        assert "asked for their consent first" in said(receipt)[0]

    def test_somebody_else_is_told_and_may_withdraw_it(self, agent, miles, card, emma):
        (anna,) = pair(miles, "Anna Bauer")
        lifecycle.suspend(anna, actor=ACTOR, reason="in doubt")
        registers(agent, card, member_of(anna))
        page = agent.opens(link(card, emma), "ineligible")
        assert "Somebody has registered this card already" in said(page)[0]
        assert f"/desk/cards/registrations/{CardRegistration.objects.get().pk}/withdraw" in page.content.decode()


def test_what_bars_it_is_told_before_anything_is_asked(agent: Desk, card: Card, emma: Customer) -> None:
    block(card, actor=ACTOR, reason="test")
    assert "was not usable" in said(agent.opens(link(card, emma), "ineligible"))[0]


class TestPlaybook:
    BOOK = "playbooks/found-card"

    def steps(self, agent: Desk, **query: object) -> dict[str, str]:
        page = agent.client.get(f"/desk/{self.BOOK}", query)
        assert page.status_code == 200
        return {one.title: one.state for one in page.context["steps"]}

    def test_it_begins_with_the_number_on_the_card(self, agent):
        assert self.steps(agent) == {
            "Find the card": "now",
            "See whether it takes a proof": "later",
            "Find the person": "later",
            "Register the card": "later",
        }

    def test_card_and_person_lead_to_the_task(self, agent, miles, card, emma):
        assert self.steps(agent, number=card.number_id)["Find the person"] == "now"
        page = read(agent, f"{self.BOOK}?number={card.number_id}&customer={emma.pk}")
        assert f"/desk/{link(card, emma)}" in page.links
        change_program(miles, possession_limit=100)
        assert self.steps(agent, number=card.number_id)["See whether it takes a proof"] == "now"

    def test_afterwards_it_tells_how_to_take_it_back(self, agent, miles, card):
        (anna,) = pair(miles, "Anna Bauer")
        registers(agent, card, member_of(anna))
        steps = self.steps(agent, number=card.number_id)
        assert (steps["Register the card"], steps["If it was the wrong person"]) == ("done", "not_needed")
        page = read(agent, f"{self.BOOK}?number={card.number_id}")
        assert f"/desk/changes/{CardRegistration.objects.get().change_id}" in page.links

    def test_what_waits_says_for_what(self, agent, miles, card):
        (anna,) = pair(miles, "Anna Bauer")
        lifecycle.suspend(anna, actor=ACTOR, reason="in doubt")
        registers(agent, card, member_of(anna))
        assert self.steps(agent, number=card.number_id)["Make the membership active"] == "now"

    def test_a_card_out_of_use_stops_it(self, agent, card):
        block(card, actor=ACTOR, reason="test")
        assert self.steps(agent, number=card.number_id)["Find the card"] == "stopped"

    def test_a_card_that_has_ended(self, agent, card, emma):
        with audit_context(ACTOR, "test"):
            card.valid_until = card.created_at.date() - timedelta(days=1)
            card.save()
        assert said(agent.opens(link(card, emma), "ineligible"))
        assert people_of(anonymous_of(card)) == []
