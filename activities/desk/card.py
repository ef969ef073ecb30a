"""The card page: what stands behind a number somebody reads aloud, and what can be done about it."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from activities.card_uses import uses_of
from activities.desk.seen import Door, name_for
from activities.models import MemberActivity
from cards.hot_list import HOT
from cards.models import BatchStatus, CardStatus
from common.desk.links import page_of
from common.desk.words import grouped
from customers.models import Customer
from memberships.card_offers import offers_for_card
from memberships.card_overview import CardView, card_view
from memberships.desk.cards.base import card_address
from memberships.desk.cards.front import OfCard

BADGES = {CardStatus.ACTIVE: "good", CardStatus.CREATED: "", CardStatus.EXPIRED: "warn"}


class CardPage(OfCard):
    template = "desk/card.html"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        card = self.find(number)
        view = card_view(card)
        offers = offers_for_card(card, self.actor)
        doors = [Door(one.label, _address(one.name, card.number_id), one.reason) for one in offers]
        return self.draw(
            view=view,
            card=card,
            grouped=grouped(card.number_id),
            program=card.program,
            zone=card.program.zone,
            badge="bad" if card.status in HOT else BADGES.get(CardStatus(card.status), ""),
            state=_state(view),
            holders=[(one, self._name(one.customer)) for one in view.holdings],
            batch_url=page_of("batch", card.batch_id) if card.batch_id else "",
            registered_by=self._registered_by(view),
            uses=[(one, _is_after(view, one)) for one in uses_of(card)],
            doors=[one for one in doors if not one.reason],
            closed_doors=[one for one in doors if one.reason],
        )

    def _name(self, customer: Customer | None) -> str:
        return "" if customer is None else name_for(self.actor, customer.pk, customer.name) or customer.number

    def _registered_by(self, view: CardView) -> tuple[str, str] | None:
        """Who wants it registered, while that waits: name and address."""
        found = view.registration
        if found is None or found.ended_at is not None:
            return None
        return self._name(found.customer), page_of("customer", found.customer_id)


def _address(name: str, number: str) -> str:
    """A page of the card, or one that is told about it in its query."""
    page, _mark, query = name.partition("?")
    return f"{reverse(f'desk:{page}')}?{query.format(number=number)}" if query else card_address(number, page)


def _is_after(view: CardView, use: MemberActivity) -> bool:
    """Whether it happened when the card was not to be used any more."""
    barred = view.card.barred_from
    return barred is not None and use.occurred_at >= barred


def _state(view: CardView) -> str:
    """What a till does with it now, in a sentence."""
    told = {
        CardStatus.CREATED: _("Not in use yet: it works once it is activated, a temporary card with its first use."),
        CardStatus.ACTIVE: _("In use: tills take it."),
        CardStatus.BLOCKED: _("Blocked: no till takes it until somebody unblocks it."),
        CardStatus.EXPIRED: _("Its time is over: no till takes it."),
        CardStatus.CANCELLED: _("Cancelled for good: no till takes it."),
        CardStatus.REPLACED: _("Replaced for good: no till takes it, its successor works."),
    }
    status, batch = CardStatus(view.card.status), view.card.batch
    if status == CardStatus.CREATED and batch is not None and batch.status == BatchStatus.REVOKED:
        return _("Its batch was revoked: no till takes it.")
    gone = _("Reported %(status)s: no till takes it.") % {"status": view.card.get_status_display()}
    return told.get(status, gone)
