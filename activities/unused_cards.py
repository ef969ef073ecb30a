"""Temporary cards that nobody used before, in what a till sends (domain 1.10)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from cards.errors import CardNotUsable
from cards.first_using import refuse_outside
from cards.models import Card
from common.actor import Actor
from memberships.first_use import first_use, waits_for_first_use
from memberships.targets import guarded


def refuse_silent(card: Card, find: Callable[[], object], actor: Actor, *, at: datetime) -> None:
    """A number that may not be used answers like one that was never given out, whatever else is wrong with the call:
    otherwise a wrong type or time would tell the two apart, and count no failure."""
    if waits_for_first_use(card, at=at):
        with _guarding(card, actor):
            refuse_outside(card, at=at)
    else:
        find()


def use_if_unused(card: Card, *, at: datetime, actor: Actor) -> None:
    """The card's first use makes its anonymous membership."""
    if waits_for_first_use(card, at=at):
        with _guarding(card, actor):
            first_use(card, at=at, actor=actor)


@contextmanager
def _guarding(card: Card, actor: Actor) -> Iterator[None]:
    try:
        yield
    except CardNotUsable as error:
        raise guarded(error, actor=actor, card=card) from error
