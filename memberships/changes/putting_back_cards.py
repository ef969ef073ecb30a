"""Cards follow their person back: those that a change took along, their successors, and those given out since."""

from cards.models import Card
from common.db import lock_rows
from memberships.changes.plan import Work
from memberships.changes.record import altered_rows
from memberships.changes.undo_rules import involved_ids
from memberships.models import CardHolding, Member, Membership, MembershipChange


def return_cards(work: Work, original: MembershipChange) -> None:
    """Behind the memberships, which are as they were before."""
    moved = [pk for pk, _, _ in altered_rows(original.outcome, "memberships.CardHolding")]
    for before in CardHolding.objects.select_related("membership", "card").filter(pk__in=moved).order_by("card_id"):
        cards = _card_and_successors(before.card)
        for holding in lock_rows(CardHolding.objects.filter(card__in=cards, held_until__isnull=True)):
            _move(work, holding, before.membership, before.customer_id)
        _return_kind(work, original, before.card_id, cards[-1])
    _return_others(work, original)


def _card_and_successors(card: Card) -> list[Card]:
    """The card and what it was replaced or renewed by since: of a renewed one both may be in hand."""
    found = [card]
    while found[-1].successor is not None:
        found.append(found[-1].successor)
    return found


def _return_kind(work: Work, original: MembershipChange, card_id: int, today: Card) -> None:
    """A temporary card that became an additional one, or its successor, is a temporary one again."""
    for pk, before, _ in altered_rows(original.outcome, "cards.Card"):
        if pk == card_id != today.pk:
            work.record.alter(today, **before)


def _return_others(work: Work, original: MembershipChange) -> None:
    """Cards given out since go to where their person takes part."""
    held = CardHolding.objects.filter(
        membership__in=involved_ids(original), held_until__isnull=True, customer__isnull=False
    )
    holdings = lock_rows(held)
    members = Member.objects.select_related("membership").filter(
        program_id=original.program_id,
        customer__in=[holding.customer_id for holding in holdings if holding.customer_id is not None],
        current=True,
        ended_at__isnull=True,
    )
    homes = {member.customer_id: member.membership for member in members}
    for holding in holdings:
        if holding.customer_id in homes:
            _move(work, holding, homes[holding.customer_id], holding.customer_id)


def _move(work: Work, holding: CardHolding, membership: Membership, customer_id: int | None) -> None:
    if (holding.membership_id, holding.customer_id) == (membership.pk, customer_id):
        return
    until = max(work.at, holding.held_from)
    work.record.alter(holding, held_until=until)
    work.record.made(
        CardHolding.objects.create(
            card_id=holding.card_id,
            program_id=holding.program_id,
            membership=membership,
            customer_id=customer_id,
            held_from=until,
        )
    )
