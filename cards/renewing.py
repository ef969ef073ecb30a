"""Cards that come to their end: successors for those that are renewed, and the end itself (domain 1.10).

A successor waits, created, in the same hand until the card it follows has ended; then it is usable without a gap.
"""

from datetime import date, timedelta

from django.db.models import F, Q, QuerySet

from cards.issuing import activate, expire, issue_card
from cards.models import Card, CardKind, CardStatus, CardType
from cards.types import last_day_of, type_going_on
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.history import audit_context, update_with_history
from programs.expiry import end_of_day
from programs.models import Program

# Temporary cards end: there is nobody to send another one to.
RENEWED = (CardKind.MAIN, CardKind.ADDITIONAL)
CHUNK = 5_000


def due_for_renewal(program: Program) -> QuerySet[Card]:
    """Active cards near their end or past it, of a type that is renewed, without a successor."""
    today = today_in(program)
    near = Q(pk__in=[])
    for card_type in CardType.objects.filter(program=program, renewable=True, kind__in=RENEWED):
        own = Q(card_type=card_type)
        if card_type.is_default:
            own |= Q(card_type__isnull=True) | ~Q(card_type__kind=F("kind"))
        near |= Q(own, kind=card_type.kind, valid_until__lte=today + timedelta(days=card_type.renewal_days))
    return Card.objects.filter(near, program=program, status=CardStatus.ACTIVE, successor__isnull=True)


def past_their_end(program: Program) -> QuerySet[Card]:
    """Cards whose last day is over, but for temporary ones that nobody has used."""
    ending = (CardStatus.CREATED, CardStatus.ACTIVE, CardStatus.BLOCKED)
    over = Card.objects.filter(program=program, status__in=ending, valid_until__lt=today_in(program))
    return over.exclude(kind=CardKind.TEMPORARY, status=CardStatus.CREATED)


def unused_past_their_end(program: Program) -> QuerySet[Card]:
    """Temporary cards that nobody used, and nobody can any more: a use on the last day may arrive late."""
    last_day = (program_now(program) - program.late_grace).astimezone(program.zone).date()
    return Card.objects.filter(
        program=program, status=CardStatus.CREATED, kind=CardKind.TEMPORARY, valid_until__lt=last_day
    )


def renew(card: Card, *, actor: Actor) -> Card | None:
    """The successor, which waits for the card's end and lasts from then on; None where the card is not due."""
    with in_program(card.program_id), audit_context(actor, "renewal"):
        for old in lock_rows(due_for_renewal(card.program).filter(pk=card.pk)):
            card_type = type_going_on(old)
            # From the end of the old card, so that renewing early costs no day.
            last_day = last_day_of(card_type, since=max(_last_day(old), today_in(card.program)))
            successor = issue_card(card.program, actor=actor, kind=old.kind, card_type=card_type, valid_until=last_day)
            old.successor = successor
            old.save()
            return successor
        return None


def end(card: Card, *, actor: Actor) -> Card | None:
    """The card whose last day is over has expired; its successor becomes usable from then on, unless the card was
    blocked. None where it is not over."""
    with in_program(card.program_id), audit_context(actor, "last day over"):
        for old in lock_rows(past_their_end(card.program).filter(pk=card.pk).select_related("successor__program")):
            successor = old.successor if old.status == CardStatus.ACTIVE else None
            if successor is not None and successor.status == CardStatus.CREATED:
                ended_at = end_of_day(_last_day(old), card.program.zone)
                activate(successor, actor=actor, at=max(ended_at, successor.created_at))
            return expire(old, actor=actor)
        return None


def expire_some_unused(program: Program, *, actor: Actor) -> int:
    """So many temporary cards at once, in a transaction of its own; 0 when none are left. No event: nobody knows them,
    and their batch says until when they were good."""
    with in_program(program), audit_context(actor, "last day over"):
        ids = list(unused_past_their_end(program).order_by("pk").values_list("pk", flat=True)[:CHUNK])
        # Whoever uses one of them meanwhile is waited for, and it stays.
        return update_with_history(unused_past_their_end(program).filter(pk__in=ids), status=CardStatus.EXPIRED)


def today_in(program: Program) -> date:
    return program_now(program).astimezone(program.zone).date()


def _last_day(card: Card) -> date:
    assert card.valid_until is not None  # noqa: S101 - only cards with an end are found here
    return card.valid_until
