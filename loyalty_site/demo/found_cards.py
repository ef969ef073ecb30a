"""Cards of the sample world: a batch for a festival, cards nobody has registered yet, and one that was lost."""

from datetime import timedelta
from typing import Any

from activities.calls import PointsCall
from activities.earning import earn
from cards import issuing
from cards.batches import ask_for_batch, make_batch
from cards.models import Card, CardBatch, CardStatus
from common.actor import Actor
from common.clock import program_now
from customers.models import Customer
from loyalty_site.authentication import actor_of_user
from loyalty_site.demo.people import EMMA
from memberships.card_holding import cards_in_hand, replace_card
from memberships.first_use import first_use
from memberships.models import CardHolding, Member
from programs.models import Program
from staff.models import User

PROGRAM = "urbanwear"
BATCH = "Summer festival"
CARDS = 500
# Points on the first cards of the batch, used at the festival. The second one is Emma's, who has a membership.
USED = ((180, 60), (320,))
LOST_IN = "executive-style"


def hand_out() -> None:
    """The batch by the card manager, two cards used at a till, Emma's card of another program lost and replaced."""
    cards, agent = (actor_of_user(User.objects.get(username=name)) for name in ("cards", "agent"))
    program = Program.objects.get(code=PROGRAM)
    batch = make_batch(ask_for_batch(program, name=BATCH, count=CARDS, valid_months=12, actor=cards))
    for card, bought in zip(_of(batch), USED, strict=False):
        membership = first_use(card, at=program_now(program), actor=agent)
        for points in bought:
            earn(PointsCall(membership.pk, points, location="Festival stand"), actor=agent)
    _lose(actor=agent)


def rows() -> dict[str, Any]:
    """The numbers of the story's cards, and whom the found one belongs to."""
    first, second, *_ = _of(CardBatch.objects.get(name=BATCH))
    emma = Customer.objects.get(email=EMMA.email)
    successor = Card.objects.select_related("predecessor").get(program__code=LOST_IN, predecessor__isnull=False)
    lost = successor.predecessor
    return {
        "temporary-cards": {
            "batch": first.batch_id,
            "unregistered": {"card": first.number_id, "membership": _home(first)},
            "must_absorb": {"card": second.number_id, "membership": _home(second), "customer": emma.pk},
        },
        "lost-card": {"card": lost.number_id, "successor": successor.number_id, "customer": emma.pk},
    }


def _of(batch: CardBatch) -> list[Card]:
    return list(Card.objects.filter(batch=batch).select_related("program").order_by("pk")[: len(USED)])


def _home(card: Card) -> int | None:
    """The anonymous membership its first use made."""
    return (
        CardHolding.objects.filter(card=card)
        .order_by("held_from", "pk")
        .values_list("membership_id", flat=True)
        .first()
    )


def _lose(*, actor: Actor) -> None:
    emma = Member.objects.get(membership__program__code=LOST_IN, customer__email=EMMA.email).membership
    card = cards_in_hand(emma).get()
    since = program_now(card.program) - timedelta(days=2)
    issuing.report(card, CardStatus.LOST, actor=actor, since=since, reason="Bag stolen on the train")
    replace_card(card, actor=actor, reason="Lost")
