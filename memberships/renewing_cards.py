"""The daily run over cards that come to their end: successors into the same hands, then the ends (domain 1.10).

Each card is a transaction of its own, so an interrupted run goes on where it stopped, and a second one changes nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from django.db.models import QuerySet

from cards import renewing
from cards.issuing import refuse_unless_released
from cards.models import Card
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, retrying
from memberships.card_holding import give_card, locked_holding
from programs.models import Program


@dataclass(frozen=True)
class CardRun:
    """How many cards got a successor, ended, and how many temporary ones ended unused."""

    renewed: int
    ended: int
    unused: int


def renew_cards(
    program: Program,
    *,
    actor: Actor,
    dry_run: bool = False,
    progress: Callable[[int], object] = lambda cards: None,
) -> CardRun:
    """Renew what is due, then end what is over. `dry_run` counts what the run would find. `progress` hears how many
    cards were looked at. Raises CardsWait: the cards of a program that is not released wait."""
    refuse_unless_released(program)
    due, over = (list(found.order_by("pk").values_list("pk", flat=True)) for found in _found(program))
    if dry_run:
        return CardRun(len(due), len(over), renewing.unused_past_their_end(program).count())
    renewed = _count(due, lambda card: _renew(card, actor=actor), progress)
    ended = _count(over, lambda card: renewing.end(card, actor=actor) is not None, progress)
    unused = 0
    while some := renewing.expire_some_unused(program, actor=actor):
        unused += some
        progress(some)
    return CardRun(renewed, ended, unused)


def _count(ids: Iterable[int], verb: Callable[[Card], bool], progress: Callable[[int], object]) -> int:
    done = 0
    for pk in ids:
        card = Card.objects.select_related("program").get(pk=pk)
        done += retrying(partial(verb, card))
        progress(1)
    return done


def _found(program: Program) -> tuple[QuerySet[Card], QuerySet[Card]]:
    """Those that are due, where the membership goes on (who is suspended comes back to a card that works); and those
    past their end."""
    due = renewing.due_for_renewal(program).filter(
        holdings__held_until__isnull=True, holdings__membership__current=True
    )
    return due, renewing.past_their_end(program)


def _renew(card: Card, *, actor: Actor) -> bool:
    with in_program(card.program_id):
        held = locked_holding(card)
        if held is None or not held.membership.current:
            return False
        successor = renewing.renew(card, actor=actor)
        if successor is None:
            return False
        at = max(program_now(card.program), held.held_from)
        give_card(successor, membership=held.membership, customer_id=held.customer_id, actor=actor, at=at)
        return True
