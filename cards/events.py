"""What is told of cards: channels keep their hot lists by the events, so number and time of the bar are in them."""

from collections.abc import Sequence
from typing import Any

from cards.models import Card
from gateway.events import record_event, record_events


def tell(event: str, card: Card, **facts: Any) -> None:
    record_event(f"card.{event}", program_id=card.program_id, subject_id=card.pk, facts=_facts(card) | facts)


def tell_of_many(event: str, cards: Sequence[Card], *, program_id: int) -> None:
    """One event per card, in one statement; the cards are of that program."""
    record_events(f"card.{event}", program_id=program_id, facts={card.pk: _facts(card) for card in cards})


def _facts(card: Card) -> dict[str, Any]:
    barred_from = card.barred_from.isoformat() if card.barred_from else None
    return {"number": card.number_id, "status": str(card.status), "barred_from": barred_from}
