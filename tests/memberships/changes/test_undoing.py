"""Undoing: back to the lots and states before, spending charged to who spent, refusals with the reason (domain 1.9)."""

from typing import Any

import pytest

from activities.calls import PointsCall
from activities.redeeming import redeem
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.changes.undoing import undo
from memberships.models import Membership, MembershipChange
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree, earn
from tests.factories import ACTOR, account_of, member_of

pytestmark = pytest.mark.django_db


def done(kind: str, prime: Membership, secondary: Membership | None = None, **wishes: Any) -> MembershipChange:
    """Proposed, agreed and carried out; both memberships are read anew."""
    proposal = Proposal(kind, prime.pk, secondary_id=secondary.pk if secondary else None, **wishes)
    change = carry_out(agree(propose(proposal, actor=ACTOR)), actor=ACTOR)
    for one in (prime, secondary):
        if one is not None:
            one.refresh_from_db()
    return change


class TestAtOnce:
    def test_a_pool_is_taken_apart(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(anna, 300, days=30)
        earn(ben, 200)
        before = {lot.pk: lot.remaining for one in anna_and_ben for lot in account_of(one).lots.all()}
        change = done("merge", anna, ben, result_type="shared")
        pool = account_in_use(anna)
        undone = undo(change, actor=ACTOR, reason="mistake")
        assert (undone.pk, undone.status) == (change.pk, "undone")
        for one in anna_and_ben:
            one.refresh_from_db()
            assert (one.type, one.status, one.pool) == ("standard", "active", None)
        assert {lot.pk: lot.remaining for one in anna_and_ben for lot in account_of(one).lots.all()} == before
        assert [(account_of(one).balance, account_of(one).closed) for one in anna_and_ben] == [
            (300, False),
            (200, False),
        ]
        pool.refresh_from_db()
        assert (pool.balance, pool.closed) == (0, True)
        assert_audit_clean()

    def test_who_spent_others_points_owes_them(self, anna_and_ben: list[Membership]) -> None:
        anna, ben = anna_and_ben
        earn(ben, 300)
        change = done("merge", anna, ben, result_type="shared")
        redeem(PointsCall(anna.pk, 100), actor=ACTOR)
        new = undo(change, actor=ACTOR, reason="mistake")
        assert (new.kind, new.status, new.undoes_id) == ("undo", "awaiting_consent", change.pk)
        carry_out(agree(new), actor=ACTOR)
        assert (account_of(anna).balance, account_of(anna).debt) == (-100, 100)
        assert (account_of(ben).balance, account_of(ben).debt) == (300, 0)
        assert account_of(anna).debts.get(remaining__gt=0).person_id == member_of(anna)
        assert_audit_clean()
