"""Pools, groups and people for tests of changes, made as rows: not by the changes that are tested."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from cards.issuing import issue_card
from cards.models import CardKind
from common import clock
from common.history import audit_context
from customers.models import Customer, DuplicateCustomer, DuplicateStatus
from memberships.card_holding import give_card, issue_main_card
from memberships.models import (
    ChangeStatus,
    Consent,
    ConsentDecision,
    ConsentMethod,
    ConsentStatus,
    Member,
    Membership,
    MembershipChange,
    MembershipStatus,
    MembershipType,
)
from memberships.types import type_of
from points.accounts import open_set
from points.drafts import Posted
from points.ledger import post
from points.models import PointAccount, PointAccountSet
from points.moves import Cause, Credit, Debit, Lifetime, Move, NewLot
from programs.design import design_of
from programs.models import PointKind, Program
from tests.factories import ACTOR, make_customer, make_membership, member_of
from tests.organizations import agreement_with, employee, umbrella


def pair(program: Program, *names: str) -> list[Membership]:
    """Active standard memberships, one of each new customer: Anna and Ben unless named."""
    return [make_membership(program, name) for name in names or ("Anna Bauer", "Ben Miller")]


def pool_of(program: Program, *names: str) -> list[Membership]:
    """Shared memberships of new customers on one pool, which the first one owns."""
    memberships = pair(program, *names)
    with transaction.atomic(), audit_context(ACTOR, "test"):
        pool = open_set(program.pk, is_pool=True)
        pool.owner_id = member_of(memberships[0])
        pool.save()
        for membership in memberships:
            _share(membership, pool)
    return memberships


def organization_pool(program: Program, *names: str) -> tuple[Membership, list[Membership]]:
    """An organization membership, and the shared memberships enrolled on its pool."""
    acme = umbrella(program)
    agreement_with(acme, form="shared")
    return acme, [employee(acme, name) for name in names]


def group_of(program: Program, *names: str) -> Membership:
    """A group of new customers, of whom the first is the main member."""
    first, *others = names or ("Mia Moore", "Max Moore")
    group = make_membership(program, first)
    with transaction.atomic(), audit_context(ACTOR, "test"):
        now = clock.program_now(program)
        for name in others:
            person = make_customer(name)
            Member.objects.create(membership=group, program=program, customer=person, joined_at=now)
            issue_main_card(group, program=program, customer_id=person.pk, actor=ACTOR, at=now, active=True)
        group.type = MembershipType.GROUP
        group.main_member = Member.objects.get(membership=group, customer__name=first)
        group.save()
    return group


def anonymous(program: Program) -> Membership:
    """An anonymous membership, held by a temporary card."""
    with transaction.atomic(), audit_context(ACTOR, "test"):
        membership = _bare(program, MembershipType.ANONYMOUS)
        card = issue_card(program, actor=ACTOR, kind=CardKind.TEMPORARY, active=True)
        give_card(card, membership=membership, customer_id=None, actor=ACTOR, at=membership.enrolled_at)
    return membership


def one_person(stays: Membership, goes: Membership) -> DuplicateCustomer:
    """Staff confirmed that the customers of both standard or shared memberships are one person."""
    return one_customer(member_of(stays), member_of(goes))


def one_customer(stays: int, goes: int) -> DuplicateCustomer:
    with audit_context(ACTOR, "test"):
        made: DuplicateCustomer = DuplicateCustomer.objects.create(
            customer_id=stays,
            duplicate_id=goes,
            status=DuplicateStatus.CONFIRMED,
            decided_at=clock.now(),
            channel_id=ACTOR.channel_id,
        )
    return made


def people_of(membership: Membership) -> list[int]:
    """The customers who take part in it now, the oldest member first."""
    open_members = Member.objects.filter(membership=membership, ended_at__isnull=True).order_by("pk")
    return list(open_members.values_list("customer_id", flat=True))


def customer_called(name: str) -> Customer:
    return Customer.objects.get(name=name)


def account_in_use(membership: Membership, code: str = "miles") -> PointAccount:
    """The account that counts for the membership, its pool's where it shares one, read anew."""
    point_type = design_of(membership.program_id).point_type(code)
    set_id = type_of(membership.type).account_set_for(membership, point_type)
    return PointAccount.objects.get(account_set=set_id, point_type=point_type)


def earn(
    membership: Membership, points: int, code: str = "miles", *, days: int | None = None, person: int | None = None
) -> Posted:
    """Points earned by the person (the first member if not named), expiring in so many days or never."""
    now = clock.program_now(membership.program)
    earner = person or next(iter(people_of(membership)), None)
    expires_at = None if days is None else now + timedelta(days=days)
    lot = NewLot(points, earned_at=now, expires_at=expires_at, earner_id=earner, contributor_id=earner)
    account = account_in_use(membership, code)
    return _post(membership, "earn", earner, Credit(account.pk, [lot], Lifetime.EARNED))


def owe(membership: Membership, points: int, *, person: int | None = None) -> Posted:
    """A debt of that person in an account without points."""
    debtor = person or next(iter(people_of(membership)), None)
    move = Debit(account_in_use(membership).pk, points, debt=points, lifetime=Lifetime.REDEEMED)
    return _post(membership, "redeem", debtor, move)


def agree(change: MembershipChange) -> MembershipChange:
    """Everyone has consented to the terms as they are, in person; rows only."""
    now = clock.program_now(change.program)
    with transaction.atomic(), audit_context(ACTOR, "test"):
        for consent in Consent.objects.filter(change=change).order_by("pk"):
            give_consent(consent)
        change.refresh_from_db()
        change.status = ChangeStatus.AGREED
        change.version += 1
        change.save()
    assert change.expires_at is None or change.expires_at > now
    return change


def give_consent(consent: Consent) -> None:
    """This person agrees in person to the terms as they are; rows only."""
    now = clock.program_now(consent.program)
    values: dict[str, Any] = {
        "method": ConsentMethod.IN_PERSON,
        "digest": consent.change.digest,
        "evidence": "signed at the desk",
        "decided_at": now,
        "channel_id": ACTOR.channel_id,
    }
    for name, value in values.items():
        setattr(consent, name, value)
    consent.status = ConsentStatus.GIVEN
    consent.save()
    ConsentDecision.objects.create(consent=consent, decision=ConsentStatus.GIVEN, **values)


def _share(membership: Membership, pool: PointAccountSet) -> None:
    """Own redeemable accounts stay closed while pooled."""
    membership.type, membership.pool = MembershipType.SHARED, pool
    membership.save()
    own = PointAccount.objects.filter(account_set=membership.own_set_id, point_type__kind=PointKind.REDEEMABLE)
    own.update(closed=True)


def _bare(program: Program, type: str, **values: Any) -> Membership:
    """An active membership without members."""
    now = clock.program_now(program)
    made: Membership = Membership.objects.create(
        program=program,
        number=f"X{Membership.objects.count():06}",
        type=type,
        status=MembershipStatus.ACTIVE,
        own_set=open_set(program.pk),
        enrolled_at=now,
        activated_at=now,
        **values,
    )
    return made


def _post(membership: Membership, kind: str, person_id: int | None, *moves: Move) -> Posted:
    with transaction.atomic():
        return post(
            kind,
            program_id=membership.program_id,
            for_set_id=membership.own_set_id,
            person_id=person_id,
            cause=Cause("membership", membership.pk),
            occurred_at=clock.program_now(membership.program),
            actor=ACTOR,
            moves=moves,
        )
