"""Members of a pool wait in one line where rules take points or look at a balance, and nowhere else."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from activities import queueing
from activities.models import ActivityType, MemberActivity, PointFlow
from activities.pool_lines import types_in_line
from activities.queueing import process_waiting
from memberships.models import Membership
from points.models import PointAccount
from programs.design import design_of, forget_designs
from programs.models import Program
from tests.activities.conftest import earned
from tests.activities.ruling import PER_EURO, effects_of, in_force, waiting
from tests.audit.helpers import assert_audit_clean
from tests.changes import pool_of
from tests.factories import ACTOR, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TOLL = {"do": "debit", "points": 40, "if_short": "skip"}


def at(hours: int) -> datetime:
    return NOON + timedelta(hours=hours)


def pooled(one: Membership) -> int:
    return PointAccount.objects.get(account_set=one.pool_id, point_type__code="miles").balance


def waves(program: Program) -> list[int]:
    """How many activities each wave of the queue ended."""
    sizes: list[int] = []

    def heard(counts: Counter[str]) -> None:
        sizes.append(sum(counts.values()))

    process_waiting(program, actor=ACTOR, progress=heard)
    return [size for size in sizes if size]


def tolls(*activities: MemberActivity) -> list[int]:
    return [sum(points for _, _, points in effects_of(one)) for one in activities]


def test_the_earlier_event_takes_from_the_pool_whatever_membership_it_is_of(miles: Program) -> None:
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    earned(katrin, 50)
    in_force(miles, TOLL)
    second, first = waiting(katrin, "5.00", occurred_at=at(2)), waiting(john, "5.00", occurred_at=at(1))
    assert waves(miles) == [1, 1]
    assert tolls(first, second) == [-40, 0]
    assert pooled(katrin) == 10
    assert_audit_clean()


def test_a_condition_on_the_balance_sees_what_the_others_brought(miles: Program) -> None:
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    in_force(miles, PER_EURO, priority=9)
    in_force(miles, {"do": "credit", "points": 1000}, condition="points.miles >= 100")
    one, two = waiting(katrin, "100.00", occurred_at=at(1)), waiting(john, "5.00", occurred_at=at(2))
    process_waiting(miles, actor=ACTOR)
    assert tolls(one, two) == [100, 1005]
    assert_audit_clean()


def test_the_second_event_of_one_member_goes_before_a_later_one_of_another(miles: Program) -> None:
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    earned(katrin, 100)
    in_force(miles, TOLL)
    mine = [waiting(katrin, "5.00", occurred_at=at(hours)) for hours in (1, 2)]
    other = waiting(john, "5.00", occurred_at=at(3))
    assert waves(miles) == [1, 1, 1]
    assert tolls(*mine, other) == [-40, -40, 0]


def test_credits_alone_share_a_wave_and_so_do_the_tolls_of_who_shares_with_nobody(miles: Program) -> None:
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    in_force(miles, PER_EURO)
    for one in (katrin, john):
        waiting(one, "50.00", occurred_at=at(1))
    assert types_in_line(design_of(miles.pk)) == []
    assert waves(miles) == [2]
    assert pooled(katrin) == 100
    other = make_program("sky")
    people = [make_membership(other, name) for name in ("Emma Stone", "Adam Page", "Ben Hill")]
    in_force(other, PER_EURO | {"points": 2}, TOLL)
    for one in people:
        waiting(one, "50.00", occurred_at=at(1))
    assert waves(other) == [3]


def test_every_pool_takes_its_turns_beside_the_others(miles: Program) -> None:
    pools = [pool_of(miles, f"Anna {n}", f"Ben {n}") for n in range(3)]
    in_force(miles, TOLL)
    for anna, ben in pools:
        earned(anna, 50)
        for one in (anna, ben):
            waiting(one, "5.00", occurred_at=at(1))
    alone = make_membership(miles, "Emma Stone")
    waiting(alone, "5.00", occurred_at=at(1))
    assert waves(miles) == [4, 3]
    assert [pooled(anna) for anna, _ in pools] == [10, 10, 10]


def test_what_asks_for_no_points_passes_only_what_comes_after_it(miles: Program) -> None:
    """A visit gives points; a purchase takes them."""
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    visit = ActivityType.objects.create(program=miles, code="visit", name="Visit", flow=PointFlow.NONE)
    in_force(miles, {"do": "credit", "points": 50}, types=("visit",))
    in_force(miles, TOLL)
    forget_designs()
    before = waiting(john, "1.00", occurred_at=at(1), type=visit)
    taken = waiting(katrin, "5.00", occurred_at=at(2))
    after = waiting(john, "1.00", occurred_at=at(3), type=visit)
    late = waiting(katrin, "5.00", occurred_at=at(4))
    process_waiting(miles, actor=ACTOR)
    assert tolls(before, taken, after, late) == [50, -40, 50, -40]
    assert pooled(katrin) == 20


def test_a_rule_of_another_time_keeps_them_in_line_too(miles: Program) -> None:
    """Which version will judge an event is not asked before its turn."""
    katrin, _ = pool_of(miles, "Katrin Bauer", "John Miller")
    in_force(miles, TOLL, until=at(-100))
    assert types_in_line(design_of(miles.pk, fresh=True)) == [waiting(katrin, "5.00", occurred_at=at(1)).type_id]


@pytest.mark.django_db(transaction=True)
def test_workers_beside_each_other_keep_the_line() -> None:
    program = make_program("miles")
    members = pool_of(program, *(f"Member {n}" for n in range(5)))
    earned(members[0], 400)
    in_force(program, TOLL)
    stream = [waiting(members[n * 3 % 5], "5.00", occurred_at=at(n)) for n in range(15)]
    results = together(*[lambda: process_waiting(program, actor=ACTOR)] * 3)
    assert errors_in(results) == []
    assert sum(sum(one.values()) for one in results) == 15
    assert tolls(*stream) == [-40] * 10 + [0] * 5
    assert pooled(members[0]) == 0
    assert_audit_clean()


def test_control_without_the_line_both_are_judged_by_what_was_there_before(
    miles: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    in_force(miles, PER_EURO, priority=9)
    in_force(miles, {"do": "credit", "points": 1000}, condition="points.miles >= 100")
    both = waiting(katrin, "100.00", occurred_at=at(1)), waiting(john, "5.00", occurred_at=at(2))
    monkeypatch.setattr(queueing, "in_turn", lambda wave, memberships, design: (list(wave), set()))
    process_waiting(miles, actor=ACTOR)
    assert tolls(*both) == [100, 5]
