"""What a card is like: the type of its kind, and how long one of that type lasts (domain 1.10)."""

from datetime import date

from cards.errors import CardTypeRefused
from cards.models import Card, CardType
from programs.design import Design, design_of
from programs.expiry import add_months
from programs.models import Program


def type_for(program: Program, *, kind: str, wanted: CardType | None = None) -> CardType | None:
    """The wanted type, else the default one of the kind, None where the program has none. Raises CardTypeRefused."""
    if wanted is None:
        return default_type(design_of(program.pk), kind)
    if (wanted.program_id, wanted.kind) != (program.pk, kind):
        raise CardTypeRefused(
            f"“{wanted}” is no type of {program.name} for cards of kind {kind}. Choose one of its own.",
            facts={"card_type": wanted.code, "kind": kind, "program": program.code},
        )
    return wanted


def default_type(design: Design, kind: str) -> CardType | None:
    """Kept with the design's version."""
    found = design.derived.get("card_types")
    if not isinstance(found, dict):
        defaults = CardType.objects.filter(program_id=design.program.pk, is_default=True)
        found = design.derived["card_types"] = {one.kind: one for one in defaults}
    return found.get(kind)


def type_going_on(card: Card) -> CardType | None:
    """The type of what follows the card: its own, or the default where it has none of its kind (any more)."""
    own = card.card_type
    return own if own is not None and own.kind == card.kind else type_for(card.program, kind=card.kind)


def last_day_of(card_type: CardType | None, *, since: date) -> date | None:
    """The last day of a card of the type that lasts since then; None: without end."""
    if card_type is None or card_type.valid_months is None:
        return None
    return add_months(since, card_type.valid_months)
