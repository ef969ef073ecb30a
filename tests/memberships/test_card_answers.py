"""What a card number tells whom: nothing where it names nobody, and the reason to who may read cards."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from cards import issuing, numbering
from cards.errors import CardNotUsable
from cards.models import Card, CardKind, CardStatus
from common import clock
from common.actor import Actor
from common.errors import LoyaltyError, NotFound
from memberships.card_holding import cards_in_hand, end_holding, give_new_card, replace_card
from memberships.enrolment import enrol
from memberships.errors import CardEarnsOnly
from memberships.models import Membership
from memberships.targets import card_behind_lock, find_target
from programs.models import Program
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
