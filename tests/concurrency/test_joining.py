"""Joins beside each other and beside a suspension of the organization; each with its control."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from memberships import lifecycle, umbrellas
from memberships.changes import joining, side_locks
from memberships.changes.carrying_out import carry_out
from memberships.errors import AgreementFull
from memberships.leaving_organization import leave_organization
from memberships.models import InheritedAgreement, Membership
from points.models import PointAccount
from tests.audit.helpers import assert_audit_clean
from tests.changes import earn
from tests.concurrency.changing import agreed, total
from tests.factories import ACTOR, make_membership, make_program
from tests.organizations import agreement_with, employee, umbrella
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
JOIN = "join"


@pytest.fixture
def acme(transactional_db: None) -> Membership:
    return umbrella(make_program("miles"))


@pytest.fixture
def two(acme: Membership) -> list[Membership]:
    return [make_membership(acme.program, name) for name in ("Katrin Bauer", "John Miller")]


@pytest.fixture
def slow_joins(monkeypatch: pytest.MonkeyPatch, acme: Membership) -> list[str]:
    """Between looking at the agreement and the end a join takes its time; what it finds of the organization then."""
    seen: list[str] = []

    def inherit(*given: Any, **named: Any) -> InheritedAgreement:
        time.sleep(0.3)
        done = inherited(*given, **named)
        seen.append(str(Membership.objects.get(pk=acme.pk).status))
        return done

    inherited = joining.inherit
    monkeypatch.setattr(joining, "inherit", inherit)
    return seen


def places_taken() -> int:
    return InheritedAgreement.objects.filter(ended_at__isnull=True).count()


def race_for_the_last_place(acme: Membership, two: Iterable[Membership]) -> list[Any]:
    agreement_with(acme, form="shared", maximum=1)
    changes = [agreed(JOIN, one, acme) for one in two]
    return together(*[lambda change=change: carry_out(change, actor=ACTOR) for change in changes])  # type: ignore[misc]


def test_of_two_who_join_for_the_last_place_one_gets_it(
    acme: Membership, two: list[Membership], slow_joins: list[str]
) -> None:
    (error,) = errors_in(race_for_the_last_place(acme, two))
    assert isinstance(error, AgreementFull)
    assert places_taken() == 1
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_of_the_agreement_both_get_it(
    acme: Membership, two: list[Membership], slow_joins: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(umbrellas, "lock_rows", list)
    assert errors_in(race_for_the_last_place(acme, two)) == []
    assert places_taken() == 2


def race_with_a_suspension(acme: Membership, joiner: Membership) -> list[Any]:
    agreement_with(acme)
    change = agreed(JOIN, joiner, acme)

    def suspend() -> Membership:
        time.sleep(0.1)
        return lifecycle.suspend(acme, actor=ACTOR, reason="unpaid")

    return together(lambda: carry_out(change, actor=ACTOR), suspend)


def test_a_suspension_waits_for_who_is_joining(acme: Membership, two: list[Membership], slow_joins: list[str]) -> None:
    assert errors_in(race_with_a_suspension(acme, two[0])) == []
    assert slow_joins == ["active"]
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_of_the_organization_somebody_joins_one_that_is_suspended(
    acme: Membership, two: list[Membership], slow_joins: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_locks, "shared_memberships", list)
    monkeypatch.setattr(umbrellas, "shared_membership", lambda pk: Membership.objects.get(pk=pk))
    race_with_a_suspension(acme, two[0])
    assert slow_joins == ["suspended"]


def test_people_leave_an_organization_side_by_side_and_no_point_is_lost(acme: Membership) -> None:
    agreement_with(acme, form="shared", leaving_rule="by_contribution")
    people = [employee(acme, f"P{n}") for n in range(8)]
    for one in people:
        earn(one, 10)

    def leave(membership: Membership) -> Callable[[], Membership]:
        return lambda: leave_organization(membership, actor=ACTOR, reason="over")

    assert errors_in(together(*[leave(one) for one in people])) == []
    assert (total(), PointAccount.objects.get(account_set=acme.pool_id).balance) == (80, 0)
    assert_audit_clean()
