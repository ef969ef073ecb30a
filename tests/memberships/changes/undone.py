"""Carrying changes out and undoing them, for the tests of both."""

from datetime import timedelta
from typing import Any

from common import clock
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.changes.undoing import undo
from memberships.models import Membership, MembershipChange
from memberships.standings import set_standing
from points import holds
from points.models import Hold, Lot
from programs.design import design_of
from programs.models import Tier
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree
from tests.factories import ACTOR, member_of


def proposed(kind: str, prime: Membership, secondary: Membership | None = None, **wishes: Any) -> MembershipChange:
    proposal = Proposal(kind, prime.pk, secondary_id=secondary.pk if secondary else None, **wishes)
    return propose(proposal, actor=ACTOR)


def done(kind: str, prime: Membership, secondary: Membership | None = None, **wishes: Any) -> MembershipChange:
    """Proposed, agreed and carried out; both memberships are read anew."""
    change = carry_out(agree(proposed(kind, prime, secondary, **wishes)), actor=ACTOR)
    again(*[one for one in (prime, secondary) if one is not None])
    return change


def back(change: MembershipChange, *memberships: Membership) -> MembershipChange:
    """Undone, with everyone's consent where that is needed; the memberships are read anew."""
    answer = undo(change, actor=ACTOR, reason="mistake")
    if answer.pk != change.pk:
        carry_out(agree(answer), actor=ACTOR)
    again(*memberships)
    change.refresh_from_db()
    assert change.status == "undone"
    # The tests' debts come from adjustments that nobody asked for.
    assert_audit_clean(without=["S02"])
    return MembershipChange.objects.get(undoes=change)


def again(*memberships: Membership) -> None:
    for one in memberships:
        one.refresh_from_db()


def figures(membership: Membership, code: str = "miles") -> tuple[int, int]:
    account = account_in_use(membership, code)
    return account.balance, account.debt


def lots(membership: Membership, code: str = "miles") -> list[tuple[int, int | None]]:
    """(left, contributor) of the open lots in spending order."""
    found = Lot.objects.filter(account=account_in_use(membership, code), remaining__gt=0)
    return [(lot.remaining, lot.contributor_id) for lot in found.order_by("expires_at", "earned_at", "id")]


def hold_of(membership: Membership, points: int) -> Hold:
    return holds.place_hold(
        account_in_use(membership),
        points=points,
        for_set_id=membership.own_set_id,
        person_id=member_of(membership),
        design=design_of(membership.program_id),
        actor=ACTOR,
    )


def gold(membership: Membership) -> Tier:
    """Stands on Gold by hand from now on."""
    tier = Tier.objects.get(group__program=membership.program, code="gold")
    set_standing(membership, tier=tier, reason="care", until=clock.now() + timedelta(days=90), actor=ACTOR)
    return tier
