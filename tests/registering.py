"""Found cards for tests: held by an anonymous membership, in a batch so that they have a code, or not used yet."""

from datetime import date
from typing import Any

from cards.codes import code_of
from cards.issuing import issue_card
from cards.models import Card, CardBatch, CardKind
from common import clock
from common.history import audit_context
from customers.models import Customer
from memberships.models import CardRegistration, Membership
from memberships.registering import register
from programs.models import Program
from tests.changes import anonymous, earn
from tests.factories import ACTOR


def found_card(program: Program, points: int = 0) -> Card:
    """A temporary card used before, its points earned by nobody in person."""
    membership = anonymous(program)
    if points:
        earn(membership, points)
    return card_of(membership)


def card_of(membership: Membership) -> Card:
    found: Card = Card.objects.get(holdings__membership=membership, holdings__held_until__isnull=True)
    return found


def unused_card(program: Program, **values: Any) -> Card:
    with audit_context(ACTOR, "test"):
        return issue_card(program, actor=ACTOR, kind=CardKind.TEMPORARY, **values)


def anonymous_of(card: Card) -> Membership:
    """The membership that holds the card, or held it first."""
    holding = card.holdings.order_by("held_from", "pk").first()
    assert holding is not None
    return Membership.objects.get(pk=holding.membership_id)


def give_code(card: Card) -> str:
    """Put the card into a batch; the code under its scratch field."""
    with audit_context(ACTOR, "test"):
        batch = CardBatch.objects.create(
            program=card.program,
            name=f"batch of {card.number_id}",
            count=1,
            valid_until=date(2099, 1, 1),
            created_at=clock.now(),
            channel_id=ACTOR.channel_id,
        )
        card.batch = batch
        card.save()
    return code_of(batch, card.number_id)


def registered(card: Card, customer: Customer, **asked: Any) -> CardRegistration:
    return register(card, customer=customer, actor=ACTOR, **asked)
