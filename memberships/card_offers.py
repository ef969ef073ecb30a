"""What may be done about a card now, and why not, without trying it: the verbs of cards.issuing decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.issuing import TRANSITIONS
from cards.models import IN_USE, Card, CardKind, CardStatus
from common.actor import Actor

MANAGE = "cards:manage"
# A temporary card somebody may bring and make theirs.
UNREGISTERED = frozenset({CardStatus.CREATED, CardStatus.ACTIVE})
# Name of the page, its label, the statuses it may start from.
TASKS: tuple[tuple[str, Any, frozenset[CardStatus]], ...] = (
    ("card-report", gettext_lazy("Report lost, stolen or damaged"), TRANSITIONS[CardStatus.LOST]),
    ("card-replace", gettext_lazy("Replace"), TRANSITIONS[CardStatus.REPLACED]),
    ("card-activate", gettext_lazy("Activate"), frozenset({CardStatus.CREATED})),
    ("card-block", gettext_lazy("Block"), TRANSITIONS[CardStatus.BLOCKED]),
    ("card-unblock", gettext_lazy("Unblock"), frozenset({CardStatus.BLOCKED})),
    ("card-cancel", gettext_lazy("Cancel"), TRANSITIONS[CardStatus.CANCELLED]),
)


@dataclass(frozen=True, slots=True)
class CardOffer:
    """`reason` says why the task is not possible now; empty where it is.

    `name` is a page of the card, or one with a query in which {number} stands for it.
    """

    name: str
    label: str
    reason: str


def offers_for_card(card: Card, actor: Actor) -> Iterator[CardOffer]:
    """The tasks the actor has the right to, each with what stands against it."""
    if not actor.may(MANAGE, card.program_id):
        return
    if card.kind == CardKind.TEMPORARY:
        against = "" if card.status in UNREGISTERED else _("it is %(status)s") % {"status": card.get_status_display()}
        yield CardOffer("register-card?number={number}", _("Register for a person"), against)
    for name, label, starts in TASKS:
        if name == "card-activate" and card.kind == CardKind.TEMPORARY:
            # Its first use activates it.
            continue
        against = "" if card.status in starts else _("it is %(status)s") % {"status": card.get_status_display()}
        yield CardOffer(name, str(label), against)


def can_be_lost(status: str) -> bool:
    """Whether a loss would change anything."""
    return status in IN_USE
