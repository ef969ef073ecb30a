"""The rows of enrolments, of one as of hundreds, each kind in one statement (domain 1.2, 1.4).

Who may enrol, and under whom, was asked before by whoever holds the customers' locks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cards.issuing import issue_cards
from common.actor import Actor
from common.history import create_with_history
from customers.models import Customer
from gateway.events import record_events
from memberships.exempting import refresh_exemptions
from memberships.inheritance import place_under
from memberships.inheriting_many import inherit_many
from memberships.models import (
    CardHolding,
    Member,
    Membership,
    MembershipStatus,
    MembershipTerm,
    MembershipType,
    TermsAcceptance,
)
from memberships.paid_terms import last_day_of, starts_active, term_row
from memberships.standings import initial_standing, lowest_tiers
from memberships.umbrellas import Inheritance
from points.accounts import open_sets
from programs.design import Design
from programs.models import ProgramTerms


@dataclass(frozen=True, slots=True)
class Case:
    """An enrolment that nothing stands against, with what its rows are made from; `number` is the member's."""

    customer: Customer
    at: datetime
    number: str
    terms: ProgramTerms | None
    found: Inheritance | None = None
    type: str = MembershipType.STANDARD

    @property
    def place(self) -> dict[str, Any]:
        own = {"type": self.type}
        return own if self.found is None else {**own, **place_under(self.found, form=self.found.terms.form)}

    @property
    def ladders(self) -> frozenset[int]:
        """In which an agreement gives a tier."""
        return frozenset() if self.found is None else self.found.ladders


Made = Sequence[tuple[Case, Membership]]


def write_enrolments(cases: Sequence[Case], *, design: Design, actor: Actor) -> list[Membership]:
    """Memberships with sets, accounts, terms, tiers and a main card each, in the order given.

    Raises IntegrityError where a number is taken or somebody takes part already.
    """
    made = _open_memberships(cases, design)
    create_with_history(
        Member(membership=one, program_id=one.program_id, customer=case.customer, joined_at=case.at)
        for case, one in made
    )
    create_with_history(
        acceptance(one, case.customer, case.terms, actor=actor, at=case.at) for case, one in made if case.terms
    )
    _stand(made, design)
    _give_cards(made, design, actor=actor)
    facts = {
        one.pk: {"customer": case.customer.pk, "type": str(one.type), "status": str(one.status)} for case, one in made
    }
    record_events("membership.enrolled", program_id=design.program.pk, facts=facts)
    return [one for _, one in made]


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


def _open_memberships(cases: Sequence[Case], design: Design) -> Made:
    """With their first terms, and the status that follows from those."""
    program = design.program
    memberships, terms = [], []
    for case, own_set in zip(cases, open_sets(program.pk, count=len(cases)), strict=True):
        membership = Membership(program=program, number=case.number, own_set=own_set, enrolled_at=case.at, **case.place)
        term = term_row(membership, program=program, first_day=case.at.astimezone(design.zone).date(), at=case.at)
        membership.expires_on = last_day_of(program, term)
        if starts_active(program, term):
            membership.status, membership.activated_at = MembershipStatus.ACTIVE, case.at
        memberships.append(membership)
        terms.append(term)
    create_with_history(memberships)
    create_with_history(_belonging(terms, memberships))
    return list(zip(cases, memberships, strict=True))


def _belonging(terms: Iterable[MembershipTerm | None], memberships: Iterable[Membership]) -> Iterable[MembershipTerm]:
    """A term is worked out before its membership has an id."""
    for term, membership in zip(terms, memberships, strict=True):
        if term is not None:
            term.membership = membership
            yield term


def _stand(made: Made, design: Design) -> None:
    """On the lowest rungs, or where an agreement puts them."""
    lowest = lowest_tiers(design)
    create_with_history(
        initial_standing(one, tier, at=case.at)
        for case, one in made
        for tier in lowest
        if tier.group_id not in case.ladders
    )
    inherit_many([(one, case.found, case.at) for case, one in made if case.found is not None])
    given = {tier for case, _ in made if case.found is not None for tier in case.found.tiers}
    if any(tier.exempt_from_expiry for tier in given.union(lowest)):
        refresh_exemptions([one.pk for _, one in made])


def _give_cards(made: Made, design: Design, *, actor: Actor) -> None:
    active = MembershipStatus.ACTIVE
    cards = issue_cards(design, [(case.at, one.status == active) for case, one in made], actor=actor)
    create_with_history(
        CardHolding(
            card=card, program_id=card.program_id, membership=one, customer_id=case.customer.pk, held_from=case.at
        )
        for card, (case, one) in zip(cards, made, strict=True)
    )
