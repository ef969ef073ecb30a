"""Enrolling a customer in one program, or in several at once (domain 1.2, 1.4)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.errors import LoyaltyError
from common.history import audit_context
from customers.models import Customer
from gateway.events import record_event
from memberships import admission
from memberships.card_holding import issue_main_card
from memberships.changes.record import Record
from memberships.errors import (
    AgreementFull,
    EnrolmentsRefused,
    NoAgreement,
    NoOrganization,
    OrganizationNotActive,
)
from memberships.inheritance import Inheritance, find_inheritance, inherit, place_under
from memberships.models import InheritedAgreement, Member, Membership, MembershipStatus, MembershipType, TermsAcceptance
from memberships.numbering import with_new_number
from memberships.paid_terms import last_day_of, open_term, starts_active
from memberships.standings import stand_initially
from points.accounts import open_set
from programs.design import design_of
from programs.models import Program, ProgramTerms

ONE_CURRENT = "member_one_current_in_program"


def enrol(
    customer: Customer,
    *,
    program: Program,
    actor: Actor,
    accept_terms: bool = False,
    type: str = MembershipType.STANDARD,
    at: datetime | None = None,
    number: str | None = None,
    organization_id: int | None = None,
    plain: bool = False,
    plain_if_refused: bool = False,
) -> Membership:
    """A new membership with its set, accounts, tiers, terms, and one main card; `at` defaults to now.

    `number` is a member number brought along from another system; without it one is drawn. With `organization_id` (a
    customer) it stands under that organization's agreement or is refused, unless `plain_if_refused`; without, under
    the agreement of the one organization the person belongs to, if there is one that takes it; `plain`: under none.
    """
    with in_program(program), audit_context(actor, "enrolment"):
        program = design_of(program.pk).program
        at = at or program_now(program)
        admission.refuse_unenrolled_type(type)
        admission.refuse_unless_open(program, at=at)
        customer = admission.locked_customer(customer.pk)
        admission.refuse_second(customer.pk, program=program)
        admission.refuse_cooling_down(customer.pk, program=program, at=at)
        terms = admission.terms_to_accept(program, accepted=accept_terms)
        found = None
        if not plain:
            strict = organization_id is not None and not plain_if_refused
            found = _inheritance(customer.pk, program, organization_id=organization_id, at=at, strict=strict)
        place = {"type": type} if found is None else {"type": type, **place_under(found, form=found.terms.form)}
        membership = _open_membership(customer, program=program, at=at, number=number, place=place)
        if terms is not None:
            acceptance(membership, customer, terms, actor=actor, at=at).save()
        active = _give_terms_and_status(membership, program=program, at=at)
        stand_initially(membership, at=at, but=found.ladders if found else ())
        if found is not None:
            _inherit(membership, found, at=at, actor=actor)
        issue_main_card(membership, program=program, customer_id=customer.pk, actor=actor, at=at, active=active)
        record_event(
            "membership.enrolled",
            program_id=program.pk,
            subject_id=membership.pk,
            facts=facts_of(membership, customer),
        )
        return membership


def acceptance(
    membership: Membership, customer: Customer, terms: ProgramTerms, *, actor: Actor, at: datetime
) -> TermsAcceptance:
    """Not saved."""
    return TermsAcceptance(
        membership=membership,
        program_id=membership.program_id,
        customer=customer,
        terms=terms,
        accepted_at=at,
        channel_id=actor.channel_id,
        user_id=actor.user_id,
    )


def facts_of(membership: Membership, customer: Customer) -> dict[str, Any]:
    """What the event of an enrolment says."""
    return {"customer": customer.pk, "type": str(membership.type), "status": str(membership.status)}


def enrol_in_several(
    customer: Customer,
    *,
    programs: Sequence[Program],
    actor: Actor,
    accepted: Collection[int] = (),
    organizations: Mapping[int, int | None] | None = None,
    at: datetime | None = None,
) -> list[Membership]:
    """All or none, in one transaction; `accepted` holds the ids of the programs whose terms were accepted.

    `organizations` names by program whose agreement to stand under, None for none; where it says nothing the person's
    affiliation decides. Answers in the order asked. A refusal names the outcome of every program.
    """
    made: dict[int, Membership] = {}
    refused: dict[int, LoyaltyError] = {}
    named = organizations or {}
    with transaction.atomic():
        for program in sorted(programs, key=lambda one: one.pk):
            try:
                made[program.pk] = enrol(
                    customer,
                    program=program,
                    actor=actor,
                    accept_terms=program.pk in accepted,
                    organization_id=named.get(program.pk),
                    plain=program.pk in named and named[program.pk] is None,
                    at=at,
                )
            except LoyaltyError as error:
                refused[program.pk] = error
        if refused:
            raise _refusal(programs, refused)
    return [made[program.pk] for program in programs]


def _refusal(programs: Sequence[Program], refused: dict[int, LoyaltyError]) -> EnrolmentsRefused:
    outcomes = []
    for program in programs:
        error = refused.get(program.pk)
        outcome = {"program": program.code, "enrolled": False, "code": None}
        if error is not None:
            outcome |= {"code": error.code, "detail": error.message, "facts": error.facts}
        outcomes.append(outcome)
    names = ", ".join(program.name for program in programs if program.pk in refused)
    return EnrolmentsRefused(f"Refused by {names}; no membership was made.", facts={"outcomes": outcomes})


def _inheritance(
    customer_id: int, program: Program, *, organization_id: int | None, at: datetime, strict: bool
) -> Inheritance | None:
    """Locked until the enrolment is done; None where there is none and nobody insists."""
    try:
        return find_inheritance(program, customer_id=customer_id, organization_id=organization_id, at=at)
    except (NoOrganization, OrganizationNotActive, NoAgreement, AgreementFull):
        if strict:
            raise
        return None


def _inherit(membership: Membership, found: Inheritance, *, at: datetime, actor: Actor) -> None:
    source, form = InheritedAgreement.Source.ENROLMENT, found.terms.form
    inherit(membership, found, source=source, form=form, at=at, actor=actor, record=Record())


def _open_membership(
    customer: Customer, *, program: Program, at: datetime, number: str | None, place: Mapping[str, Any]
) -> Membership:
    """The membership with its set and its one member; of two at once the database lets one through."""

    def make(drawn: str) -> Membership:
        return _insert_membership(customer, program=program, at=at, number=drawn, place=place)

    try:
        return with_new_number(program, make, number=number)
    except IntegrityError as error:
        member = admission.current_participation(customer.pk, program_id=program.pk)
        if ONE_CURRENT not in str(error) or member is None:
            raise
        raise admission.already_member(member, program=program) from error


def _insert_membership(
    customer: Customer, *, program: Program, at: datetime, number: str, place: Mapping[str, Any]
) -> Membership:
    membership = Membership.objects.create(
        program=program,
        number=number,
        own_set=open_set(program.pk),
        enrolled_at=at,
        **place,
    )
    Member.objects.create(membership=membership, program_id=program.pk, customer=customer, joined_at=at)
    return membership


def _give_terms_and_status(membership: Membership, *, program: Program, at: datetime) -> bool:
    """Open the first term and set what follows from it; whether the membership is active at once."""
    term = open_term(membership, program=program, first_day=at.astimezone(program.zone).date(), at=at)
    membership.expires_on = last_day_of(program, term)
    active = starts_active(program, term)
    if active:
        membership.status, membership.activated_at = MembershipStatus.ACTIVE, at
    membership.save()
    return active
