"""The base of tasks about one card."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cards.models import Card
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.tasks import TaskPage
from common.desk.words import day, grouped, moment
from customers.desk.tasks import customer_page, shown_name
from memberships.card_holding import last_holder
from memberships.desk.cards.address import card_or_404
from memberships.desk.tasks import membership_page
from memberships.models import CardHolding


class CardTask(TaskPage):
    section = "customers"
    action = "cards:manage"
    card: Card
    holding: CardHolding | None

    def load(self, **kwargs: Any) -> None:
        self.card = card_or_404(kwargs["number"], self.actor)
        self.allow_program(self.card.program_id)
        self.program = self.card.program
        self.holding = last_holder(self.card.pk)
        self.subject = _("Card %(number)s") % {"number": self.card.number_id}

    def figures(self) -> Sequence[Figure]:
        card = Card.objects.select_related("program").get(pk=self.card.pk)
        return [*standing_of(card), Figure("successor", _("New card"), grouped(successor_of(card)), always=False)]

    def shown_figures(self) -> Sequence[Figure]:
        """The preview's number is undone with it and never comes again, so it is not told."""
        known = self.card.successor_id
        return [
            Figure(one.key, one.label, _("a number of its own"), one.always)
            if one.key == "successor" and one.value and not known
            else one
            for one in self.figures()
        ]

    def new_card_told(self) -> str:
        """What comes in the place of a card that is replaced."""
        if self.card.successor_id is not None:
            return _("The card made by its renewal is usable at once, in the same hand.")
        return _("A new card with a number of its own is usable at once, in the same hand.")

    def customers(self) -> Iterable[int]:
        held = CardHolding.objects.filter(card=self.card, customer__isnull=False)
        return held.values_list("customer_id", flat=True)

    def context(self) -> dict[str, Any]:
        holder = self.holding.customer if self.holding else None
        return {"people": [shown_name(self.actor, holder)] if holder else []}

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back to the card"), card_address(self.card.number_id))]

    def outcome(self, says: Sequence[str], card: Card) -> Outcome:
        """With what the ways from the receipt need: the card, who holds it, and its successor."""
        holding = self.holding
        facts = {
            "card": card.number_id,
            "customer": holding.customer_id if holding else None,
            "membership": holding.membership_id if holding else None,
            "successor": successor_of(card),
        }
        return Outcome(says, facts)

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [card_page(facts["card"], main=True), *to_people(facts)]


def standing_of(card: Card) -> list[Figure]:
    """How the card stands, line by line, for before and after."""
    until, barred = card.valid_until, card.barred_from
    zone = card.program.zone
    return [
        Figure("status", _("Status"), str(card.get_status_display()).capitalize()),
        Figure("barred", _("Not usable since"), moment(barred, zone) if barred else None, always=False),
        Figure("until", _("Valid until"), day(until) if until else None, always=False),
    ]


def successor_of(card: Card) -> str:
    """The number of the card that took its place; empty where none did."""
    return str(Card.objects.filter(predecessor=card).values_list("number", flat=True).first() or "")


def card_address(number: str, page: str = "card") -> str:
    return reverse(f"desk:{page}", args=[number])


def card_page(number: str, *, main: bool = False) -> Way:
    return Way(_("Card %(number)s") % {"number": number}, card_address(number), main)


def front_page(number: str) -> Way:
    return Way(_("Print its front"), card_address(number, "card-front"))


def to_people(facts: dict[str, Any]) -> list[Way]:
    """The customer who holds the card, else the membership nobody has by name."""
    if facts["customer"] is not None:
        return [customer_page(facts["customer"])]
    return [membership_page(facts["membership"])] if facts["membership"] is not None else []
