"""The playbook for a lost card: from the phone call to a replacement that works, card by card."""

from collections.abc import Iterable, Iterator

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.issuing import REPORTED
from cards.models import IN_USE, Card, CardStatus
from common.desk.outcomes import Way
from common.desk.words import grouped, moment
from memberships.desk.cards.base import card_address, successor_of
from memberships.desk.changes.playbooks import DONE, LATER, NOT_NEEDED, NOW, Playbook, PlayStep
from memberships.models import CardHolding, Membership

# Of the cards replaced formerly the latest are worth a look.
MOST_REPLACED = 2


class LostCard(Playbook):
    action = "cards:manage"
    section = "customers"
    title = gettext_lazy("Playbook: lost card")
    what = gettext_lazy(
        "The customer is on the phone and a card is gone. Make sure who it is, report the card and replace it in one "
        "step, then look whether somebody used it. Points and membership stay as they are."
    )
    nothing = gettext_lazy("This customer holds no card in a program of yours.")

    def before(self) -> Iterator[PlayStep]:
        page = Way(_("Compare with what is known"), reverse("desk:customer", args=[self.customer.pk]))
        how = _("Ask for what only the customer knows, such as phone, e-mail or the last purchase.")
        yield PlayStep(_("Make sure who calls"), NOT_NEEDED, how, (page,))

    def wanted(self, membership: Membership) -> bool:
        return bool(membership.current) and self._held(membership).exists()

    def steps(self, membership: Membership) -> Iterable[PlayStep]:
        holdings = list(self._held(membership).select_related("card").order_by("-card_id"))
        in_hand = [one.card for one in holdings if one.held_until is None]
        usable = [card for card in in_hand if card.status in IN_USE]
        gone = [card for card in in_hand if card.status in REPORTED]
        replaced = [one.card for one in holdings if one.card.status == CardStatus.REPLACED][:MOST_REPLACED]
        yield from (self._replaced(card, membership) for card in replaced)
        yield from (self._replace(card, membership) for card in gone)
        yield from (self._report(card, NOT_NEEDED if replaced or gone else NOW) for card in usable)
        if not (usable or gone):
            yield PlayStep(_("Report and replace"), LATER, _("No card of this membership is in use."))

    def _held(self, membership: Membership) -> QuerySet[CardHolding]:
        return CardHolding.objects.filter(membership=membership, customer=self.customer)

    def _report(self, card: Card, state: str) -> PlayStep:
        title = _("Report and replace card %(number)s") % {"number": grouped(card.number_id)}
        how = _("%(kind)s card, %(status)s. One step bars it and gives a new one.")
        told = {"kind": str(card.get_kind_display()).capitalize(), "status": card.get_status_display()}
        ways = [Way(_("Report and replace"), card_address(card.number_id, "card-report"), main=True)]
        if card.status == CardStatus.ACTIVE:
            ways.append(Way(_("Only block it for now"), card_address(card.number_id, "card-block")))
        else:
            ways.append(Way(_("Found again: unblock"), card_address(card.number_id, "card-unblock")))
        return PlayStep(title, state, how % told, tuple(ways))

    def _replace(self, card: Card, membership: Membership) -> PlayStep:
        title = _("Replace card %(number)s") % {"number": grouped(card.number_id)}
        ways = (
            Way(_("Replace it"), card_address(card.number_id, "card-replace"), main=True),
            _used(card),
        )
        return PlayStep(title, NOW, _gone(card, membership), ways)

    def _replaced(self, card: Card, membership: Membership) -> PlayStep:
        title = _("Card %(number)s was replaced") % {"number": grouped(card.number_id)}
        new = successor_of(card)
        how = _("%(gone)s The new one is %(new)s.") % {"gone": _gone(card, membership), "new": grouped(new)}
        return PlayStep(title, DONE, how, (Way(_("The new card"), card_address(new)), _used(card)))


def _gone(card: Card, membership: Membership) -> str:
    told = {"status": str(card.get_status_display()).capitalize(), "since": ""}
    if card.barred_from is None:
        return _("%(status)s.") % told
    told["since"] = moment(card.barred_from, membership.program.zone)
    return _("%(status)s, not usable since %(since)s.") % told


def _used(card: Card) -> Way:
    return Way(_("Was it used meanwhile?"), f"{card_address(card.number_id)}#used")
