"""Two daily runs at once: every term is opened once, every membership ends once."""

import threading
from collections import Counter
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any

import pytest

from common import clock
from memberships import renewing_many
from memberships.lifecycle import record_payment
from memberships.models import Membership, MembershipTerm
from memberships.renewing import renew_memberships
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
NEXT_YEAR = datetime(2027, 1, 1, 3, tzinfo=UTC)
MEMBERS = 6


@pytest.fixture
def club(transactional_db: None) -> Program:
    """Everybody has paid the first of the terms that renew by themselves."""
    program = make_program("club", term_months=12, fee="49.00", auto_renew=True)
    with clock.frozen(START):
        for number in range(MEMBERS):
            membership = make_membership(program, f"Member {number}")
            record_payment(membership, actor=ACTOR, reference="first", paid_at=START)
    return Program.objects.get(pk=program.pk)


def run_twice(club: Program, at: datetime) -> list[Any]:
    with clock.frozen(at):
        return together(*[lambda: renew_memberships(club, actor=ACTOR)] * 2)


def test_two_runs_open_one_term_and_end_a_membership_once(club: Program) -> None:
    found = run_twice(club, NEXT_YEAR)
    assert errors_in(found) == []
    assert found[0] + found[1] == Counter(renewed=MEMBERS)
    assert MembershipTerm.objects.filter(first_day=date(2027, 1, 1)).count() == MEMBERS
    found = run_twice(club, datetime(2027, 2, 1, 3, tzinfo=UTC))
    assert errors_in(found) == []
    assert found[0] + found[1] == Counter(lapsed=MEMBERS)
    assert set(Membership.objects.values_list("status", "end_reason")) == {("expired", "term_end")}
    assert MembershipTerm.objects.count() == MEMBERS
    with clock.frozen(datetime(2027, 2, 1, 4, tzinfo=UTC)):
        assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_both_open_the_same_term(club: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    both_have_read = threading.Barrier(2, timeout=20)

    def nobody(ids: Collection[int]) -> set[int]:
        both_have_read.wait()
        return set()

    monkeypatch.setattr(renewing_many, "lock_rows", list)
    monkeypatch.setattr(renewing_many, "waited_for", nobody)
    assert errors_in(run_twice(club, NEXT_YEAR)) != []
