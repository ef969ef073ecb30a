"""POST /api/cards/{number}/register, as a channel makes it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from cards.issuing import block, issue_card
from cards.models import Card
from customers.models import Customer
from gateway.throttling import count_failure, forget_permits, too_many_failures
from memberships import lifecycle
from memberships.api import guesses
from memberships.models import CardRegistration, Membership
from programs.models import Program
from tests.changes import owe, pair, pool_of
from tests.factories import ACTOR, counted, make_customer, make_program, member_of
from tests.memberships.changes.planning import change_program
from tests.memberships.test_api import client_of, keyed
from tests.registering import anonymous_of, found_card, give_code, unused_card

pytestmark = pytest.mark.django_db
PROOF = {"proof": {"kind": "receipt", "reference": "R-1"}}


@pytest.fixture(autouse=True)
def forgetful() -> None:
    forget_permits()


@pytest.fixture
def desk(miles: Program) -> APIClient:
    return client_of("centre", miles)


@pytest.fixture
def emma(db: None) -> Customer:
    return make_customer("Emma Stone")


def registers(client: APIClient, card: Card | str, customer: Customer | int, *, key: str = "k", **body: Any) -> Any:
    number = card if isinstance(card, str) else card.number_id
    asked = {"customer": getattr(customer, "pk", customer), **body}
    return client.post(f"/api/cards/{number}/register", asked, headers=keyed(key), format="json")


def test_the_card_and_what_became_of_it(desk, miles, emma):
    card = found_card(miles, 300)
    answer = registers(desk, card, emma)
    assert answer.status_code == 201, answer.content
    membership = Membership.objects.get()
    shown = answer.json()
    told = {
        "number": card.number_id, "program": "miles", "type": "main", "status": "active", "membership": membership.pk,
        "member_number": membership.number, "tier": None, "valid_until": None, "successor": None,
        "registration": CardRegistration.objects.get().pk, "outcome": "converted", "change": None,
    }  # fmt: skip
    assert shown == shown | told
    assert registers(desk, card, emma).content == answer.content
    assert CardRegistration.objects.get().channel_id != ACTOR.channel_id


def test_into_the_membership_the_person_has(desk, miles):
    (anna,) = pair(miles, "Anna Bauer")
    answer = registers(desk, found_card(miles, 300), member_of(anna)).json()
    registration = CardRegistration.objects.get()
    assert (answer["outcome"], answer["membership"], answer["type"]) == ("absorbed", anna.pk, "additional")
    assert answer["change"] == registration.change_id


def test_what_waits_is_answered_202(desk, miles):
    (anna,) = pair(miles, "Anna Bauer")
    lifecycle.suspend(anna, actor=ACTOR, reason="in doubt")
    card = found_card(miles, 300)
    answer = registers(desk, card, member_of(anna))
    assert (answer.status_code, answer.json()["outcome"], answer.json()["type"]) == (202, "waiting", "temporary")
    assert answer.json()["membership"] == anonymous_of(card).pk
    assert registers(desk, card, member_of(anna), key="again").status_code == 202
    assert CardRegistration.objects.count() == 1


def test_others_are_asked_about_a_debt(desk, miles):
    _, john = pool_of(miles, "Katrin Bauer", "John Miller")
    card = found_card(miles)
    owe(anonymous_of(card), 40)
    answer = registers(desk, card, member_of(john), **PROOF)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "awaiting_consent")
    assert answer.json()["change"] == CardRegistration.objects.get().change_id


def test_a_dry_run_leaves_nothing(desk, miles, emma):
    card = found_card(miles, 300)
    before = counted(CardRegistration, Membership)
    answer = desk.post(f"/api/cards/{card.number_id}/register?dry_run=true", {"customer": emma.pk}, format="json")
    assert (answer.status_code, answer.json()["outcome"], answer.json()["registration"]) == (201, "converted", None)
    assert answer.json()["dry_run"] is True
    assert counted(CardRegistration, Membership) == before
    assert anonymous_of(card).type == "anonymous"


def test_above_the_limit_it_takes_a_proof(desk, miles, emma):
    change_program(miles, possession_limit=100)
    card = found_card(miles, 101)
    refused = registers(desk, card, emma)
    assert (refused.status_code, refused.json()["code"]) == (422, "proof_required")
    assert "101" not in refused.content.decode()
    assert registers(desk, card, emma, key="2", **PROOF).status_code == 201


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"customer": True}, 400),
        ({"customer": "1"}, 400),
        ({"code": 12345678}, 400),
        ({"proof": {"kind": "none", "reference": "R-1"}}, 400),
        ({"proof": {"kind": "code", "reference": "R-1"}}, 400),
        ({"proof": {"kind": "receipt"}}, 400),
        ({"proof": {"kind": "receipt", "reference": "R-1", "more": 1}}, 400),
        ({"proof": "receipt"}, 400),
        ({"accept_terms": 1}, 400),
        ({"color": "red"}, 400),
        ({"customer": 999_999_999}, 404),
    ],
)
def test_bad_input_changes_nothing(desk, miles, emma, change, status):
    card = found_card(miles, 10)
    before = counted(CardRegistration, Membership)
    answer = desk.post(
        f"/api/cards/{card.number_id}/register", {"customer": emma.pk} | change, headers=keyed("k"), format="json"
    )
    assert answer.status_code == status, answer.content
    assert counted(CardRegistration, Membership) == before


def test_without_a_key_or_the_scope_nothing_is_registered(desk, miles, emma):
    card = found_card(miles, 10)
    assert desk.post(f"/api/cards/{card.number_id}/register", {"customer": emma.pk}).status_code == 400
    reader = client_of("reader", miles, scopes=["cards:read", "memberships:manage"])
    assert registers(reader, card, emma).status_code == 403
    assert not CardRegistration.objects.exists()


@pytest.mark.usefixtures("desk")
class TestGuessing:
    @pytest.fixture
    def portal(self, miles: Program) -> APIClient:
        """May register cards, but read none."""
        return client_of("portal", miles, scopes=["cards:manage"])

    def test_unknown_foreign_and_unusable_numbers_are_answered_alike(self, portal, miles, emma):
        blocked = found_card(miles, 10)
        block(blocked, actor=ACTOR, reason="test")
        foreign = unused_card(make_program("stars"))
        nobodys = issue_card(miles, actor=ACTOR, active=True)
        answers = [
            registers(portal, one, emma, key=f"k{n}")
            for n, one in enumerate(("0000000000000", foreign, nobodys, blocked))
        ]
        assert {one.status_code for one in answers} == {404}
        assert len({one.content for one in answers}) == 1
        assert not CardRegistration.objects.exists()

    def test_who_may_read_cards_is_told_their_status(self, desk, miles, emma):
        blocked = found_card(miles, 10)
        block(blocked, actor=ACTOR, reason="test")
        answer = registers(desk, blocked, emma)
        assert (answer.status_code, answer.json()["code"]) == (422, "card_blocked")
        assert answer.json()["facts"]["card_status"] == "blocked"

    def test_wrong_numbers_and_wrong_codes_are_counted_and_stop_the_caller(self, desk, miles, emma, monkeypatch):
        counted_for: list[str] = []

        def count(subject: str) -> None:
            counted_for.append(subject)
            count_failure(subject)

        monkeypatch.setattr(guesses, "count_failure", count)
        card = found_card(miles, 10)
        code = give_code(card)
        wrong = registers(desk, card, emma, key="1", code="0" * 8 if code != "0" * 8 else "1" * 8)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_code")
        assert registers(desk, "0000000000000", emma, key="2").status_code == 404
        assert registers(desk, card, 999_999_999, key="3").status_code == 404
        assert len(counted_for) == 2 and len(set(counted_for)) == 1
        assert not too_many_failures(counted_for[0])
        monkeypatch.setattr(guesses, "too_many_failures", lambda subject: subject == counted_for[0])
        assert registers(desk, card, emma, key="4", code=code).status_code == 429
        assert not CardRegistration.objects.exists()
        monkeypatch.undo()
        assert registers(desk, card, emma, key="5", code=code).status_code == 201
