"""What the races of membership changes share."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction

from activities.calls import PointsCall
from activities.earning import earn
from common import clock
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import Membership, MembershipChange
from points.models import Lot, PointAccount
from tests.changes import agree
from tests.factories import ACTOR

MERGE, SPLIT = "merge", "split"


def agreed(kind: str, prime: Membership, secondary: Membership | None = None, **asked: Any) -> MembershipChange:
    """A change that waits only for being carried out."""
    proposal = Proposal(kind, prime.pk, secondary_id=secondary.pk if secondary else None, **asked)
    return agree(propose(proposal, actor=ACTOR))


def fill(membership: Membership, lots: int) -> None:
    """So many lots of 3 points with two expiry dates in turn, so that drawing the wrong one shows."""
    before = set(Lot.objects.values_list("pk", flat=True))
    for _ in range(lots):
        earn(PointsCall(membership.pk, 3), actor=ACTOR)
    made = sorted(set(Lot.objects.values_list("pk", flat=True)) - before)
    now = clock.now()
    Lot.objects.filter(pk__in=made[::2]).update(expires_at=now + timedelta(days=30))
    Lot.objects.filter(pk__in=made[1::2]).update(expires_at=now + timedelta(days=10))


def slowly(change: MembershipChange, *, after: float = 0.05, held: float = 0.6) -> Callable[[], MembershipChange]:
    """Carries it out while others have begun, and commits only after others have come to wait."""

    def run() -> MembershipChange:
        time.sleep(after)
        with transaction.atomic():
            done = carry_out(change, actor=ACTOR)
            time.sleep(held)
        return done

    return run


def total(code: str = "miles") -> int:
    """Of all accounts there are."""
    return sum(PointAccount.objects.filter(point_type__code=code).values_list("balance", flat=True))
