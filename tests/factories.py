"""Bare makers of programs, people, memberships and actors; the named cast stands in conftest.py."""

from datetime import date, datetime
from itertools import count
from typing import Any

from django.db import transaction

from activities.types import create_built_in_types
from common import clock
from common.actor import Actor
from common.history import create_with_history
from customers.models import Customer, CustomerNumber
from memberships.enrolment import enrol
from memberships.models import Member, Membership
from points.models import Lot, PointAccount
from programs.models import (
    PointKind,
    PointType,
    Program,
    ProgramStatus,
    ProgramTerms,
    Tier,
    TierGroup,
)
from tests.rows import counts

ACTOR = Actor.system(2)
_numbers = count(1)


def actor_in(*programs: Program) -> Actor:
    """A channel that sees these programs only."""
    return Actor("channel", None, 2, "till", lambda action, program_id: True, frozenset(one.pk for one in programs))


def make_program(code: str = "sky", **values: Any) -> Program:
    """Released, with a redeemable and a qualifying type and one ladder of two rungs."""
    defaults = {"name": code.title(), "status": ProgramStatus.RELEASED, "member_number_prefix": code[:2].upper()}
    program = Program(code=code, **(defaults | values))
    with transaction.atomic():
        create_with_history([program])
        miles = PointType(program=program, code="miles", name="Miles", kind=PointKind.REDEEMABLE, is_default=True)
        status = PointType(program=program, code="status", name="Status", kind=PointKind.QUALIFYING)
        create_with_history([miles, status])
        ladder = TierGroup(program=program, code="ladder", name="Ladder", point_type=status)
        create_with_history([ladder])
        blue = Tier(group=ladder, code="blue", name="Blue", rank=0)
        create_with_history([blue, Tier(group=ladder, code="gold", name="Gold", rank=1, threshold=1000)])
        # Gives the design its version at last.
        create_built_in_types(program)
    return program


def make_terms(program: Program, **values: Any) -> ProgramTerms:
    defaults = {"version": 1, "title": "Terms", "text": "Be fair.", "released_at": clock.now()}
    return ProgramTerms.objects.create(program=program, **(defaults | values))


def make_customer(name: str = "Emma Stone", **values: Any) -> Customer:
    """A person with a number that answers, and no event."""
    now: datetime = clock.now()
    defaults = {"number": f"T{next(_numbers)}", "name": name, "customer_since": date(2024, 1, 1)}
    customer = Customer(**(defaults | {"contact_changed_at": now, "created_at": now} | values))
    with transaction.atomic(savepoint=False):
        create_with_history([customer])
        CustomerNumber.objects.create(number=customer.number, customer=customer)
    return customer


def make_membership(program: Program, name: str = "Emma Stone", **values: Any) -> Membership:
    """A standard membership of a new customer, through the door every channel uses."""
    return enrol(make_customer(name), program=program, actor=ACTOR, **values)


def member_of(membership: Membership) -> int:
    """The id of the one customer in it."""
    return Member.objects.get(membership=membership).customer_id


def account_of(membership: Membership, code: str = "miles") -> PointAccount:
    """The own account of that point type, read anew."""
    return PointAccount.objects.get(account_set=membership.own_set_id, point_type__code=code)


def lots_of(membership: Membership, code: str = "miles") -> list[tuple[int, int]]:
    """(amount, left) of every lot in the order of spending."""
    lots = Lot.objects.filter(account=account_of(membership, code)).order_by("expires_at", "earned_at", "id")
    return [(lot.amount, lot.remaining) for lot in lots]


def counted(*models: Any) -> dict[str, int]:
    """How many rows each table has, to prove that nothing else changed."""
    found = counts(models)
    return {model.__name__: found[model._meta.label] for model in models}
