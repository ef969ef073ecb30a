"""Many enrolments in one program in a few statements, plain or under one organization: for imports.

Whatever is not of that kind is left to `enrol`, which refuses and explains, or does what only few need. Both leave the
same rows; a test holds them against each other.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import LoyaltyError
from common.history import audit_context
from customers.models import Affiliation, Customer, CustomerStatus
from memberships import admission
from memberships.enrolled_rows import Case, write_enrolments
from memberships.inheriting_many import find_many
from memberships.models import Member, Membership
from memberships.numbering import drawn_number, has_form
from programs.design import Design, design_of
from programs.models import Program, ProgramTerms


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`at` None: now; `number` None: one is drawn."""

    customer_id: int
    at: datetime | None = None
    number: str | None = None
    accept_terms: bool = False


def enrol_plain(wanted: Sequence[Enrolment], *, program: Program, actor: Actor) -> dict[int, Membership]:
    """The memberships of those that were plain, by customer; nothing was done about the others.

    Call it inside a transaction: the customers stay locked until its end.
    """
    with in_program(program), audit_context(actor, "enrolment"):
        design = design_of(program.pk)
        cases = _plain_cases(wanted, design)
        under_others = _belonging([case.customer.pk for case in cases], program)
        return _written([case for case in cases if case.customer.pk not in under_others], design=design, actor=actor)


def enrol_under(
    wanted: Sequence[Enrolment], *, program: Program, organization_id: int, actor: Actor
) -> dict[int, Membership]:
    """The same under the organization's agreements of today; those it has none for, or no room, are left to `enrol`.

    The umbrella and its agreements stay locked until the caller's transaction ends.
    """
    with in_program(program), audit_context(actor, "enrolment"):
        design = design_of(program.pk)
        program = design.program
        today = program_now(program).astimezone(program.zone).date()
        cases = {
            case.customer.pk: case
            for case in _plain_cases(wanted, design)
            if case.at.astimezone(program.zone).date() == today
        }
        found = find_many(program, cases, organization_id=organization_id, day=today)
        return _written([replace(cases[pk], found=one) for pk, one in found.items()], design=design, actor=actor)


def _belonging(customers: Collection[int], program: Program) -> set[int]:
    """Who belongs, at whatever time, to an organization with an umbrella in the program."""
    affiliations = Affiliation.objects.filter(
        customer__in=customers,
        organization__organization_memberships__program=program,
        organization__organization_memberships__current=True,
    )
    return set(affiliations.values_list("customer_id", flat=True))


def _written(cases: Sequence[Case], *, design: Design, actor: Actor) -> dict[int, Membership]:
    """None where two came in each other's way."""
    if not cases:
        return {}
    try:
        with transaction.atomic():
            made = write_enrolments(cases, design=design, actor=actor)
    except IntegrityError:
        # A number drawn or brought along was taken this moment; one by one they find out which.
        return {}
    return {case.customer.pk: one for case, one in zip(cases, made, strict=True)}


def _plain_cases(wanted: Sequence[Enrolment], design: Design) -> list[Case]:
    program = design.program
    people: dict[int, Customer] = {
        one.pk: one for one in lock_rows(Customer.objects.filter(pk__in=[each.customer_id for each in wanted]))
    }
    barred = _barred(people, program)
    taken = _taken([each.number for each in wanted if each.number], program)
    terms = _terms(design)
    now = program_now(program)
    cases: dict[int, Case] = {}
    for each in wanted:
        customer, at = people.get(each.customer_id), each.at or now
        number = drawn_number(program) if each.number is None else each.number
        free = has_form(number, program=program) and number not in taken
        if customer is None or customer.pk in barred or customer.pk in cases or not free or not _open(program, at):
            continue
        if terms.get(each.accept_terms) is not _REFUSED:
            taken.add(number)
            accepted = terms[each.accept_terms]
            cases[customer.pk] = Case(customer, at, number, accepted if isinstance(accepted, ProgramTerms) else None)
    return list(cases.values())


_REFUSED = object()


def _terms(design: Design) -> dict[bool, object]:
    """By whether they were accepted: the terms to record, None, or that it is refused."""
    check = partial(admission.terms_to_accept, design)
    return {accepted: _or_refused(partial(check, accepted=accepted)) for accepted in (False, True)}


def _or_refused(check: Callable[[], object]) -> object:
    try:
        return check()
    except LoyaltyError:
        return _REFUSED


def _open(program: Program, at: datetime) -> bool:
    return _or_refused(lambda: admission.refuse_unless_open(program, at=at)) is not _REFUSED


def _barred(people: dict[int, Customer], program: Program) -> set[int]:
    """Who is not active, takes part already, or might be cooling down."""
    members = Member.objects.filter(program=program, customer_id__in=people)
    if not program.cool_down_days:
        members = members.filter(current=True, ended_at__isnull=True)
    inactive = {pk for pk, one in people.items() if one.status != CustomerStatus.ACTIVE}
    return inactive | set(members.values_list("customer_id", flat=True))


def _taken(numbers: Sequence[str], program: Program) -> set[str]:
    return set(Membership.objects.filter(program=program, number__in=numbers).values_list("number", flat=True))
