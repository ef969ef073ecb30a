"""What a card number tells whom: nothing where it names nobody, and the reason to who may read cards."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.test import Client

from activities.models import MemberActivity
from cards import issuing, numbering
from cards.errors import CardNotUsable
from cards.models import Card, CardKind, CardStatus
from common import clock
from common.actor import Actor
from common.errors import LoyaltyError, NotFound
from gateway.authentication import forget_tokens
from gateway.models import Throttle
from gateway.throttling import forget_permits
from memberships.card_holding import cards_in_hand, end_holding, give_new_card, replace_card
from memberships.enrolment import enrol
from memberships.errors import CardEarnsOnly
from memberships.models import Membership
from memberships.targets import card_behind_lock, find_target
from programs.models import Program
from tests.channels import bearer, channel_of
from tests.factories import ACTOR, actor_in, make_customer, make_program

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)


@pytest.fixture
def membership(sky, emma) -> Membership:
    with clock.frozen(NOON):
        return enrol(emma, program=sky, actor=ACTOR)


def till(*programs: Program) -> Actor:
    """A channel that may do everything but read cards."""
    return replace(actor_in(*programs), may=lambda action, program_id: action != "cards:read")


def refusal(actor: Actor, number: str, *, at: datetime = LATER) -> LoyaltyError:
    with pytest.raises(LoyaltyError) as refused:
        find_target(actor, at=at, card_number=number)
    return refused.value


def told(error: LoyaltyError) -> tuple[object, ...]:
    return type(error), error.code, error.status, error.message, error.facts, error.errors


def wrong_check(membership: Membership) -> str:
    number = cards_in_hand(membership).get().number_id
    return str(number[:-1] + str((int(number[-1]) + 1) % 10))


def unknown(membership: Membership) -> str:
    return numbering.new_number(membership.program)


def foreign(membership: Membership) -> str:
    other = enrol(make_customer("John"), program=make_program("sea"), actor=ACTOR)
    return str(cards_in_hand(other).get().number_id)


def nobodys(membership: Membership) -> str:
    return str(issuing.issue_card(membership.program, actor=ACTOR, active=True).number_id)


def unused(membership: Membership) -> str:
    return str(issuing.issue_card(membership.program, actor=ACTOR, kind=CardKind.TEMPORARY).number_id)


def revoked(membership: Membership) -> str:
    card = issuing.issue_card(membership.program, actor=ACTOR, kind=CardKind.TEMPORARY)
    return str(issuing.cancel(card, actor=ACTOR, reason="revoked").number_id)


def no_number(membership: Membership) -> str:
    return "0" * 60


NEVER_KNOWN = (wrong_check, unknown, foreign, nobodys, unused, revoked, no_number)


@pytest.mark.parametrize("number_of", NEVER_KNOWN, ids=lambda one: one.__name__)
def test_a_number_that_names_nobody_is_answered_alike_for_everyone(membership, sky, number_of):
    number = number_of(membership)
    for actor in (till(sky), actor_in(sky)):
        error = refusal(actor, number)
        assert told(error) == (NotFound, "not_found", 404, "There is no such card that you can see.", {}, [])


def blocked(card: Card) -> Card:
    return issuing.block(card, actor=ACTOR, reason="odd")


def lost(card: Card) -> Card:
    return issuing.report(card, CardStatus.LOST, actor=ACTOR)


def replaced(card: Card) -> Card:
    replace_card(card, actor=ACTOR, reason="worn")
    return card


def cancelled(card: Card) -> Card:
    return issuing.cancel(card, actor=ACTOR, reason="wish")


def ended(card: Card) -> Card:
    card.valid_until = date(2026, 3, 10)
    card.save()
    return card


def expired(card: Card) -> Card:
    return issuing.expire(ended(card), actor=ACTOR)


def not_begun(card: Card) -> Card:
    card.status, card.activated_at = CardStatus.CREATED, None
    card.save()
    return card


OUT_OF_USE = (blocked, lost, replaced, cancelled, ended, expired, not_begun)


@pytest.mark.parametrize("take_out", OUT_OF_USE, ids=lambda one: one.__name__)
def test_a_card_out_of_use_is_told_to_who_may_read_cards_and_is_no_card_for_others(membership, sky, take_out):
    with clock.frozen(NOON + timedelta(hours=1)):
        card = take_out(cards_in_hand(membership).get())
    card.refresh_from_db()
    nothing = refusal(till(sky), "4000000000000")
    assert told(refusal(till(sky), card.number_id)) == told(nothing)
    reason = refusal(actor_in(sky), card.number_id)
    assert (reason.code, reason.status) == ("card_blocked", 422)
    assert reason.facts == {"card_status": card.status, "at": LATER.isoformat()}
    # Who may read cards elsewhere only is told nothing here.
    elsewhere = make_program("sea").pk
    mixed = replace(actor_in(sky), may=lambda action, program_id: program_id == elsewhere)
    assert told(refusal(mixed, card.number_id)) == told(nothing)


def test_a_card_taken_away_is_nobodys_from_then_on(membership, sky):
    card = cards_in_hand(membership).get()
    end_holding(card, actor=ACTOR, at=NOON + timedelta(hours=1))
    assert isinstance(refusal(actor_in(sky), card.number_id), NotFound)
    assert find_target(actor_in(sky), at=NOON, card_number=card.number_id).membership == membership


# ---- additional cards


@pytest.mark.parametrize("purpose", ["redeem", "hold", "transfer_out"])
def test_an_additional_card_takes_no_points_out(membership, emma, purpose):
    with clock.frozen(NOON):
        card = give_new_card(membership, customer_id=emma.pk, kind=CardKind.ADDITIONAL, actor=ACTOR)
    main = cards_in_hand(membership).get(kind=CardKind.MAIN)
    with pytest.raises(CardEarnsOnly) as refused:
        find_target(ACTOR, at=LATER, card_number=card.number_id, purpose=purpose)
    assert (refused.value.code, refused.value.status) == ("card_earns_only", 422)
    assert refused.value.facts == {"card_type": "additional", "purpose": purpose}
    for number, asked in ((card.number_id, "earn"), (card.number_id, None), (main.number_id, purpose)):
        assert find_target(ACTOR, at=LATER, card_number=number, purpose=asked).membership == membership


# ---- behind the lock


@pytest.mark.parametrize("take_out", [blocked, lost, replaced, cancelled], ids=lambda one: one.__name__)
def test_a_card_is_asked_again_behind_the_lock(membership, sky, take_out):
    target = find_target(till(sky), at=LATER, card_number=cards_in_hand(membership).get().number_id)
    with clock.frozen(LATER):
        take_out(cards_in_hand(membership).get())
    card_behind_lock(target, ACTOR, at=LATER - timedelta(microseconds=1))
    with pytest.raises(CardNotUsable):
        card_behind_lock(target, ACTOR, at=LATER)
    with pytest.raises(NotFound):
        card_behind_lock(target, till(sky), at=LATER)
    # Where no card was named there is nothing to ask.
    card_behind_lock(replace(target, card_id=None), ACTOR, at=LATER)


# ---- as channels are answered

TILL = ("activities:write", "points:earn", "customers:read")


@pytest.fixture(autouse=True)
def forgetful_process() -> None:
    forget_tokens()
    forget_permits()


class Till:
    """A channel that sends sales by card number, each with a key of its own."""

    def __init__(self, code: str, program: Program, *scopes: str) -> None:
        self.client, self.keys = Client(), count(1)
        channel = channel_of(code, (*TILL, *scopes), program)
        self.headers, self.subject = {"Authorization": bearer(channel)}, f"numbers:channel:{channel.pk}"
        # Counted beside the test's transaction, so that earlier ones may have left some.
        self.before = self._counted()

    def sells(self, number: str, **more: object) -> Any:
        headers = self.headers | {"Idempotency-Key": f"sale-{next(self.keys)}"}
        body = {"type": "earn", "points": 5, "card_number": number} | more
        return self.client.post("/api/activities", body, content_type="application/json", headers=headers)

    def _counted(self) -> int:
        return sum(Throttle.objects.filter(subject=self.subject).values_list("count", flat=True))

    def wrong_guesses(self) -> int:
        return self._counted() - self.before

    def looks_up(self, number: str) -> bytes:
        return bytes(self.client.get(f"/api/customers/lookup?card_number={number}", headers=self.headers).content)


@pytest.fixture
def numbers(membership, sky) -> dict[str, str]:
    """A number for every way not to be a card in use, each card with a member of its own."""
    found = {one.__name__: one(membership) for one in NEVER_KNOWN if one is not unused}
    for take_out in OUT_OF_USE:
        with clock.frozen(NOON):
            card = cards_in_hand(enrol(make_customer(take_out.__name__), program=sky, actor=ACTOR)).get()
        with clock.frozen(NOON + timedelta(hours=1)):
            found[take_out.__name__] = str(take_out(card).number_id)
    return found


def test_a_till_is_answered_byte_for_byte_alike_and_every_try_counts(sky, numbers):
    till = Till("till", sky)
    answers = {name: till.sells(number) for name, number in numbers.items()}
    assert {(one.status_code, one.content) for one in answers.values()} == {(404, answers["unknown"].content)}
    assert answers["unknown"].json()["code"] == "not_found"
    assert {till.looks_up(number) for number in numbers.values()} == {b'{"results":[]}'}
    assert MemberActivity.objects.count() == 0
    assert till.wrong_guesses() == 2 * len(numbers)


def test_who_may_read_cards_is_told_the_status_which_is_no_wrong_guess(sky, numbers):
    reader = Till("reader", sky, "cards:read")
    told = {one.__name__: reader.sells(numbers[one.__name__]).json() for one in OUT_OF_USE}
    assert {one["code"] for one in told.values()} == {"card_blocked"}
    assert {name: one["facts"]["card_status"] for name, one in told.items()} == {
        "blocked": "blocked", "lost": "lost", "replaced": "replaced", "cancelled": "cancelled", "ended": "active",
        "expired": "expired", "not_begun": "created",
    }  # fmt: skip
    assert reader.wrong_guesses() == 0
    known = {reader.sells(numbers[one.__name__]).content for one in NEVER_KNOWN if one is not unused}
    assert len(known) == 1


def test_an_additional_card_earns_at_the_till_and_redeems_nothing(sky, membership, emma):
    till = Till("till", sky, "points:redeem")
    number = give_new_card(membership, customer_id=emma.pk, kind=CardKind.ADDITIONAL, actor=ACTOR).number_id
    assert till.sells(number).status_code == 201
    refused = till.sells(number, type="redeem")
    assert (refused.status_code, refused.json()["code"]) == (422, "card_earns_only")
    main = cards_in_hand(membership).get(kind=CardKind.MAIN).number_id
    assert till.sells(main, type="redeem").json()["balances"][0]["balance"] == 0
