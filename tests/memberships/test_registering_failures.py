"""All or nothing: a failure at any write of a registration loses neither card nor points (domain 1.10)."""

from collections.abc import Callable

import pytest

from memberships import lifecycle
from memberships.models import CardRegistration
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import anonymous, earn, owe, pair, pool_of
from tests.factories import ACTOR, make_customer, make_terms
from tests.memberships.changes.test_failures import STEPS, fails_at_writes, with_points
from tests.memberships.test_registering_waits import PROOF, person
from tests.registering import card_of, found_card, registered, unused_card

pytestmark = pytest.mark.django_db
Verb = Callable[[], object]


def becoming_the_persons(program: Program) -> Verb:
    make_terms(program)
    card = found_card(program, 300)
    earn(card.holdings.get().membership, 10, "status")
    emma = make_customer("Emma Stone")
    return lambda: registered(card, emma, accept_terms=True)


def using_a_card_first(program: Program) -> Verb:
    card, emma = unused_card(program), make_customer("Emma Stone")
    return lambda: registered(card, emma)


def going_into_another(program: Program) -> Verb:
    (anna,) = pair(program, "Anna Bauer")
    found = anonymous(program)
    with_points(anna)
    earn(found, 300, days=10)
    earn(found, 10, "status")
    return lambda: registered(card_of(found), person(anna))


def waiting_for_others(program: Program) -> Verb:
    _, john = pool_of(program, "Katrin Bauer", "John Miller")
    found = anonymous(program)
    owe(found, 40)
    card = card_of(found)
    return lambda: registered(card, person(john), **PROOF)


def becoming_active(program: Program) -> Verb:
    """The membership and the points that wait for it: both or none."""
    (anna,) = pair(program, "Anna Bauer")
    lifecycle.suspend(anna, actor=ACTOR, reason="in doubt")
    registered(found_card(program, 300), person(anna))
    return lambda: lifecycle.reinstate(anna, actor=ACTOR, reason="cleared")


@pytest.mark.parametrize("every", STEPS)
@pytest.mark.parametrize(
    ("case", "status"),
    [
        (becoming_the_persons, "done"),
        (using_a_card_first, "done"),
        (going_into_another, "done"),
        (waiting_for_others, "awaiting_consent"),
        (becoming_active, "done"),
    ],
)
def test_a_failure_at_any_write_leaves_everything_as_before(
    miles: Program, case: Callable[[Program], Verb], status: str, every: int
) -> None:
    assert fails_at_writes(case(miles), every=every) > 8
    assert CardRegistration.objects.get().status == status
    assert_audit_clean()
