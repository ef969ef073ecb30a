"""Who may enrol where and when: every check of an enrolment, each refusal with its cure."""

from datetime import datetime, timedelta

from django.db.models import Q

from common.clock import program_now
from common.db import lock_rows
from common.errors import NotFound
from customers.models import Customer, CustomerStatus
from memberships.errors import (
    AlreadyMember,
    CoolingDown,
    CustomerNotActive,
    OutsideValidity,
    ProgramNotOpen,
    TermsNotAccepted,
    TimeOutOfRange,
    TypeNotEnrolled,
)
from memberships.models import EndReason, Member
from memberships.types import TYPES
from programs.design import Design
from programs.life import terms_in_force
from programs.models import Program, ProgramStatus, ProgramTerms


def locked_customer(customer_id: int) -> Customer:
    """The customer under lock, so that two enrolments of one person wait for each other; active or refused."""
    found = lock_rows(Customer.objects.filter(pk=customer_id))
    if not found:
        raise NotFound("No such customer.")
    customer: Customer = found[0]
    if customer.status != CustomerStatus.ACTIVE:
        raise CustomerNotActive(
            f"The customer is {customer.get_status_display()}; only an active one can enrol.",
            facts={"customer": customer.pk, "customer_status": customer.status},
        )
    return customer


def refuse_unless_open(program: Program, *, at: datetime) -> None:
    """The program is released, and the day of `at` lies within its validity."""
    if program.status != ProgramStatus.RELEASED:
        raise ProgramNotOpen(
            f"{program.name} is {program.get_status_display()}; it takes no enrolments.",
            facts={"program": program.code, "program_status": program.status},
        )
    day = at.astimezone(program.zone).date()
    too_early = program.valid_from is not None and day < program.valid_from
    too_late = program.valid_until is not None and day > program.valid_until
    if too_early or too_late:
        raise OutsideValidity(
            f"{program.name} does not run on {day}.",
            facts={
                "program": program.code,
                "day": day.isoformat(),
                "valid_from": program.valid_from and program.valid_from.isoformat(),
                "valid_until": program.valid_until and program.valid_until.isoformat(),
            },
        )
    if at > program_now(program):
        raise TimeOutOfRange("An enrolment can't lie in the future.", facts={"at": at.isoformat()})


def refuse_unenrolled_type(code: str) -> None:
    if code not in TYPES or "enrolment" not in TYPES[code].comes_from:
        raise TypeNotEnrolled(
            f"A membership of type “{code}” does not come from an enrolment.",
            facts={"types": [kind.code for kind in TYPES.values() if "enrolment" in kind.comes_from]},
        )


def current_participation(customer_id: int, *, program_id: int) -> Member | None:
    """The person's open membership in the program, groups included, with the membership."""
    return (
        Member.objects.select_related("membership")
        .filter(program_id=program_id, customer_id=customer_id, current=True, ended_at__isnull=True)
        .first()
    )


def refuse_second(customer_id: int, *, program: Program) -> None:
    member = current_participation(customer_id, program_id=program.pk)
    if member is not None:
        raise already_member(member, program=program)


def already_member(member: Member, *, program: Program) -> AlreadyMember:
    return AlreadyMember(
        f"The person takes part in {program.name} already, as {member.membership.number}.",
        facts={
            "program": program.code,
            "customer": member.customer_id,
            "membership": member.membership_id,
            "number": member.membership.number,
        },
    )


def refuse_cooling_down(customer_id: int, *, program: Program, at: datetime) -> None:
    """Who left of their own will waits so many days. The end of a term or of the program is no leaving."""
    if not program.cool_down_days:
        return
    left = Q(ended_at__isnull=False) | Q(membership__end_reason=EndReason.TERMINATED)
    members = Member.objects.select_related("membership").filter(left, program=program, customer_id=customer_id)
    # Whose membership was undone never was in it.
    members = members.exclude(membership__end_reason=EndReason.UNDONE)
    times = [member.ended_at or member.membership.ended_at for member in members]
    last = max((time for time in times if time is not None), default=None)
    if last is not None:
        refuse_before_first_day(customer_id, last, program=program, at=at)


def refuse_before_first_day(customer_id: int, left_at: datetime, *, program: Program, at: datetime) -> None:
    """The cool-down counts whole days of the program's zone from the day the person left."""
    first_day = left_at.astimezone(program.zone).date() + timedelta(days=program.cool_down_days)
    if at.astimezone(program.zone).date() < first_day:
        raise CoolingDown(
            f"The person left {program.name}; it takes them again from {first_day} on.",
            facts={"program": program.code, "customer": customer_id, "first_day": first_day.isoformat()},
        )


def terms_to_accept(design: Design, *, accepted: bool) -> ProgramTerms | None:
    """The terms an acceptance is recorded for; refused where they must be accepted and were not."""
    terms = terms_in_force(design)
    if terms is not None and terms.must_accept and not accepted:
        raise TermsNotAccepted(
            f"“{terms}” of {design.program.name} must be accepted to enrol.",
            facts={"program": design.program.code, "terms": terms.pk, "version": terms.version},
        )
    return terms if accepted else None
