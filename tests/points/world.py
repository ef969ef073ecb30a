"""Short ways to put points somewhere, for the tests of corrections."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from common import clock
from common.actor import Actor
from loyalty_site.auditing import audit
from memberships.models import Membership
from points.drafts import Posted
from points.ledger import post
from points.models import Entry, Posting
from points.moves import Carry, Cause, Credit, Debit, Lifetime, NewLot
from points.reversal_parts import Part, Reversed
from points.reversals import reverse
from tests.factories import ACTOR, account_of, member_of

LEDGER = ["L01", "L02", "L03", "L04", "L06", "L10", "L14", "P02", "P03", "P04", "P05"]
STAFF = Actor("user", 7, 1, "sue", lambda action, program_id: True, None)


def posting(membership: Membership, kind: str, *moves: Any, **values: Any) -> Posted:
    with transaction.atomic():
        return post(
            kind,
            program_id=membership.program_id,
            for_set_id=membership.own_set_id,
            person_id=member_of(membership),
            cause=Cause("membership", membership.pk),
            occurred_at=values.pop("at", clock.now()),
            actor=ACTOR,
            moves=moves,
            **values,
        )


def lot(membership: Membership, points: int, *, days: int | None = None) -> NewLot:
    now, person = clock.now(), member_of(membership)
    expires_at = None if days is None else now + timedelta(days=days)
    return NewLot(points, earned_at=now, expires_at=expires_at, earner_id=person, contributor_id=person)


def earned(membership: Membership, points: int, *, days: int | None = None, status: int = 0) -> Posted:
    """`points` miles that expire in so many days, and `status` qualifying points, by one posting."""
    moves = [Credit(account_of(membership).pk, [lot(membership, points, days=days)], Lifetime.EARNED)]
    if status:
        moves.append(Credit(account_of(membership, "status").pk, [lot(membership, status)], Lifetime.EARNED))
    return posting(membership, "earn", *moves)


def spent(membership: Membership, points: int, kind: str = "redeem") -> Posted:
    return posting(membership, kind, Debit(account_of(membership).pk, points, lifetime=Lifetime.REDEEMED))


def sent(membership: Membership, to: Membership, points: int, kind: str = "transfer") -> Posted:
    carry = Carry(account_of(membership).pk, account_of(to).pk, points, contributor_id=member_of(to))
    return posting(membership, kind, carry)


def taken_back(posted: Posted, points: int | None = None, **values: Any) -> Reversed:
    actor, landing = values.pop("actor", STAFF), values.pop("landing", None)
    part = Part(reason_code=values.pop("reason_code", "returned"), points=points, **values)
    with transaction.atomic():
        return reverse(Posting.objects.get(pk=posted.id), part, actor=actor, landing=landing)


def amounts(posted: Posted | None) -> list[int]:
    """The entries of a posting as they stand in the table."""
    return (
        []
        if posted is None
        else list(Entry.objects.filter(posting_id=posted.id).order_by("pk").values_list("amount", flat=True))
    )


def figures(membership: Membership, code: str = "miles") -> tuple[int, int]:
    """(balance, debt)"""
    account = account_of(membership, code)
    return account.balance, account.debt


def assert_sound() -> None:
    """Balances, lots, draws, debts and reversals agree."""
    assert [(one.invariant.id, one.row, one.detail) for one in audit(only=LEDGER)] == []
