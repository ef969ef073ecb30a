"""Two at once: real threads, real transactions; each with a control that shows what the lock is for."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connections

from cards import issuing
from cards.errors import CardStatusConflict
from cards.models import Card, NumberRegistry
from common.errors import LoyaltyError
from gateway.models import Event
from memberships import admission, lifecycle
from memberships.card_holding import replace_card
from memberships.ending import terminate
from memberships.enrolment import enrol, enrol_in_several
from memberships.errors import AlreadyMember, WrongStatus
from memberships.models import CardHolding, Member, Membership
from points.models import PointAccountSet
from programs.design import forget_designs
from tests.factories import ACTOR, make_customer, make_program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS = 8


@pytest.fixture(autouse=True)
def no_design_kept() -> Iterator[None]:
    forget_designs()
    yield
    forget_designs()


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each returned or raised."""
    barrier = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        barrier.wait(timeout=20)
        try:
            return call()
        except (LoyaltyError, IntegrityError) as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(one, call) for call in calls]]


def kinds(outcomes: list[Any]) -> dict[str, int]:
    names = [type(one).__name__ for one in outcomes]
    return {name: names.count(name) for name in set(names)}


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "without the lock"])
def test_enrolments_of_one_person_in_one_program_make_one_membership(monkeypatch, locked):
    """Without the person's lock the database alone decides, and still lets one through."""
    if not locked:
        monkeypatch.setattr(admission, "lock_rows", list)
    sky, emma = make_program("sky"), make_customer()
    for _ in range(5):
        outcomes = at_once(*[lambda: enrol(emma, program=sky, actor=ACTOR)] * THREADS)
        assert kinds(outcomes) == {"Membership": 1, "AlreadyMember": THREADS - 1}
        made = next(one for one in outcomes if isinstance(one, Membership))
        assert {one.facts["membership"] for one in outcomes if isinstance(one, AlreadyMember)} == {made.pk}
        terminate(made, actor=ACTOR, reason="next round")
    assert Membership.objects.count() == Member.objects.count() == PointAccountSet.objects.count() == 5
    assert Card.objects.count() == NumberRegistry.objects.count() == 5
    assert Event.objects.filter(kind="membership.enrolled").count() == 5


def test_enrolments_in_several_programs_in_crossing_order_never_deadlock():
    sky, sea, people = make_program("sky"), make_program("sea"), [make_customer(f"P{n}") for n in range(3)]
    calls = [
        lambda order=order, person=person: enrol_in_several(person, programs=order, actor=ACTOR)
        for person in people
        for order in ([sky, sea], [sea, sky])
    ]
    assert kinds(at_once(*calls)) == {"list": 3, "EnrolmentsRefused": 3}
    assert Membership.objects.count() == 6


def test_suspensions_at_once_suspend_once():
    membership = enrol(make_customer(), program=make_program("sky"), actor=ACTOR)
    outcomes = at_once(*[lambda: lifecycle.suspend(membership, actor=ACTOR, reason="fraud")] * THREADS)
    assert kinds(outcomes) == {"Membership": 1, "WrongStatus": THREADS - 1}
    membership.refresh_from_db()
    assert (membership.status, membership.version) == ("suspended", 2)
    assert Event.objects.filter(kind="membership.suspended").count() == 1


@pytest.mark.control
def test_suspensions_without_the_lock_happen_several_times(monkeypatch):
    membership = enrol(make_customer(), program=make_program("sky"), actor=ACTOR)
    read = Barrier(2)

    def unlocked(ids: Any, **_: Any) -> list[Membership]:
        rows = list(Membership.objects.filter(pk__in=ids))
        read.wait(timeout=20)
        return rows

    monkeypatch.setattr(lifecycle, "locked_memberships", unlocked)
    outcomes = at_once(*[lambda: lifecycle.suspend(membership, actor=ACTOR, reason="fraud")] * 2)
    assert kinds(outcomes) == {"Membership": 2}
    assert Event.objects.filter(kind="membership.suspended").count() == 2


def test_bringing_back_and_enrolling_anew_leave_one_current_membership():
    sky, emma = make_program("sky"), make_customer()
    for _ in range(5):
        old = enrol(emma, program=sky, actor=ACTOR)
        terminate(old, actor=ACTOR, reason="wish")
        outcomes = at_once(
            lambda old=old: lifecycle.reinstate(old, actor=ACTOR, reason="mistake"),
            lambda: enrol(emma, program=sky, actor=ACTOR),
        )
        assert kinds(outcomes) == {"Membership": 1, "AlreadyMember": 1}
        (current,) = Membership.objects.filter(current=True)
        assert Member.objects.filter(current=True).count() == 1
        terminate(current, actor=ACTOR, reason="next round")


def test_suspend_and_terminate_at_once_end_in_one_order_or_the_other():
    membership = enrol(make_customer(), program=make_program("sky"), actor=ACTOR)
    suspended, terminated = at_once(
        lambda: lifecycle.suspend(membership, actor=ACTOR, reason="fraud"),
        lambda: terminate(membership, actor=ACTOR, reason="wish"),
    )
    assert isinstance(terminated, Membership)
    assert isinstance(suspended, (Membership, WrongStatus))
    membership.refresh_from_db()
    assert membership.status == "expired"
    assert membership.version == (3 if isinstance(suspended, Membership) else 2)


def test_a_card_replaced_twice_at_once_has_one_successor():
    enrol(make_customer(), program=make_program("sky"), actor=ACTOR)
    card = Card.objects.get()
    outcomes = at_once(*[lambda: replace_card(card, actor=ACTOR, reason="lost")] * THREADS)
    assert kinds(outcomes) == {"Card": 1, CardStatusConflict.__name__: THREADS - 1}
    assert Card.objects.count() == CardHolding.objects.count() == NumberRegistry.objects.count() == 2
    assert CardHolding.objects.filter(held_until__isnull=True).count() == 1
    assert Card.objects.get(pk=card.pk).status == issuing.CardStatus.REPLACED
