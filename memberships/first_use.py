"""The first use of a temporary card makes an anonymous membership (domain 1.4, 1.10)."""

from datetime import datetime

from django.db import transaction

from cards.first_using import is_unused, locked_card, refuse_outside, use_first
from cards.models import Card
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import NotFound
from common.history import audit_context
from gateway.events import record_event
from memberships.admission import refuse_unless_open
from memberships.card_holding import give_card
from memberships.locking import shared_membership
from memberships.models import CardHolding, Membership, MembershipStatus, MembershipType
from memberships.numbering import with_new_number
from memberships.paid_terms import last_day_of
from memberships.standings import stand_initially
from memberships.targets import NO_CARD
from points.accounts import open_set
from programs.models import Program


def waits_for_first_use(card: Card, *, at: datetime) -> bool:
    """Whether an event of that time would be the card's first: it is unused, or its first use known so far is later."""
    return is_unused(card) or _used_later(_first_holding(card), at)


def first_use(card: Card, *, at: datetime, actor: Actor) -> Membership:
    """The anonymous membership that the card's first use, at `at`, makes.

    Asked again, or by two at once, it answers the membership there is; a use before the first one known so far
    becomes the first. Raises CardNotUsable outside the card's validity, NotFound for a card that waits for no first
    use, and where the program takes no enrolments ProgramNotOpen or OutsideValidity.
    """
    while True:
        holding = _first_holding(card)
        membership = _made(card, at=at, actor=actor) if holding is None else _led_back(holding, at=at, actor=actor)
        if membership is not None:
            return membership


def _first_holding(card: Card) -> CardHolding | None:
    return CardHolding.objects.filter(card_id=card.pk).order_by("held_from", "pk").first()


def _used_later(holding: CardHolding | None, at: datetime) -> bool:
    return holding is not None and holding.customer_id is None and at < holding.held_from


def _made(card: Card, *, at: datetime, actor: Actor) -> Membership | None:
    """None where somebody came first: the card's lock is given back, for theirs comes after the membership's."""
    with in_program(card.program_id), audit_context(actor, "first use"):
        card = locked_card(card)
        if _first_holding(card) is not None:
            transaction.set_rollback(True)
            return None
        program, since = card.program, min(at, program_now(card.program))
        if not is_unused(card):
            raise NotFound(NO_CARD)
        refuse_unless_open(program, at=since)
        refuse_outside(card, at=at)
        membership = _open_membership(program, at=since)
        stand_initially(membership, at=since)
        use_first(card, at=since, actor=actor)
        give_card(card, membership=membership, customer_id=None, actor=actor, at=since)
        facts = {"card": card.pk, "number": membership.number, "status": str(membership.status)}
        record_event("membership.first_used", program_id=program.pk, subject_id=membership.pk, facts=facts)
        return membership


def _led_back(holding: CardHolding, *, at: datetime, actor: Actor) -> Membership:
    """The membership of the card; whoever used it before the use that came in first held it then already."""
    with in_program(holding.program_id), audit_context(actor, "earlier first use"):
        membership = shared_membership(holding.membership_id)
        card = locked_card(holding.card)
        (holding,) = lock_rows(CardHolding.objects.filter(pk=holding.pk))
        if _used_later(holding, at):
            refuse_outside(card, at=at)
            use_first(card, at=at, actor=actor)
            holding.held_from = at
            holding.save()
        return membership


def _open_membership(program: Program, *, at: datetime) -> Membership:
    """Active whatever the program asks of members: nobody is there to activate it or to pay."""

    def make(number: str) -> Membership:
        made: Membership = Membership.objects.create(
            program=program,
            number=number,
            type=MembershipType.ANONYMOUS,
            status=MembershipStatus.ACTIVE,
            own_set=open_set(program.pk),
            enrolled_at=at,
            activated_at=at,
            expires_on=last_day_of(program, None),
        )
        return made

    return with_new_number(program, make)
