"""Short ways to ask what a change would mean, and to be refused."""

from typing import Any

import pytest

from common import clock
from common.history import audit_context
from customers.models import Customer
from memberships.changes.errors import ChangeRefused
from memberships.changes.plan import Plan, Proposal
from memberships.changes.proposing import draft
from memberships.changes.rows import plan_of
from memberships.models import ChangeParty, Consent, Membership, MembershipChange
from programs.design import forget_designs
from programs.models import Program
from tests.factories import ACTOR, counted

WRITTEN = (MembershipChange, ChangeParty, Consent)


def planned(prime: Membership, secondary: Membership | None = None, kind: str = "merge", **values: Any) -> Plan:
    """The plan of a draft, read once more as carrying out will read it."""
    proposal = Proposal(kind, prime.pk, secondary and secondary.pk, **values)
    change = draft(proposal, actor=ACTOR)
    return plan_of(MembershipChange.objects.get(pk=change.pk), at=clock.program_now(prime.program))


def refused(
    prime: Membership, secondary: Membership | None = None, kind: str = "merge", **values: Any
) -> ChangeRefused:
    """The refusal of the draft, which left nothing behind."""
    before = counted(*WRITTEN)
    with pytest.raises(ChangeRefused) as caught:
        draft(Proposal(kind, prime.pk, secondary and secondary.pk, **values), actor=ACTOR)
    assert counted(*WRITTEN) == before
    assert caught.value.status == 422
    return caught.value


def change_program(program: Program, **values: Any) -> None:
    for name, value in values.items():
        setattr(program, name, value)
    with audit_context(ACTOR, "test"):
        program.save()
    forget_designs()


def decease(customer_id: int) -> None:
    customer = Customer.objects.get(pk=customer_id)
    customer.status = "deceased"
    with audit_context(ACTOR, "test"):
        customer.save()
