"""Who holds which card: the link between plastic and people (domain 1.10)."""

from datetime import datetime

from django.db.models import Q, QuerySet

from cards import issuing
from cards.models import Card, CardKind, CardStatus
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.history import audit_context
from memberships.models import CardHolding, Membership
from programs.models import Program


def issue_main_card(
    membership: Membership, *, program: Program, customer_id: int, actor: Actor, at: datetime, active: bool
) -> Card:
    """The one main card a member gets at enrolment."""
    card = issuing.issue_card(program, kind=CardKind.MAIN, actor=actor, at=at, active=active)
    give_card(card, membership=membership, customer_id=customer_id, actor=actor, at=at)
    return card


def give_card(
    card: Card, *, membership: Membership, customer_id: int | None, actor: Actor, at: datetime
) -> CardHolding:
    """From `at` on the card is in this person's hand (nobody's by name where anonymous)."""
    with in_program(card.program_id), audit_context(actor):
        return CardHolding.objects.create(
            card=card,
            program_id=card.program_id,
            membership=membership,
            customer_id=customer_id,
            held_from=at,
        )


def end_holding(card: Card, *, actor: Actor, at: datetime) -> CardHolding | None:
    """Nobody holds the card from `at` on. Returns what ended, None if nobody held it."""
    with in_program(card.program_id), audit_context(actor):
        for holding in lock_rows(CardHolding.objects.filter(card=card, held_until__isnull=True)):
            holding.held_until = max(at, holding.held_from)
            holding.save()
            return holding
        return None


def holder_at(card_id: int, at: datetime) -> CardHolding | None:
    """Who held the card at that time."""
    period = Q(held_until__isnull=True) | Q(held_until__gt=at)
    return CardHolding.objects.select_related("membership").filter(period, card_id=card_id, held_from__lte=at).first()


def last_holder(card_id: int) -> CardHolding | None:
    """Who holds the card, or held it last: for staff a retired number still finds the membership."""
    return CardHolding.objects.select_related("membership").filter(card_id=card_id).order_by("-held_from").first()


def cards_in_hand(membership: Membership) -> QuerySet[Card]:
    """The cards of the membership's members today."""
    return Card.objects.filter(holdings__membership=membership, holdings__held_until__isnull=True).select_related(
        "program", "successor"
    )


def replace_card(card: Card, *, actor: Actor, reason: str) -> Card:
    """The successor, in the hand of whoever held the old card."""
    with in_program(card.program_id), audit_context(actor, reason):
        successor = issuing.replace(card, actor=actor, reason=reason)
        ended = end_holding(card, actor=actor, at=program_now(successor.program))
        if ended is not None:
            give_card(
                successor,
                membership=ended.membership,
                customer_id=ended.customer_id,
                actor=actor,
                at=ended.held_until or ended.held_from,
            )
        return successor


def activate_cards(membership: Membership, *, actor: Actor, at: datetime) -> None:
    """The cards given out with an enrolment become usable with the membership."""
    for card in cards_in_hand(membership).filter(status=CardStatus.CREATED).order_by("pk"):
        issuing.activate(card, actor=actor, at=at)


def cancel_cards(membership: Membership, *, actor: Actor, at: datetime, reason: str) -> None:
    """The membership is gone for good: its cards end and belong to nobody; their numbers stay registered."""
    for card in cards_in_hand(membership).order_by("pk"):
        if card.status not in issuing.FINAL:
            issuing.cancel(card, actor=actor, reason=reason)
        end_holding(card, actor=actor, at=at)
