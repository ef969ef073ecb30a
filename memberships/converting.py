"""An anonymous membership becomes the standard one of the person who has its card: the same row, number and points
(domain 1.10)."""

from datetime import datetime

from cards.models import Card, CardKind
from cards.types import type_for
from common.actor import Actor
from customers.models import Customer
from memberships import admission
from memberships.card_holding import end_holding, give_card
from memberships.enrolled_rows import acceptance
from memberships.models import CardRegistration, Member, Membership, MembershipStatus, MembershipType
from memberships.paid_terms import last_day_of, open_term, starts_active
from points.claiming import claim
from points.moves import Cause
from programs.design import design_of
from programs.models import Program, ProgramTerms


def terms_to_accept(customer: Customer, *, program: Program, accepted: bool, at: datetime) -> ProgramTerms | None:
    """The terms to record an acceptance of. Raises what an enrolment refuses: CoolingDown, TermsNotAccepted."""
    admission.refuse_cooling_down(customer.pk, program=program, at=at)
    return admission.terms_to_accept(design_of(program.pk), accepted=accepted)


def convert(
    registration: CardRegistration,
    found: Membership,
    card: Card,
    *,
    customer: Customer,
    program: Program,
    terms: ProgramTerms | None,
    actor: Actor,
    at: datetime,
) -> None:
    """The locked membership and card. Where the program asks for a payment or a step first, it is inactive until then
    and its points stay."""
    term = open_term(found, program=program, first_day=at.astimezone(program.zone).date(), at=at)
    found.type, found.redeem_override = MembershipType.STANDARD, False
    found.expires_on = last_day_of(program, term)
    if not starts_active(program, term):
        found.status, found.activated_at = MembershipStatus.INACTIVE, None
    found.version += 1
    found.save()
    Member.objects.create(membership=found, program_id=program.pk, customer=customer, joined_at=at)
    if terms is not None:
        acceptance(found, customer, terms, actor=actor, at=at).save()
    _take_home(card, found, customer_id=customer.pk, actor=actor, at=at)
    cause = Cause("registration", registration.pk)
    claim(found.own_set_id, person_id=customer.pk, program_id=program.pk, cause=cause)


def _take_home(card: Card, found: Membership, *, customer_id: int, actor: Actor, at: datetime) -> None:
    """The temporary card becomes the person's main card, without an end."""
    card.kind, card.valid_until = CardKind.MAIN, None
    card.card_type = type_for(card.program, kind=CardKind.MAIN)
    card.save()
    ended = end_holding(card, actor=actor, at=at)
    since = at if ended is None or ended.held_until is None else ended.held_until
    give_card(card, membership=found, customer_id=customer_id, actor=actor, at=since)
