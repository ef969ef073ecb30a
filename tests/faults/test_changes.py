"""A failure at any write of a merge, a split, an absorption or an undo leaves every row as it was (case 18)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection

from activities.calls import PointsCall
from activities.redeeming import redeem
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.changes.undoing import undo
from memberships.models import Membership, MembershipChange
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import agree, anonymous, earn, group_of, owe, pair, pool_of
from tests.factories import ACTOR, member_of
from tests.rows import all_rows

pytestmark = pytest.mark.django_db

WRITE = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\b")
LOCKING = re.compile(r"FOR (NO KEY )?UPDATE")


class Planted(DatabaseError):
    """The failure of the test."""


class FailAt:
    """Lets so many writes pass and fails at the next one."""

    def __init__(self, passing: int) -> None:
        self.left = passing

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if WRITE.search(LOCKING.sub("", str(sql))):
            if self.left == 0:
                raise Planted
            self.left -= 1
        return execute(sql, params, many, context)


def assert_all_or_nothing(act: Callable[[], object]) -> int:
    """Plant the failure at the first write, the second and so on, until it is carried out; how many there were."""
    before = all_rows()
    for passing in range(1000):
        try:
            with connection.execute_wrapper(FailAt(passing)):
                act()
        except Planted:
            assert all_rows() == before, f"write {passing + 1} left something behind"
            continue
        assert all_rows() != before
        assert_audit_clean(without=["S02"])
        return passing
    raise AssertionError("It never came to an end.")


@pytest.fixture
def rich(miles: Program) -> list[Membership]:
    """Anna with points of both kinds, Ben with points and a debt."""
    anna, ben = pair(miles)
    earn(anna, 300, days=30)
    earn(anna, 5, "status")
    owe(ben, 40)
    earn(ben, 200)
    return [anna, ben]


def agreed(kind: str, prime: Membership, **wishes: Any) -> MembershipChange:
    return agree(propose(Proposal(kind, prime.pk, **wishes), actor=ACTOR))


def test_a_merge_into_a_pool(rich: list[Membership]) -> None:
    anna, ben = rich
    change = agreed("merge", anna, secondary_id=ben.pk, result_type="shared")
    assert assert_all_or_nothing(lambda: carry_out(change, actor=ACTOR)) > 8


def test_a_merge_into_a_group(rich: list[Membership]) -> None:
    anna, ben = rich
    change = agreed("merge", anna, secondary_id=ben.pk, result_type="group", main_id=member_of(ben))
    assert assert_all_or_nothing(lambda: carry_out(change, actor=ACTOR)) > 20


def test_a_split(miles: Program) -> None:
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    earn(katrin, 300)
    earn(john, 201, days=30)
    change = agreed("split", katrin, leaver_id=member_of(john), policy="equal")
    assert assert_all_or_nothing(lambda: carry_out(change, actor=ACTOR)) > 8


def test_a_split_of_a_group(miles: Program) -> None:
    moores = group_of(miles, "Mia Moore", "Max Moore", "Moe Moore")
    earn(moores, 301)
    earn(moores, 31, "status")
    leaver = moores.members.order_by("pk")[1].customer_id
    change = agreed("split", moores, leaver_id=leaver, policy="equal")
    assert assert_all_or_nothing(lambda: carry_out(change, actor=ACTOR)) > 15


def test_an_absorption(miles: Program) -> None:
    (emma,) = pair(miles, "Emma Stone")
    found = anonymous(miles)
    earn(found, 120)
    change = agreed("absorb", emma, secondary_id=found.pk)
    assert assert_all_or_nothing(lambda: carry_out(change, actor=ACTOR)) > 10


def test_an_undo_at_once(rich: list[Membership]) -> None:
    anna, ben = rich
    change = agreed("merge", anna, secondary_id=ben.pk, result_type="group", main_id=member_of(ben))
    carry_out(change, actor=ACTOR)
    assert assert_all_or_nothing(lambda: undo(change, actor=ACTOR, reason="mistake")) > 20


def test_an_undo_that_charges_who_spent(rich: list[Membership]) -> None:
    anna, ben = rich
    change = agreed("merge", anna, secondary_id=ben.pk, result_type="shared")
    carry_out(change, actor=ACTOR)
    redeem(PointsCall(ben.pk, 350), actor=ACTOR)
    new = agree(undo(change, actor=ACTOR, reason="mistake"))
    assert assert_all_or_nothing(lambda: carry_out(new, actor=ACTOR)) > 8
