"""Temporary cards for tests, made as rows: not by the verbs that make batches."""

from datetime import date
from typing import Any

from django.db import transaction

from cards.issuing import issue_card
from cards.models import Card, CardBatch, CardKind
from common import clock
from common.history import audit_context
from programs.models import Program
from tests.factories import ACTOR


def temporary_card(program: Program, *, valid_until: date | None = None, batch: CardBatch | None = None) -> Card:
    """Not used yet."""
    card = issue_card(program, actor=ACTOR, kind=CardKind.TEMPORARY, valid_until=valid_until)
    return changed(card, batch=batch) if batch is not None else card


def batch_row(program: Program, **values: Any) -> CardBatch:
    """Ready, of one card, unless said otherwise."""
    defaults = {
        "name": "Summer",
        "count": 1,
        "made": 1,
        "valid_months": 12,
        "status": "ready",
        "created_at": clock.program_now(program),
        "channel_id": ACTOR.channel_id,
    }
    with transaction.atomic(), audit_context(ACTOR, "test"):
        made: CardBatch = CardBatch.objects.create(program=program, **(defaults | values))
    return made


def changed(card: Card, **values: Any) -> Card:
    """The row with other values, whatever the rules say."""
    with transaction.atomic(), audit_context(ACTOR, "test"):
        for name, value in values.items():
            setattr(card, name, value)
        card.save()
    return card
