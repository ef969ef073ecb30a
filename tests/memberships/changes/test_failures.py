"""All or nothing: a failure at any write of carrying a change out or undoing it leaves everything as before (1.9)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from activities.calls import PointsCall
from activities.redeeming import redeem
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.changes.undoing import undo
from memberships.models import Membership
from points import holds
from programs.design import design_of
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, agree, anonymous, earn, group_of, one_person, owe, pair, people_of, pool_of
from tests.factories import ACTOR, account_of, member_of
from tests.rows import all_rows

pytestmark = pytest.mark.django_db

WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")


class PlantedFailure(Exception):
    """As if the server went away in the middle."""


@contextmanager
def failing_at(write: int) -> Iterator[list[str]]:
    """The write of that number does not come through; gives the writes there were."""
    seen: list[str] = []

    def execute(go: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if str(sql).lstrip().upper().startswith(WRITES):
            seen.append(str(sql)[:60])
            if len(seen) == write:
                raise PlantedFailure(seen[-1])
        return go(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield seen


# A whole change for each write takes a minute in all: the ordinary run tries every twelfth.
STEPS = (12, pytest.param(1, marks=pytest.mark.deep))


def fails_at_writes(verb: Callable[[], object], *, every: int) -> int:
    """How many writes the verb takes; it is tried with a failure at every so manyth and the last, then goes through."""
    before = all_rows()
    with transaction.atomic(), failing_at(0) as writes:
        verb()
        transaction.set_rollback(True)
    for write in {*range(1, len(writes) + 1, every), len(writes)}:
        with failing_at(write), pytest.raises(PlantedFailure):
            verb()
    assert all_rows() == before, "a failure left something"
    verb()
    assert all_rows() != before
    return len(writes)


def with_points(*memberships: Membership) -> None:
    """Points of both kinds, some of them held."""
    for number, one in enumerate(memberships, start=1):
        earn(one, 100 * number, days=10 * number)
        earn(one, 10, "status")
    first = memberships[0]
    holds.place_hold(
        account_in_use(first),
        points=5,
        for_set_id=first.own_set_id,
        person_id=people_of(first)[0],
        design=design_of(first.program_id),
        actor=ACTOR,
    )


def into_a_pool(program: Program) -> Proposal:
    anna, ben = pair(program)
    with_points(anna)
    owe(ben, 20)
    return Proposal("merge", anna.pk, secondary_id=ben.pk, result_type="shared")


def into_a_group(program: Program) -> Proposal:
    anna, ben = pair(program)
    with_points(anna, ben)
    return Proposal("merge", anna.pk, secondary_id=ben.pk, result_type="group", main_id=member_of(ben))


def one_person_twice(program: Program) -> Proposal:
    anna, again = pair(program, "Anna Bauer", "Anna Bower")
    with_points(anna, again)
    one_person(anna, again)
    return Proposal("merge", anna.pk, secondary_id=again.pk, result_type="standard")


def absorption(program: Program) -> Proposal:
    (anna,) = pair(program, "Anna Bauer")
    found = anonymous(program)
    earn(found, 30)
    return Proposal("absorb", anna.pk, secondary_id=found.pk)


def out_of_a_pool(program: Program) -> Proposal:
    katrin, john = pool_of(program, "Katrin Bauer", "John Miller")
    with_points(katrin, john)
    return Proposal("split", katrin.pk, leaver_id=member_of(john), policy="equal")


def out_of_a_group(program: Program) -> Proposal:
    group = group_of(program, "Mia Moore", "Max Moore", "Moe Moore")
    with_points(group)
    mia, max_moore, _ = people_of(group)
    return Proposal("split", group.pk, leaver_id=mia, main_id=max_moore, policy="equal")


def pool_to_group(program: Program) -> Proposal:
    katrin, john = pool_of(program, "Katrin Bauer", "John Miller")
    with_points(katrin, john)
    return Proposal("merge", katrin.pk, result_type="group", main_id=member_of(john))


def group_to_pool(program: Program) -> Proposal:
    group = group_of(program, "Mia Moore", "Max Moore")
    with_points(group)
    return Proposal("merge", group.pk, result_type="shared", policy="equal")


# Of one person twice the other record is merged too, which no undoing of memberships brings back.
UNDOABLE = (into_a_pool, into_a_group, absorption, out_of_a_pool, out_of_a_group, pool_to_group, group_to_pool)


@pytest.mark.parametrize("every", STEPS)
@pytest.mark.parametrize("proposal", [*UNDOABLE, one_person_twice])
def test_a_failure_at_any_write_leaves_everything_as_before(
    miles: Program, proposal: Callable[[Program], Proposal], every: int
) -> None:
    """Case 18, for carrying out and for undoing."""
    change = agree(propose(proposal(miles), actor=ACTOR))
    assert fails_at_writes(lambda: carry_out(change, actor=ACTOR), every=every) > 8
    change.refresh_from_db()
    assert change.status == "carried_out"
    if proposal in UNDOABLE:
        assert fails_at_writes(lambda: undo(change, actor=ACTOR, reason="mistake"), every=every) > 8
        change.refresh_from_db()
        assert change.status == "undone"
    assert_audit_clean()


@pytest.mark.parametrize("every", STEPS)
def test_a_failure_while_spending_since_is_charged_leaves_everything_as_before(miles: Program, every: int) -> None:
    """The undoing that everyone consented to, with debts, holds and lots that were drawn meanwhile."""
    anna, ben = pair(miles)
    with_points(anna, ben)
    change = carry_out(
        agree(propose(Proposal("merge", anna.pk, secondary_id=ben.pk, result_type="shared"), actor=ACTOR)), actor=ACTOR
    )
    redeem(PointsCall(ben.pk, 290), actor=ACTOR)
    undoing = agree(undo(change, actor=ACTOR, reason="mistake"))
    assert fails_at_writes(lambda: carry_out(undoing, actor=ACTOR), every=every) > 8
    assert (account_of(ben).balance, account_of(ben).debt) == (-90, 90)
    assert_audit_clean()


def test_what_two_transactions_leave_behind_is_noticed(michael_adams: Membership) -> None:
    """The control: the first earning stays where the second fails."""
    with pytest.raises(AssertionError, match="left something"):
        fails_at_writes(lambda: [earn(michael_adams, points) for points in (5, 6)], every=1)
