"""Organization memberships: the umbrella of an organization in a program, and who signs for it (domain 1.4, 1.8).

Staff open them; agreements stand in memberships.agreements, what people inherit in memberships.inheritance.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import QuerySet

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import NotAllowed, NotFound
from common.history import audit_context
from customers.affiliations import valid_on
from customers.models import Affiliation, Customer, CustomerKind, CustomerStatus
from gateway.events import record_event
from memberships import admission
from memberships.errors import (
    AlreadyOrganization,
    LastSignatory,
    MembershipEnded,
    NotAMember,
    OrganizationRefused,
    ReasonMissing,
    WrongStatus,
)
from memberships.locking import locked_memberships
from memberships.models import Membership, MembershipStatus, MembershipType, OrganizationSignatory
from memberships.numbering import with_new_number
from memberships.paid_terms import last_day_of
from memberships.types import type_of
from points.accounts import open_set
from points.models import PointAccountSet
from programs.design import design_of
from programs.models import Program

MANAGE = "memberships:manage"


def open_organization(
    customer: Customer, *, program: Program, signatories: Sequence[int], actor: Actor, at: datetime | None = None
) -> Membership:
    """The organization's umbrella in the program, active at once, with a pool for those who will share it.

    `signatories` are customer ids in order of rank: the first one owns the pool. `at` defaults to now.
    Raises NotAllowed, OrganizationRefused, AlreadyOrganization, ProgramNotOpen, CustomerNotActive.
    """
    refuse_unless_staff(actor, program.pk)
    with in_program(program), audit_context(actor, "organization opened"):
        program = design_of(program.pk).program
        at = at or program_now(program)
        admission.refuse_unless_open(program, at=at)
        organization, people = _locked(customer.pk, signatories)
        refuse_second_umbrella(organization.pk, program=program)
        membership = with_new_number(program, lambda number: _insert(organization, people[0], program, number, at))
        for person in people:
            _sign(membership, person, at=at)
        record_event(
            "organization.opened",
            program_id=program.pk,
            subject_id=membership.pk,
            facts={"customer": organization.pk, "signatories": [one.pk for one in people]},
        )
        return membership


def add_signatory(membership: Membership, *, customer_id: int, actor: Actor) -> OrganizationSignatory:
    """Raises NotAllowed, OrganizationRefused, WrongStatus where the person signs already."""
    refuse_unless_staff(actor, membership.program_id)
    with in_program(membership.program_id), audit_context(actor, "signatory added"):
        (person,) = _locked_people([customer_id])
        umbrella = locked_umbrella(membership.pk)
        if signing(umbrella.pk).filter(customer=customer_id).exists():
            raise WrongStatus(
                f"The customer signs for {umbrella.number} already.",
                facts={"membership": umbrella.pk, "customer": customer_id},
            )
        signatory = _sign(umbrella, person, at=program_now(umbrella.program))
        _follow(umbrella, "signatory.added", customer_id)
        return signatory


def end_signatory(membership: Membership, *, customer_id: int, actor: Actor, reason: str) -> OrganizationSignatory:
    """The pool goes to the next one. Raises NotAllowed, ReasonMissing, NotAMember, LastSignatory."""
    refuse_unless_staff(actor, membership.program_id)
    if not reason.strip():
        raise ReasonMissing("A signatory is ended with a reason.")
    with in_program(membership.program_id), audit_context(actor, reason):
        (umbrella,) = locked_memberships([membership.pk])
        signatory = signing(umbrella.pk).filter(customer=customer_id).first()
        facts = {"membership": umbrella.pk, "customer": customer_id}
        if signatory is None:
            raise NotAMember(f"The customer does not sign for {umbrella.number}.", facts=facts)
        if umbrella.current and leading_signatory(umbrella.pk, without=customer_id) is None:
            raise LastSignatory(f"Nobody else signs for {umbrella.number}: add another signatory first.", facts=facts)
        signatory.ended_at = max(program_now(umbrella.program), signatory.since)
        signatory.save()
        _follow(umbrella, "signatory.ended", customer_id)
        return signatory


def leading_signatory(membership_id: int, *, without: int | None = None) -> int | None:
    """The customer who has signed for the umbrella for longest, of those who live; None where nobody does."""
    living = signing(membership_id).filter(customer__status__in=[CustomerStatus.ACTIVE, CustomerStatus.INACTIVE])
    return living.exclude(customer=without).order_by("since", "pk").values_list("customer_id", flat=True).first()


def signing(membership_id: int) -> QuerySet[OrganizationSignatory]:
    """Who signs for the umbrella now."""
    return OrganizationSignatory.objects.filter(membership=membership_id, ended_at__isnull=True)


def umbrella_of(program_id: int, organization_id: int) -> Membership | None:
    """The organization's current membership in the program."""
    umbrellas = Membership.objects.filter(program=program_id, organization=organization_id)
    return umbrellas.exclude(status=MembershipStatus.EXPIRED).first()


def umbrellas_of_person(program_id: int, *, customer_id: int, day: date) -> list[Membership]:
    """The current memberships of the organizations the person belongs to that day."""
    affiliations = Affiliation.objects.filter(valid_on(day), customer=customer_id)
    organizations = [one.organization_id for one in affiliations]
    if not organizations:
        return []
    umbrellas = Membership.objects.filter(program=program_id, organization__in=organizations, current=True)
    return list(umbrellas.order_by("pk"))


def locked_umbrella(pk: int) -> Membership:
    """The organization membership under lock; refused where it is none, or has ended."""
    (umbrella,) = locked_memberships([pk])
    if not type_of(umbrella.type).is_umbrella:
        raise OrganizationRefused(
            f"{umbrella.number} is {umbrella.get_type_display()}: only the membership of an organization has "
            "signatories and agreements.",
            facts={"membership": umbrella.pk, "type": str(umbrella.type)},
        )
    if not umbrella.current:
        raise MembershipEnded(
            f"{umbrella.number} has ended ({umbrella.get_end_reason_display()}).", facts={"membership": umbrella.pk}
        )
    return umbrella


def refresh_owner(umbrella: Membership) -> int | None:
    """The pool belongs to who leads; the customer."""
    owner_id = leading_signatory(umbrella.pk)
    for pool in lock_rows(PointAccountSet.objects.filter(pool_memberships=umbrella)):
        pool.owner_id = owner_id
        pool.save(update_fields=["owner"])
    return owner_id


def refuse_second_umbrella(organization_id: int, *, program: Program) -> None:
    known = umbrella_of(program.pk, organization_id)
    if known is not None:
        raise AlreadyOrganization(
            f"The organization has a membership in {program.name} already, {known.number}.",
            facts={"program": program.code, "customer": organization_id, "membership": known.pk},
        )


def refuse_unless_staff(actor: Actor, program_id: int) -> None:
    """Umbrellas and agreements come from staff with the right in the program; a channel has no say in them."""
    if actor.kind == "channel" or not actor.may(MANAGE, program_id):
        raise NotAllowed(
            "Staff with the right to manage memberships decide about organizations and agreements.",
            facts={"action": MANAGE},
        )


def _insert(organization: Customer, owner: Customer, program: Program, number: str, at: datetime) -> Membership:
    pool = open_set(program.pk, is_pool=True)
    pool.owner = owner
    pool.save(update_fields=["owner"])
    made: Membership = Membership.objects.create(
        program=program,
        number=number,
        type=MembershipType.ORGANIZATION,
        status=MembershipStatus.ACTIVE,
        own_set=open_set(program.pk),
        pool=pool,
        organization=organization,
        enrolled_at=at,
        activated_at=at,
        expires_on=last_day_of(program, None),
    )
    return made


def _locked(organization_id: int, signatories: Sequence[int]) -> tuple[Customer, list[Customer]]:
    """The organization, then its signatories in the order given: all of them under lock and fit."""
    if not signatories or len(set(signatories)) < len(signatories):
        raise OrganizationRefused(
            "An organization's membership names its signatories, each one once.", facts={"signatories": [*signatories]}
        )
    organization = admission.locked_customer(organization_id)
    if organization.kind != CustomerKind.ORGANIZATION:
        raise OrganizationRefused(
            "Only an organization has agreements: a person enrols.", facts={"customer": organization.pk}
        )
    return organization, _locked_people(signatories)


def _locked_people(customers: Sequence[int]) -> list[Customer]:
    """In the order given; active persons or refused."""
    found: dict[int, Customer] = {one.pk: one for one in lock_rows(Customer.objects.filter(pk__in=customers))}
    for pk in customers:
        person = found.get(pk)
        if person is None:
            raise NotFound("No such customer.", facts={"customer": pk})
        if person.kind != CustomerKind.PERSON or person.status != CustomerStatus.ACTIVE:
            raise OrganizationRefused(
                "An active person signs for an organization.",
                facts={"customer": pk, "kind": person.kind, "customer_status": person.status},
            )
    return [found[pk] for pk in customers]


def _sign(membership: Membership, person: Customer, *, at: datetime) -> OrganizationSignatory:
    made: OrganizationSignatory = OrganizationSignatory.objects.create(
        membership=membership, program_id=membership.program_id, customer=person, since=at
    )
    return made


def _follow(umbrella: Membership, event: str, customer_id: int) -> None:
    """The pool belongs to who has signed for longest; that is written into the history of the umbrella."""
    owner_id = refresh_owner(umbrella)
    umbrella.version += 1
    umbrella.save()
    facts = {"customer": customer_id, "owner": owner_id, "version": umbrella.version}
    record_event(event, program_id=umbrella.program_id, subject_id=umbrella.pk, facts=facts)
