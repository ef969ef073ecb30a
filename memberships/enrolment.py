"""Enrolling a customer in one program, or in several at once (domain 1.2, 1.4)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.errors import LoyaltyError
from common.history import audit_context
from customers.models import Customer
from memberships import admission
from memberships.enrolled_rows import Case, write_enrolments
from memberships.errors import (
    AgreementFull,
    EnrolmentsRefused,
    NoAgreement,
    NoOrganization,
    OrganizationNotActive,
)
from memberships.models import Membership, MembershipType
from memberships.numbering import with_new_number
from memberships.umbrellas import Inheritance, find_inheritance
from programs.design import Design, design_of
from programs.models import Program

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
        design = design_of(program.pk)
        program = design.program
        at = at or program_now(program)
        admission.refuse_unenrolled_type(type)
        admission.refuse_unless_open(program, at=at)
        customer = admission.locked_customer(customer.pk)
        admission.refuse_second(customer.pk, program=program)
        admission.refuse_cooling_down(customer.pk, program=program, at=at)
        terms = admission.terms_to_accept(design, accepted=accept_terms)
        found = None
        if not plain:
            strict = organization_id is not None and not plain_if_refused
            found = _inheritance(customer.pk, program, organization_id=organization_id, at=at, strict=strict)
        return _written(Case(customer, at, "", terms, found, type), number=number, design=design, actor=actor)


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


def _written(case: Case, *, number: str | None, design: Design, actor: Actor) -> Membership:
    """Under the number brought along or a new one; of two at once the database lets one through."""
    program, customer_id = design.program, case.customer.pk

    def make(drawn: str) -> Membership:
        (made,) = write_enrolments([replace(case, number=drawn)], design=design, actor=actor)
        return made

    try:
        return with_new_number(program, make, number=number)
    except IntegrityError as error:
        member = admission.current_participation(customer_id, program_id=program.pk)
        if ONE_CURRENT not in str(error) or member is None:
            raise
        raise admission.already_member(member, program=program) from error
