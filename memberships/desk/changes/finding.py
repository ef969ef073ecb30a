"""Memberships found by what a customer says: a name, a phone, any number; and whether they fit a change."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q

from common.actor import Actor
from common.clock import program_now
from common.errors import LoyaltyError, NotFound
from customers.finding import customer_by_number, find_by_name, find_customers
from customers.models import Customer
from customers.unmasking import UNMASK
from memberships.changes.rows import plan_of
from memberships.finding import Found, find_by_card_number, find_by_member_number
from memberships.models import ChangeKind, ChangeParty, Member, Membership, MembershipChange, MembershipType
from memberships.organization_pools import pool_umbrella
from memberships.types import type_of

MOST = 20
LEAST_DIGITS = 5
LONGEST = 254


@dataclass(frozen=True, slots=True)
class Candidate:
    """A membership that could be a side of the change; `refusal` says why not, with the cure.

    `results` are the types it may end in with the other side.
    """

    membership: Membership
    people: tuple[Member, ...]
    refusal: str = ""
    open_change: int | None = None
    results: tuple[str, ...] = ()


def find_memberships(text: str, actor: Actor, *, program_id: int | None = None) -> list[Membership]:
    """Those that have not ended, in the actor's programs; an ended one's number leads to where it went."""
    text = " ".join(text.replace("\x00", "").split())[:LONGEST]
    if not text:
        return []
    found = Membership.objects.visible_to(actor).filter(current=True).select_related("program")
    if program_id is not None:
        found = found.filter(program_id=program_id)
    numbered = {one.membership_id for one in _by_number(text, actor)}
    # People, and organizations by their own record.
    people = [] if numbered else [one.pk for one in people_called(text, actor)]
    taking_part = Member.objects.filter(customer__in=people, current=True, ended_at__isnull=True)
    by_either = Q(pk__in=numbered) | Q(pk__in=taking_part.values("membership")) | Q(organization__in=people)
    return list(found.filter(by_either).order_by("program__name", "pk")[:MOST])


def _by_number(text: str, actor: Actor) -> Iterator[Found]:
    """By member number, then by card number, cards out of use included."""
    for find in (find_by_member_number, _any_card):
        try:
            yield from find(actor, text.upper())
        except NotFound:
            continue


def _any_card(actor: Actor, number: str) -> list[Found]:
    return find_by_card_number(actor, number, any_status=True)


def people_called(text: str, actor: Actor) -> Iterable[Customer]:
    """By e-mail, customer number, phone or name."""
    if "@" in text:
        return find_customers(email=text)[:MOST]
    numbered = customer_by_number(text)
    if numbered is not None:
        return [numbered]
    digits = re.sub(r"\D", "", text)
    if len(digits) >= LEAST_DIGITS and not re.search(r"[a-zA-Z]", text):
        return find_customers(phone=text)[:MOST]
    return find_by_name(text, whole=not actor.may(UNMASK, None))[:MOST] if re.search(r"[^\W\d]", text) else []


def people_in(*memberships: Membership | None) -> list[Member]:
    """The open members of the memberships and of everything that shares a pool with one of them; of an organization's
    pool those named only."""
    sides = [one for one in memberships if one is not None]
    among_friends = (one for one in sides if not type_of(one.type).is_umbrella and pool_umbrella(one) is None)
    pools = [one.pool_id for one in among_friends if one.pool_id is not None]
    of_sides = Q(membership__in=[one.pk for one in sides]) | Q(membership__pool__in=pools)
    open_ones = Member.objects.filter(of_sides, current=True, ended_at__isnull=True)
    return list(open_ones.select_related("customer", "membership").order_by("membership", "pk"))


def candidate(membership: Membership, trials: Iterable[MembershipChange]) -> Candidate:
    """Whether one of the trials would be accepted; else why the first one is refused."""
    people = tuple(Member.objects.filter(membership=membership, ended_at__isnull=True).select_related("customer")[:4])
    busy = ChangeParty.objects.filter(membership=membership, is_open=True).values_list("change_id", flat=True).first()
    if busy is not None:
        return Candidate(membership, people, open_change=busy)
    refusals: list[str] = []
    results: list[str] = []
    for trial in trials:
        try:
            plan_of(trial, at=program_now(membership.program))
        except LoyaltyError as error:
            refusals.append(error.message)
        else:
            results.append(str(trial.result_type))
    first = refusals[0] if refusals and not results else ""
    return Candidate(membership, people, refusal=first, results=tuple(dict.fromkeys(results)))


Trials = Callable[[Membership], Iterable[MembershipChange]]


def merges(prime: Membership) -> Trials:
    """Of the prime with another, into every type there is: the rules say which of them are possible."""

    def trials(other: Membership) -> Iterator[MembershipChange]:
        ends = (MembershipType.SHARED, MembershipType.GROUP, MembershipType.STANDARD)
        likely = type_of(prime.type).merge_results(other.type, same_person=False)
        for result in sorted(ends, key=lambda one: one not in likely):
            yield _trial(prime, ChangeKind.MERGE, secondary=other, result_type=result)

    return trials


def absorptions(prime: Membership) -> Trials:
    def trials(other: Membership) -> Iterator[MembershipChange]:
        yield _trial(prime, ChangeKind.ABSORB, secondary=other, result_type=prime.type)

    return trials


def joins(prime: Membership) -> Trials:
    """Of the prime with an organization, in the form of its agreement or, which is always possible, with points of its
    own."""

    def trials(other: Membership) -> Iterator[MembershipChange]:
        for result in (MembershipType.SHARED, MembershipType.STANDARD):
            yield _trial(prime, ChangeKind.JOIN, secondary=other, result_type=result)

    return trials


def leavings(prime: Membership) -> Iterator[MembershipChange]:
    """Of each of the first members: at most one of them leads and needs a successor to be named."""
    for member in people_in(prime)[:2]:
        yield _trial(prime, ChangeKind.SPLIT, leaver_id=member.customer_id)


def reforms(prime: Membership) -> Iterator[MembershipChange]:
    """Of the form a membership of several has into the other one."""
    if prime.type == MembershipType.GROUP:
        yield _trial(prime, ChangeKind.MERGE, result_type=MembershipType.SHARED)
        return
    for member in people_in(prime)[:2]:
        yield _trial(prime, ChangeKind.MERGE, result_type=MembershipType.GROUP, main_id=member.customer_id)


def _trial(prime: Membership, kind: ChangeKind, **values: object) -> MembershipChange:
    """Never saved: just enough to be asked about."""
    return MembershipChange(program=prime.program, kind=kind, prime=prime, **values)
