"""One card, two people who register it at once; and registering beside earning. With the controls."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from activities.calls import PointsCall
from activities.earning import earn
from cards.models import Card
from customers.models import Customer
from memberships import registering
from memberships.errors import CardRegistered
from memberships.locking import locked_memberships
from memberships.models import CardRegistration, Membership
from memberships.registering import register
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import pair
from tests.concurrency.changing import total
from tests.factories import ACTOR, account_of, make_customer, make_program, member_of
from tests.registering import anonymous_of, found_card
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
ROUNDS, THREADS = 5, 8


@pytest.fixture
def program(transactional_db: None) -> Program:
    return make_program("miles", possession_limit=None)


def by(card: Card, *people: Customer) -> list[Any]:
    """All of them at once."""

    def registers(person: Customer) -> Callable[[], CardRegistration]:
        return lambda: register(card, customer=person, actor=ACTOR)

    return together(*[registers(one) for one in people])


def two_people(program: Program, number: int) -> tuple[Customer, Customer]:
    """One takes part already, the other does not."""
    (anna,) = pair(program, f"Anna {number}")
    return Customer.objects.get(pk=member_of(anna)), make_customer(f"Emma {number}")


def test_of_two_who_register_one_card_exactly_one_gets_it(program: Program) -> None:
    for number in range(ROUNDS):
        card = found_card(program, 300)
        results = by(card, *two_people(program, number), make_customer(f"Ben {number}"))
        assert [type(one) for one in errors_in(results)] == [CardRegistered] * 2
        registration = CardRegistration.objects.get(card=card)
        assert registration.status == "done"
        assert total() == 300 * (number + 1)
    assert_audit_clean()


def test_one_person_who_clicks_often_registers_once(program: Program) -> None:
    card, emma = found_card(program, 300), make_customer("Emma Stone")
    results = by(card, *[emma] * THREADS)
    assert [type(one) for one in errors_in(results)] == [CardRegistered] * (THREADS - 1)
    assert CardRegistration.objects.count() == 1
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_the_second_is_not_told_why(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database still lets one of them through, by a constraint."""

    def unlocked(ids: Any, *, key_change: bool = False) -> list[Membership]:
        return list(Membership.objects.filter(pk__in=set(ids)).order_by("pk"))

    monkeypatch.setattr(registering, "locked_memberships", unlocked)
    monkeypatch.setattr(registering, "lock_rows", lambda rows: list(rows.order_by("pk")))
    results = by(found_card(program, 300), make_customer("Emma Stone"), make_customer("Ben Miller"))
    assert [type(one) for one in errors_in(results)] != [CardRegistered]


def beside_earning(card: Card, person: Customer, times: int) -> list[Any]:
    """The card's membership earns while it goes into another one."""
    found = anonymous_of(card)

    def earns() -> list[Any]:
        return [earn(PointsCall(found.pk, 7), actor=ACTOR) for _ in range(times)]

    def registers() -> CardRegistration:
        with transaction.atomic():
            return register(card, customer=person, actor=ACTOR)

    return together(earns, registers, earns)


def test_what_is_earned_while_it_is_registered_is_not_lost(program: Program) -> None:
    (anna,) = pair(program, "Anna Bauer")
    card = found_card(program, 300)
    assert errors_in(beside_earning(card, Customer.objects.get(pk=member_of(anna)), 10)) == []
    assert account_of(anna).balance == total() == 300 + 2 * 10 * 7
    assert account_of(anonymous_of(card)).balance == 0
    assert_audit_clean()


def test_the_lock_is_what_the_control_takes_away() -> None:
    """So that a renamed function does not make the control pass for nothing."""
    assert registering.locked_memberships is locked_memberships
