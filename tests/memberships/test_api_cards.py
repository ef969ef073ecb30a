"""The calls about cards, as a channel makes them."""

from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

import pytest
from django.test import Client

from cards import issuing
from cards.models import Card, CardForm, CardKind, CardType, NumberRegistry
from gateway.authentication import forget_tokens
from gateway.models import Event
from gateway.throttling import forget_permits, too_many_failures
from memberships import lifecycle
from memberships.api import guesses
from memberships.card_holding import cards_in_hand
from memberships.models import CardHolding, Membership
from programs.models import Program
from tests.changes import anonymous, group_of
from tests.channels import bearer, channel_of
from tests.factories import ACTOR, counted, make_customer, make_membership, make_program, member_of

pytestmark = pytest.mark.django_db
SCOPES = ("customers:read", "memberships:read", "cards:read", "cards:manage")
TABLES = (Card, CardHolding, NumberRegistry, Event)
_keys = count(1)


@pytest.fixture(autouse=True)
def forgetful_process() -> Iterator[None]:
    forget_tokens()
    forget_permits()
    yield


class Caller:
    def __init__(self, code: str, *programs: Program, scopes: tuple[str, ...] = SCOPES) -> None:
        self.client = Client()
        self.headers = {"Authorization": bearer(channel_of(code, scopes, *programs))}

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/{path}", headers=self.headers)

    def post(self, path: str, **body: Any) -> Any:
        headers = self.headers | {"Idempotency-Key": f"k{next(_keys)}"}
        return self.client.post(f"/api/{path}", body, content_type="application/json", headers=headers)


@pytest.fixture
def desk(sky: Program) -> Caller:
    return Caller("centre", sky)


@pytest.fixture
def membership(sky: Program) -> Membership:
    return make_membership(sky)


def number_of(membership: Membership) -> str:
    return str(cards_in_hand(membership).get(kind=CardKind.MAIN).number_id)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_face_of_a_card_says_whose_it_is_and_what_it_is_like(desk, sky, membership):
    gold = CardType.objects.create(program=sky, code="gold", name="Gold", form=CardForm.VIRTUAL)
    card = cards_in_hand(membership).get()
    card.card_type = gold
    card.save()
    assert desk.get(f"cards/{card.number_id}").json() == {
        "number": card.number_id, "program": "sky", "type": "main", "status": "active", "membership": membership.pk,
        "member_number": membership.number, "tier": "blue", "valid_until": None, "successor": None,
        "card_type": "gold", "form": "virtual", "holder": member_of(membership), "barred_from": None,
    }  # fmt: skip


def test_an_unused_card_is_nobodys(desk, sky):
    card = issuing.issue_card(sky, actor=ACTOR, kind=CardKind.TEMPORARY)
    shown = desk.get(f"cards/{card.number_id}").json()
    assert [shown[name] for name in ("membership", "member_number", "tier", "holder", "status")] == [
        None, None, None, None, "created",
    ]  # fmt: skip


def test_the_cards_of_a_group_are_listed_with_their_holders_in_few_statements(desk, sky, django_assert_max_num_queries):
    group = group_of(sky, "Mia", "Max", "Mo")
    with django_assert_max_num_queries(8):
        listed = desk.get(f"memberships/{group.pk}/cards").json()["results"]
    assert [one["holder"] for one in listed] == [one.customer_id for one in group.members.order_by("pk")]
    assert {(one["type"], one["tier"], one["membership"]) for one in listed} == {("main", "blue", group.pk)}


def test_a_card_is_blocked_and_unblocked_with_a_reason(desk, membership):
    number = number_of(membership)
    assert refused(desk.post(f"cards/{number}/block")) == (400, "malformed")
    blocked = desk.post(f"cards/{number}/block", reason="odd sale")
    assert (blocked.status_code, blocked.json()["status"]) == (200, "blocked")
    assert blocked.json()["barred_from"] is not None
    assert refused(desk.post(f"cards/{number}/block", reason="again")) == (409, "card_status")
    back = desk.post(f"cards/{number}/unblock", reason="it was her")
    assert (back.status_code, back.json()["status"], back.json()["barred_from"]) == (200, "active", None)
    card = Card.objects.get(number=number)
    assert [one.history_change_reason for one in card.history.order_by("-history_id")[:2]] == [
        "it was her", "odd sale",
    ]  # fmt: skip
    kinds = Event.objects.filter(subject_id=card.pk, kind__startswith="card.").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["card.issued", "card.blocked", "card.unblocked"]


def test_the_card_of_a_suspended_membership_is_not_unblocked(desk, membership):
    number = number_of(membership)
    desk.post(f"cards/{number}/block", reason="odd sale")
    lifecycle.suspend(membership, actor=ACTOR, reason="fraud")
    assert refused(desk.post(f"cards/{number}/unblock", reason="it was her")) == (422, "membership_not_able")
    assert Card.objects.get(number=number).status == "blocked"


def test_a_successor_that_waits_is_activated_by_hand(desk, sky, membership):
    given = desk.post(f"memberships/{membership.pk}/cards").json()
    card = Card.objects.get(number=given["number"])
    card.status, card.activated_at = "created", None
    card.save()
    answer = desk.post(f"cards/{card.number_id}/activate")
    assert (answer.status_code, answer.json()["status"]) == (200, "active")
    assert refused(desk.post(f"cards/{card.number_id}/activate")) == (409, "card_status")


def test_a_member_is_given_an_additional_card(desk, sky, membership):
    CardType.objects.create(program=sky, code="family", name="Family", kind=CardKind.ADDITIONAL, is_default=True)
    answer = desk.post(f"memberships/{membership.pk}/cards")
    assert answer.status_code == 201
    card = answer.json()
    assert (card["type"], card["status"], card["card_type"], card["form"], card["holder"]) == (
        "additional", "active", "family", "plastic", member_of(membership),
    )  # fmt: skip
    listed = desk.get(f"memberships/{membership.pk}/cards").json()["results"]
    assert [one["type"] for one in listed] == ["main", "additional"]


def test_the_same_key_gives_one_card(desk, membership):
    headers = desk.headers | {"Idempotency-Key": "one"}
    path, options = f"/api/memberships/{membership.pk}/cards", {"content_type": "application/json", "headers": headers}
    first, again = desk.client.post(path, {}, **options), desk.client.post(path, {}, **options)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert Card.objects.count() == 2


def test_what_can_not_be_given_is_refused_and_nothing_changes(desk, sky, membership):
    CardType.objects.create(program=sky, code="gold", name="Gold")
    stranger, before = make_customer("Stranger").pk, counted(*TABLES)
    path = f"memberships/{membership.pk}/cards"
    for body, expected in (
        ({"type": "main"}, (409, "main_card_there")),
        ({"type": "temporary"}, (400, "malformed")),
        ({"card_type": "gold"}, (422, "card_type")),
        ({"card_type": "silver"}, (422, "card_type")),
        ({"customer": stranger}, (422, "not_a_member")),
        ({"number": "1"}, (422, "number_refused")),
        ({"number": number_of(membership)}, (409, "number_taken")),
        ({"colour": "red"}, (400, "malformed")),
    ):
        assert refused(desk.post(path, **body)) == expected, body
    nobody = anonymous(sky)
    before = counted(*TABLES)
    assert refused(desk.post(f"memberships/{nobody.pk}/cards")) == (422, "not_a_member")
    assert counted(*TABLES) == before


def test_a_rehearsed_gift_leaves_nothing(desk, membership):
    before = counted(*TABLES)
    answer = desk.client.post(
        f"/api/memberships/{membership.pk}/cards?dry_run=true", {}, content_type="application/json",
        headers=desk.headers,
    )  # fmt: skip
    assert (answer.status_code, answer.json()["dry_run"]) == (201, True)
    assert counted(*TABLES) == before


def test_a_lost_card_is_replaced_by_one_at_hand(desk, membership):
    number = number_of(membership)
    desk.post(f"cards/{number}/report-lost")
    new = desk.post(f"cards/{number}/replace", reason="lost", number="shop 0001")
    assert (new.status_code, new.json()["number"], new.json()["status"]) == (201, "SHOP0001", "active")
    assert desk.get(f"cards/{number}").json()["successor"] == "SHOP0001"


def test_asking_whether_numbers_are_taken_counts_as_guessing(desk, sky, membership, monkeypatch):
    """Or who may give cards could learn the numbers of another program."""
    monkeypatch.setattr(guesses, "too_many_failures", partial(too_many_failures, limit=3))
    foreign = number_of(make_membership(make_program("sea"), "John"))
    path = f"memberships/{membership.pk}/cards"
    for _ in range(3):
        assert refused(desk.post(path, number=foreign)) == (409, "number_taken")
    assert refused(desk.post(path, number="SHOP0001")) == (429, "throttled")
    assert refused(desk.get(f"cards/{number_of(membership)}")) == (429, "throttled")
    assert Caller("other", sky).post(path, number="SHOP0001").status_code == 201


def test_scopes_and_programs_are_asked_for(sky, membership):
    reader = Caller("reader", sky, scopes=("memberships:read", "cards:read"))
    stranger = Caller("stranger", make_program("sea"))
    number, path = number_of(membership), f"memberships/{membership.pk}/cards"
    before = counted(*TABLES)
    for verb in ("block", "unblock", "activate", "replace"):
        assert refused(reader.post(f"cards/{number}/{verb}", reason="x")) == (403, "not_allowed")
        assert refused(stranger.post(f"cards/{number}/{verb}", reason="x")) == (404, "not_found")
    assert refused(reader.post(path)) == (403, "not_allowed")
    assert refused(stranger.post(path)) == refused(stranger.get(path)) == (404, "not_found")
    assert counted(*TABLES) == before
