"""Proposals at once with a membership in common: one is open, the others are told; with its control."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError

from common import clock
from memberships.changes import side_locks
from memberships.changes.errors import ChangeNotOpen, MembershipBusy
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose, refresh, withdraw
from memberships.ending import terminate
from memberships.models import Consent, Membership, MembershipChange
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import pair
from tests.factories import ACTOR, make_program
from tests.memberships.changes.planning import change_program
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
ROUNDS = 10


@pytest.fixture
def miles(transactional_db: None) -> Program:
    return make_program("miles")


def merging(one: Membership, other: Membership) -> Callable[[], MembershipChange]:
    return lambda: propose(Proposal("merge", one.pk, other.pk, result_type="shared"), actor=ACTOR)


def test_of_proposals_with_a_membership_in_common_one_is_open(miles: Program) -> None:
    for round_number in range(ROUNDS):
        common, *others = pair(miles, *(f"Member {round_number}-{n}" for n in range(5)))
        pairs = [(common, one) if n % 2 else (one, common) for n, one in enumerate(others)]
        results = together(*(merging(*one) for one in pairs))
        assert {type(error) for error in errors_in(results)} == {MembershipBusy}
        assert len(errors_in(results)) == 3
        (change,) = MembershipChange.objects.filter(parties__membership=common)
        assert Consent.objects.filter(change=change).count() == 2
    assert_audit_clean()


@pytest.mark.control
def test_without_the_lock_of_the_memberships_the_database_has_to_refuse(
    miles: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_locks, "locked_memberships", lambda ids, **_: [])
    seen: set[type[Exception]] = set()
    for round_number in range(ROUNDS):
        common, *others = pair(miles, *(f"Member {round_number}-{n}" for n in range(9)))
        seen |= {type(error) for error in errors_in(together(*(merging(common, one) for one in others)))}
    assert IntegrityError in seen


def test_who_ends_while_asked_again_or_withdrawn_leaves_one_end_of_the_change(miles: Program) -> None:
    for round_number in range(ROUNDS):
        anna, ben = pair(miles, f"Anna {round_number}", f"Ben {round_number}")
        change = merging(anna, ben)()
        change_program(miles, undo_window_days=round_number)
        results = together(
            lambda one=change: refresh(one, actor=ACTOR),
            lambda one=change: withdraw(one, actor=ACTOR, reason="wish"),
            lambda one=ben: terminate(one, actor=ACTOR, reason="wish"),
        )
        assert {type(error) for error in errors_in(results)} <= {ChangeNotOpen}
        change.refresh_from_db()
        assert change.status in ("withdrawn", "lapsed")
        assert Membership.objects.get(pk=ben.pk).status == "expired"
    assert_audit_clean()


def test_an_overdue_change_lapses_once_whoever_proposes_next(miles: Program) -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    with clock.frozen(noon):
        anna, ben = pair(miles, "Anna Bauer", "Ben Miller")
        former = merging(anna, ben)()
    with clock.frozen(noon + timedelta(days=30)):
        results = together(merging(anna, ben), merging(ben, anna), merging(anna, ben))
    assert {type(error) for error in errors_in(results)} == {MembershipBusy}
    former.refresh_from_db()
    assert (former.status, former.version) == ("lapsed", 2)
    assert MembershipChange.objects.filter(is_open=True).count() == 1
    assert_audit_clean()
