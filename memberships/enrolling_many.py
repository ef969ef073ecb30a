"""Many enrolments in one program in a few statements, plain or under one organization: for imports.

Whatever is not of that kind is left to `enrol`, which refuses and explains, or does what only few need. Both leave the
same rows; a test holds them against each other.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from cards.issuing import issue_cards
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import LoyaltyError
from common.history import AuditedModel, audit_context, create_with_history
from customers.models import Affiliation, Customer, CustomerStatus
from gateway.events import record_events
from memberships import admission
from memberships.enrolment import acceptance, facts_of
from memberships.inheritance import place_under
from memberships.inheriting_many import find_many, inherit_many
from memberships.models import CardHolding, Member, Membership, MembershipStatus
from memberships.numbering import drawn_number, has_form
from memberships.paid_terms import last_day_of, starts_active, term_row
from memberships.standings import initial_standing, lowest_tiers
from memberships.umbrellas import Inheritance
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
    found: Inheritance | None = None

    @property
    def place(self) -> dict[str, Any]:
        return {} if self.found is None else place_under(self.found, form=self.found.terms.form)


def enrol_plain(wanted: Sequence[Enrolment], *, program: Program, actor: Actor) -> dict[int, Membership]:
    """The memberships of those that were plain, by customer; nothing was done about the others.

    Call it inside a transaction: the customers stay locked until its end.
    """
    with in_program(program), audit_context(actor, "enrolment"):
        program = design_of(program.pk).program
        cases = _plain_cases(wanted, program)
        under_others = _belonging([case.customer.pk for case in cases], program)
        return _written([case for case in cases if case.customer.pk not in under_others], program=program, actor=actor)


def enrol_under(
    wanted: Sequence[Enrolment], *, program: Program, organization_id: int, actor: Actor
) -> dict[int, Membership]:
    """The same under the organization's agreements of today; those it has none for, or no room, are left to `enrol`.

    The umbrella and its agreements stay locked until the caller's transaction ends.
    """
    with in_program(program), audit_context(actor, "enrolment"):
        program = design_of(program.pk).program
        today = program_now(program).astimezone(program.zone).date()
        cases = {
            case.customer.pk: case
            for case in _plain_cases(wanted, program)
            if case.at.astimezone(program.zone).date() == today
        }
        found = find_many(program, cases, organization_id=organization_id, day=today)
        return _written([replace(cases[pk], found=one) for pk, one in found.items()], program=program, actor=actor)


def _belonging(customers: Collection[int], program: Program) -> set[int]:
    """Who belongs, at whatever time, to an organization with an umbrella in the program."""
    affiliations = Affiliation.objects.filter(
        customer__in=customers,
        organization__organization_memberships__program=program,
        organization__organization_memberships__current=True,
    )
    return set(affiliations.values_list("customer_id", flat=True))


def _written(cases: Sequence[_Case], *, program: Program, actor: Actor) -> dict[int, Membership]:
    """None where a tier exempts from expiry, which only few do, or where two came in each other's way."""
    tiers = lowest_tiers(program.pk)
    given = {tier for case in cases if case.found is not None for tier in case.found.tiers}
    if not cases or any(tier.exempt_from_expiry for tier in (*tiers, *given)):
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
        membership = Membership(program=program, number=case.number, own_set=own_set, enrolled_at=case.at, **case.place)
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
    create_with_history(
        initial_standing(one, tier, at=case.at)
        for case, one in made
        for tier in tiers
        if case.found is None or tier.group_id not in case.found.ladders
    )
    inherit_many([(one, case.found, case.at) for case, one in made if case.found is not None])
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
