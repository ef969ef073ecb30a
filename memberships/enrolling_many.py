"""Many enrolments in one program in a few statements: the plain case of `enrol`, for imports.

Whatever is not plain is left to `enrol`, which refuses and explains, or does what only few need. Both leave the same
rows; a test holds them against each other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction

from cards.issuing import issue_cards
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import LoyaltyError
from common.history import AuditedModel, audit_context, create_with_history
from customers.models import Customer, CustomerStatus
from gateway.events import record_events
from memberships import admission
from memberships.enrolment import acceptance, facts_of
from memberships.models import CardHolding, Member, Membership, MembershipStatus
from memberships.numbering import drawn_number, has_form
from memberships.paid_terms import last_day_of, starts_active, term_row
from memberships.standings import initial_standing, lowest_tiers
from points.accounts import open_sets
from programs.design import design_of
from programs.models import Program, ProgramTerms, Tier


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`at` None: now; `number` None: one is drawn."""

    customer_id: int
    at: datetime | None = None
    number: str | None = None
    accept_terms: bool = False


@dataclass(frozen=True, slots=True)
class _Case:
    """An enrolment with what its rows are made from."""

    customer: Customer
    at: datetime
    number: str
    terms: ProgramTerms | None


def enrol_plain(wanted: Sequence[Enrolment], *, program: Program, actor: Actor) -> dict[int, Membership]:
    """The memberships of those that were plain, by customer; nothing was done about the others.

    Call it inside a transaction: the customers stay locked until its end.
    """
    with in_program(program), audit_context(actor, "enrolment"):
        program = design_of(program.pk).program
        tiers = lowest_tiers(program.pk)
        cases = _plain_cases(wanted, program)
        if not cases or any(tier.exempt_from_expiry for tier in tiers):
            return {}
        try:
            with transaction.atomic():
                return _write(cases, program=program, tiers=tiers, actor=actor)
        except IntegrityError:
            # A number drawn or brought along was taken this moment; one by one they find out which.
            return {}


def _plain_cases(wanted: Sequence[Enrolment], program: Program) -> list[_Case]:
    people: dict[int, Customer] = {
        one.pk: one for one in lock_rows(Customer.objects.filter(pk__in=[each.customer_id for each in wanted]))
    }
    barred = _barred(people, program)
    taken = _taken([each.number for each in wanted if each.number], program)
    terms = _terms(program)
    now = program_now(program)
    cases: dict[int, _Case] = {}
    for each in wanted:
        customer, at = people.get(each.customer_id), each.at or now
        number = drawn_number(program) if each.number is None else each.number
        free = has_form(number, program=program) and number not in taken
        if customer is None or customer.pk in barred or customer.pk in cases or not free or not _open(program, at):
            continue
        if terms.get(each.accept_terms) is not _REFUSED:
            taken.add(number)
            accepted = terms[each.accept_terms]
            cases[customer.pk] = _Case(customer, at, number, accepted if isinstance(accepted, ProgramTerms) else None)
    return list(cases.values())


_REFUSED = object()


def _terms(program: Program) -> dict[bool, object]:
    """By whether they were accepted: the terms to record, None, or that it is refused."""
    check = partial(admission.terms_to_accept, program)
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


def _write(cases: Sequence[_Case], *, program: Program, tiers: Sequence[Tier], actor: Actor) -> dict[int, Membership]:
    sets = open_sets(program.pk, count=len(cases))
    memberships, terms = [], []
    for case, own_set in zip(cases, sets, strict=True):
        membership = Membership(program=program, number=case.number, own_set=own_set, enrolled_at=case.at)
        term = term_row(membership, program=program, first_day=case.at.astimezone(program.zone).date(), at=case.at)
        membership.expires_on = last_day_of(program, term)
        if starts_active(program, term):
            membership.status, membership.activated_at = MembershipStatus.ACTIVE, case.at
        memberships.append(membership)
        terms.append(term)
    create_with_history(memberships)
    made = list(zip(cases, memberships, strict=True))
    create_with_history(
        Member(membership=one, program_id=program.pk, customer=case.customer, joined_at=case.at) for case, one in made
    )
    _write_terms([(term, one) for term, one in zip(terms, memberships, strict=True) if term is not None])
    create_with_history(
        acceptance(one, case.customer, case.terms, actor=actor, at=case.at) for case, one in made if case.terms
    )
    create_with_history(initial_standing(one, tier, at=case.at) for case, one in made for tier in tiers)
    _give_cards(made, program=program, actor=actor)
    facts = {one.pk: facts_of(one, case.customer) for case, one in made}
    record_events("membership.enrolled", program_id=program.pk, facts=facts)
    return {case.customer.pk: one for case, one in made}


def _write_terms(terms: Sequence[tuple[AuditedModel, Membership]]) -> None:
    for term, membership in terms:
        # It was worked out before the membership had an id.
        term.membership = membership  # type: ignore[attr-defined]
    create_with_history([term for term, _ in terms])


def _give_cards(made: Sequence[tuple[_Case, Membership]], *, program: Program, actor: Actor) -> None:
    active = MembershipStatus.ACTIVE
    cards = issue_cards(program, [(case.at, one.status == active) for case, one in made], actor=actor)
    create_with_history(
        CardHolding(card=card, program_id=program.pk, membership=one, customer_id=case.customer.pk, held_from=case.at)
        for card, (case, one) in zip(cards, made, strict=True)
    )
