"""Card numbers in addresses: capital letters and digits as they are stored, hyphens allowed where somebody types."""

from django.http import Http404
from django.urls import register_converter

from cards.models import Card
from cards.numbering import compact
from common.actor import Actor


class CardNumberConverter:
    """Fixed words of addresses beside cards are small letters, so no number is taken for one."""

    regex = "[^/a-z]{1,60}"

    def to_python(self, value: str) -> str:
        return compact(value)

    def to_url(self, value: object) -> str:
        return str(value)


register_converter(CardNumberConverter, "card")


def card_or_404(number: str, actor: Actor) -> Card:
    """The card of that number whatever its status; unknown and foreign ones answer alike."""
    found = Card.objects.visible_to(actor).select_related("program", "successor", "card_type", "batch")
    card: Card | None = found.filter(number=number[:40]).first()
    if card is None:
        raise Http404
    return card
