"""A split beside transfers of those who share the pool; with its control."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from activities import transfer_online
from activities.statements import plain
from activities.transferring import TransferCall, transfer_points
from common.pipeline import Bound
from loyalty_site.auditing import audit
from memberships.models import Membership
from points.sql import IS_LOCKED
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, pool_of
from tests.concurrency.changing import SPLIT, agreed, fill, slowly, total
from tests.factories import ACTOR, make_membership, make_program, member_of
from tests.statements import without
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS, TIMES, LOTS = 9, 4, 40


@pytest.fixture
def people(transactional_db: None) -> tuple[list[Membership], Membership]:
    return people_in("miles")


def people_in(code: str) -> tuple[list[Membership], Membership]:
    """Three who share a pool with a hundred and twenty lots, and somebody outside it with forty."""
    program = make_program(code)
    sharing, other = pool_of(program, "Katrin", "John", "Emma"), make_membership(program, "Other")
    for one in (*sharing, other):
        fill(one, LOTS)
    return sharing, other


def race(people: tuple[list[Membership], Membership]) -> list[Any]:
    """John leaves with what he brought while he and Katrin give points away and get some."""
    (katrin, john, _), other = people
    change = agreed(SPLIT, john, leaver_id=member_of(john), policy="by_contribution")

    def give(giver: Membership, taker: Membership, points: int, *, late: bool) -> Callable[[], Any]:
        call = TransferCall(giver.pk, taker.pk, points)

        def run() -> list[Any]:
            time.sleep(0.25 if late else 0)
            return [transfer_points(call, actor=ACTOR) for _ in range(TIMES)]

        return run

    ways = [(john, other, 2), (katrin, other, 2), (other, john, 1)]
    return together(slowly(change), *[give(*ways[n % 3], late=n >= 3) for n in range(THREADS)])


def test_points_given_while_one_leaves_go_from_where_they_are_by_then(
    people: tuple[list[Membership], Membership],
) -> None:
    assert errors_in(race(people)) == []
    assert total() == 4 * 3 * LOTS
    (katrin, john, _), other = people
    john.refresh_from_db()
    assert john.pool_id is None
    got = TIMES * THREADS // 3
    assert account_in_use(other).balance == 3 * LOTS + 2 * 2 * got - got
    assert account_in_use(katrin).balance + account_in_use(john).balance == 3 * 3 * LOTS - 3 * got
    assert_audit_clean()


@pytest.mark.deep
@pytest.mark.control
def test_control_with_nothing_locked_the_wrong_lots_are_given(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the membership while it is read, nor the account it leads to by then. It goes wrong soon, not at once."""
    pause = plain("SELECT pg_sleep(0.2)").bind({})

    def send(queries: list[Bound], parameters: Any) -> Any:
        lock, move = queries
        return sent([lock, pause, move], parameters)

    sent = transfer_online.send
    monkeypatch.setattr(transfer_online, "send", send)
    for name in ("LOCK_GIVER_FIRST", "LOCK_TAKER_FIRST"):
        careless = without(getattr(transfer_online, name), " FOR SHARE OF m")
        monkeypatch.setattr(transfer_online, name, careless)
    monkeypatch.setattr(transfer_online, "MOVE", without(transfer_online.MOVE, f" AND {IS_LOCKED}"))
    assert any(errors_in(race(people_in(f"miles{n}"))) or list(audit()) for n in range(8))
