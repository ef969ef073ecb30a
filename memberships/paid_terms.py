"""Paid periods: opened at enrolment and renewal, paid once (domain 1.5). Both days of a term belong to it."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from memberships.errors import NoTerm
from memberships.models import Membership, MembershipTerm
from programs.expiry import add_months
from programs.models import Activation, Program


def open_term(membership: Membership, *, program: Program, first_day: date, at: datetime) -> MembershipTerm | None:
    """A term from that day on, None where the program has none. A term without a fee counts as paid."""
    term = term_row(membership, program=program, first_day=first_day, at=at)
    if term is not None:
        term.save()
    return term


def term_row(membership: Membership, *, program: Program, first_day: date, at: datetime) -> MembershipTerm | None:
    """The same, not saved."""
    if not program.term_months:
        return None
    fee = program.fee or Decimal(0)
    return MembershipTerm(
        membership=membership,
        program_id=program.pk,
        first_day=first_day,
        last_day=add_months(first_day, program.term_months) - timedelta(days=1),
        fee=fee,
        currency=program.currency,
        paid_at=None if fee else at,
    )


def next_term(membership: Membership, *, program: Program, last_day: date | None, at: datetime) -> MembershipTerm:
    """Not saved, while the membership lasts as long as it says. From the day after the last term, so that a member
    renewing within the grace pays for every day. Raises NoTerm."""
    first_day = at.astimezone(program.zone).date() if last_day is None else last_day + timedelta(days=1)
    term = term_row(membership, program=program, first_day=first_day, at=at)
    if term is None:
        raise NoTerm(f"Memberships of {program.name} have no term to renew.", facts={"program": program.code})
    membership.expires_on = last_day_of(program, term)
    return term


def last_day_of(program: Program, term: MembershipTerm | None) -> date | None:
    """The earlier of the term's end and the end of a seasonal program; None: no end."""
    days = [day for day in (term.last_day if term else None, program.valid_until) if day is not None]
    return min(days, default=None)


def starts_active(program: Program, term: MembershipTerm | None) -> bool:
    """Whether an enrolment is active at once: by policy, or because nothing is left to pay."""
    if program.activation == Activation.FIRST_PAYMENT:
        return term is None or term.paid_at is not None
    return program.activation == Activation.AT_ENROLMENT


def first_unpaid(membership: Membership) -> MembershipTerm | None:
    return MembershipTerm.objects.filter(membership=membership, paid_at__isnull=True).order_by("first_day").first()


def last_term(membership: Membership) -> MembershipTerm | None:
    return MembershipTerm.objects.filter(membership=membership).order_by("-last_day").first()
