"""The front of a card for paper or a screen: who, which program, until when, and the number as tills read it."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from cards.faces import barcode_svg, qr_svg
from cards.models import IN_USE, Card, CardStatus
from common.desk.pages import DeskPage
from common.desk.words import grouped
from customers.desk.tasks import shown_name
from customers.unmasking import UNMASK, UnmaskReason
from memberships.card_holding import last_holder
from memberships.card_overview import highest_tier
from memberships.desk.cards.address import card_or_404

SVG = "image/svg+xml"


class OfCard(DeskPage):
    action = "cards:read"
    section = "customers"

    def find(self, number: str) -> Card:
        """Foreign and unknown ones answer alike."""
        card = card_or_404(number, self.actor)
        self.allow(card.program_id)
        return card


class Front(OfCard):
    template = "desk/cards/front.html"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        card = self.find(number)
        holding = last_holder(card.pk)
        holder = holding.customer if holding else None
        return self.draw(
            card=card,
            grouped=grouped(card.number_id),
            program=card.program,
            holding=holding,
            holder=holder,
            name=shown_name(self.actor, holder) if holder else "",
            unmasked=holder is None or self.actor.sees(holder.pk),
            may_unmask=self.may(UNMASK),
            reasons=UnmaskReason.choices,
            tier=highest_tier(holding.membership_id) if holding else None,
            warning=_warning(card),
        )


class QrImage(OfCard):
    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        return HttpResponse(qr_svg(self.find(number).number_id), content_type=SVG)


class BarcodeImage(OfCard):
    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        return HttpResponse(barcode_svg(self.find(number).number_id), content_type=SVG)


def _warning(card: Card) -> str:
    """Why no till would take what is printed; empty for a card that works, or will once its membership does."""
    if card.status in (CardStatus.CREATED, *IN_USE) and card.status != CardStatus.BLOCKED:
        return ""
    return _("This card is %(status)s: no till takes it.") % {"status": card.get_status_display()}
