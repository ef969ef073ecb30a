"""A person registers a found or temporary card: its anonymous membership becomes theirs, or goes into the one they have
(domain 1.10). Points are never lost; possession of the card and this call are the person's consent."""

from dataclasses import dataclass
from datetime import datetime

from cards.issuing import refuse_unusable
from cards.models import Card, CardKind, CardStatus
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows, retrying
from common.errors import Busy, NotFound
from common.history import audit_context
from customers.models import Customer
from memberships import admission
from memberships.able import require_able
from memberships.absorption import absorb_found, absorption_of, is_ready
from memberships.changes.errors import MembershipBusy
from memberships.changes.lapsing import lapse_if_overdue, locked_open_changes
from memberships.changes.sides import affected_ids
from memberships.converting import convert, terms_to_accept
from memberships.errors import CardRegistered
from memberships.first_use import first_use
from memberships.locking import locked_memberships
from memberships.models import (
    CardHolding,
    CardRegistration,
    Member,
    Membership,
    MembershipChange,
    ProofKind,
    RegistrationOutcome,
    RegistrationStatus,
)
from memberships.proofs import Proof, accepted
from memberships.registrations import finish, open_registrations, tell
from memberships.targets import NO_CARD
from points.adjusting import refuse_own
from programs.design import design_of
from programs.models import Program

REASON = "card registered"


@dataclass(frozen=True, slots=True)
class Case:
    """Who registers which card, read behind the locks. `member` is where the person takes part in the program;
    `change` is open and is about the card's membership."""

    card: Card
    found: Membership
    customer: Customer
    member: Member | None
    program: Program
    at: datetime
    change: MembershipChange | None = None


def register(
    card: Card,
    *,
    customer: Customer,
    actor: Actor,
    code: str = "",
    proof_kind: str = ProofKind.NONE,
    proof_reference: str = "",
    accept_terms: bool = False,
) -> CardRegistration:
    """Done at once, or waiting: until the person's membership is active, or until others consent to a debt.

    Asked again by the same person while it waits, it is tried again. Raises CardRegistered, CardNotUsable, NotFound for
    a card that is no temporary one, ProofRequired, WrongCode, CustomerNotActive, OwnPoints, and where the membership
    becomes the person's what an enrolment refuses.
    """
    proof = Proof(code.strip(), proof_kind, proof_reference.strip())
    return retrying(lambda: _register(card, customer, proof, accept_terms, actor=actor))


def _register(card: Card, customer: Customer, proof: Proof, accept_terms: bool, *, actor: Actor) -> CardRegistration:
    with in_program(card.program_id), audit_context(actor, REASON):
        program = design_of(card.program_id).program
        at = program_now(program)
        admission.refuse_unless_open(program, at=at)
        refuse_own(actor, [customer.pk])
        case = _case(card, admission.locked_customer(customer.pk), program, at=at, actor=actor)
        registration = _waiting(case)
        if registration is not None and registration.status == RegistrationStatus.AWAITING_CONSENT:
            return registration
        _refuse_open_change(case)
        registration = registration or _asked(case, proof, accept_terms, actor=actor)
        carry_out(case, registration, actor=actor)
        return registration


def carry_out(case: Case, registration: CardRegistration, *, actor: Actor) -> None:
    """As far as it goes now; the registration is saved in its new state."""
    fresh = registration.pk is None
    registration.target = None if case.member is None else case.member.membership
    if case.member is None:
        terms = terms_to_accept(case.customer, program=case.program, accepted=registration.accepts_terms, at=case.at)
        registration.save()
        convert(
            registration,
            case.found,
            case.card,
            customer=case.customer,
            program=case.program,
            terms=terms,
            actor=actor,
            at=case.at,
        )
        finish(registration, RegistrationOutcome.CONVERTED, into=case.found.pk, at=case.at)
        return
    registration.save()
    if is_ready(case.member):
        absorb_found(registration, case.member, case.found, actor=actor, reason=REASON)
    elif fresh:
        tell("waiting", registration)


def _case(card: Card, customer: Customer, program: Program, *, at: datetime, actor: Actor) -> Case:
    """The customer is locked; then changes, memberships, card. Whatever was read before is asked again."""
    found = _anonymous(card, at=at, actor=actor)
    member = admission.current_participation(customer.pk, program_id=program.pk)
    changes = [one for one in locked_open_changes([found.pk]) if not lapse_if_overdue(one, at=at)]
    if member is None:
        locked = locked_memberships([found.pk])
    else:
        locked = locked_memberships(affected_ids(absorption_of(member, found, actor=actor)), key_change=True)
    again = admission.current_participation(customer.pk, program_id=program.pk)
    if (member and member.membership_id) != (again and again.membership_id):
        raise Busy("The person's membership was changed meanwhile. Try again.")
    (card,) = lock_rows(Card.objects.select_related("program", "batch").filter(pk=card.pk))
    # Others may have registered it while this waited.
    _held(card)
    refuse_unusable(card, at)
    found = next(one for one in locked if one.pk == found.pk)
    require_able(found, "use_card", design_of(program.pk))
    return Case(card, found, customer, again, program, at, next(iter(changes), None))


def _anonymous(card: Card, *, at: datetime, actor: Actor) -> Membership:
    """The membership of the card: of an unused one, made now by its first use."""
    if card.kind == CardKind.TEMPORARY and card.status == CardStatus.CREATED:
        return first_use(card, at=at, actor=actor)
    return _held(card)


def _held(card: Card) -> Membership:
    """The anonymous membership that holds the card."""
    holding = CardHolding.objects.select_related("membership").filter(card=card, held_until__isnull=True).first()
    if holding is None:
        raise NotFound(NO_CARD)
    if holding.customer_id is not None:
        raise CardRegistered(
            "This card is somebody's already. Whose it is shows on its page, for who may see that.",
            facts={"card": card.number_id},
        )
    return holding.membership


def _refuse_open_change(case: Case) -> None:
    """Somebody has proposed what is to become of the points: that is decided first."""
    change = case.change
    if change is not None:
        raise MembershipBusy(
            f"{case.found.number} is in change {change.pk} ({change.get_kind_display()}, "
            f"{change.get_status_display()}) already: carry that out or withdraw it first.",
            facts={"change": change.pk, "membership": case.found.pk},
        )


def _waiting(case: Case) -> CardRegistration | None:
    """The person's own registration of the card, if it waits; refused where somebody else's does."""
    for registration in lock_rows(open_registrations().filter(card=case.card)):
        if registration.customer_id != case.customer.pk:
            raise CardRegistered(
                "Somebody has registered this card already, and waits for their membership to be active.",
                facts={"card": case.card.number_id},
            )
        registration.card = case.card
        return registration
    return None


def _asked(case: Case, proof: Proof, accept_terms: bool, *, actor: Actor) -> CardRegistration:
    """A new registration, proved where that takes a proof; not saved."""
    kind = accepted(proof, card=case.card, found=case.found, program=case.program)
    return CardRegistration(
        card=case.card,
        program_id=case.program.pk,
        membership=case.found,
        customer=case.customer,
        status=RegistrationStatus.WAITING,
        proof_kind=kind,
        proof_reference=proof.reference,
        accepts_terms=accept_terms,
        registered_at=case.at,
        channel_id=actor.channel_id,
        user_id=actor.user_id,
    )
