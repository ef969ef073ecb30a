"""What a temporary card's first use asks of the card and does to it (domain 1.10)."""

from datetime import datetime

from cards import issuing
from cards.errors import CardNotUsable
from cards.models import BatchStatus, Card, CardKind, CardStatus
from common.actor import Actor
from common.db import in_program, lock_rows
from common.history import audit_context
from programs.expiry import end_of_day


def is_unused(card: Card) -> bool:
    """A temporary card that nobody used yet and that was not taken back."""
    revoked = card.batch is not None and card.batch.status == BatchStatus.REVOKED
    return card.kind == CardKind.TEMPORARY and card.status == CardStatus.CREATED and not revoked


def locked_card(card: Card) -> Card:
    """The row under its lock, with program and batch, as it is after the wait."""
    rows: list[Card] = lock_rows(Card.objects.filter(pk=card.pk).select_related("program", "batch"))
    return rows[0]


def refuse_outside(card: Card, *, at: datetime) -> None:
    """It can be used from the day it was made through its last day, by the time of the event; else CardNotUsable."""
    zone = card.program.zone
    made_on, day = card.created_at.astimezone(zone).date(), at.astimezone(zone).date()
    if day < made_on or (card.valid_until is not None and at >= end_of_day(card.valid_until, zone)):
        raise CardNotUsable(
            f"The card is valid from {made_on} to {card.valid_until or 'any day'}; the event is of {day}.",
            facts={
                "card_status": card.status,
                "at": at.isoformat(),
                "valid_from": made_on.isoformat(),
                "valid_until": card.valid_until and card.valid_until.isoformat(),
            },
        )


def use_first(card: Card, *, at: datetime, actor: Actor) -> Card:
    """The card is in use since `at`. Called again for an earlier time it is in use since then."""
    if card.status == CardStatus.CREATED:
        return issuing.activate(card, actor=actor, at=at)
    with in_program(card.program_id), audit_context(actor):
        card = locked_card(card)
        card.activated_at = at
        card.save()
        return card
