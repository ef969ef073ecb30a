from cards.models.card import IN_USE, Card, CardStatus
from cards.models.design import BatchStatus, CardBatch, CardForm, CardKind, CardType
from cards.models.number import NumberKind, NumberRegistry

__all__ = [
    "IN_USE",
    "BatchStatus",
    "Card",
    "CardBatch",
    "CardForm",
    "CardKind",
    "CardStatus",
    "CardType",
    "NumberKind",
    "NumberRegistry",
]
