"""Everything around one card for one screen: who held it, in whose membership it is today, what was done about it."""

from dataclasses import dataclass

from cards.errors import SchemeUnusable
from cards.models import Card, NumberKind, NumberRegistry
from cards.numbering import looks_like_one_of, validate
from common.actor import Actor
from memberships.changes_seen import Change, changes_of_card
from memberships.models import CardHolding, CardRegistration, TierStanding
from programs.models import NumberBody, Program

MOST = 20
# No scheme makes a shorter number.
LEAST_SYMBOLS = 13


@dataclass(frozen=True, slots=True)
class CardView:
    """`holdings` the latest first; `holding` is the last of them, open or not."""

    card: Card
    external: bool
    predecessor: Card | None
    holdings: tuple[CardHolding, ...]
    tier: TierStanding | None
    registration: CardRegistration | None
    changes: tuple[Change, ...]

    @property
    def holding(self) -> CardHolding | None:
        return self.holdings[0] if self.holdings else None


def card_view(card: Card) -> CardView:
    holdings = CardHolding.objects.filter(card=card).select_related("membership", "customer").order_by("-held_from")
    found = tuple(holdings[:MOST])
    registrations = CardRegistration.objects.filter(card=card).select_related("customer", "change")
    return CardView(
        card=card,
        external=NumberRegistry.objects.filter(pk=card.number_id, kind=NumberKind.EXTERNAL).exists(),
        predecessor=Card.objects.filter(successor=card).first(),
        holdings=found,
        tier=highest_tier(found[0].membership_id) if found else None,
        registration=registrations.order_by("-pk").first(),
        changes=tuple(changes_of_card(card.pk)),
    )


def card_named(number: str, actor: Actor) -> Card | None:
    """The card somebody asked for by its number, for those who may read it."""
    found = Card.objects.visible_to(actor).select_related("program", "successor").filter(number=number[:40])
    card: Card | None = found.first() if number else None
    return card if card is not None and actor.may("cards:read", card.program_id) else None


def program_of_mistyped(number: str, actor: Actor) -> str:
    """The program whose card number this would be if its check character were right; empty where none is."""
    if len(number) < LEAST_SYMBOLS or not number.isalnum():
        return ""
    for program in Program.objects.visible_to(actor).order_by("pk"):
        body = number.removeprefix(program.card_prefix)
        possible = body.isdigit() if program.card_body == NumberBody.DIGITS else not body.isalpha()
        if possible and looks_like_one_of(program, number) and _has_wrong_check(program, number):
            return str(program.name)
    return ""


def _has_wrong_check(program: Program, number: str) -> bool:
    try:
        return not validate(number, program=program)
    except SchemeUnusable:
        return False


def highest_tier(membership_id: int) -> TierStanding | None:
    """The tier a card of the membership shows."""
    open_ones = TierStanding.objects.filter(membership=membership_id, ended_at__isnull=True).select_related("tier")
    return open_ones.order_by("-tier__rank", "group").first()
