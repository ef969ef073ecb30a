"""When the points members have now will end: exact figures per day, week and month."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from common import clock
from memberships.models import Membership
from points.expiry import expire_points
from points.forecast import Ending, TypeForecast, forecast
from points.holds import place_hold
from points.models import Lot, PointAccountSet
from points.moves import Credit, NewLot
from programs.design import design_of
from programs.models import PointType, Program
from tests.factories import ACTOR, account_of, make_membership, make_program, member_of
from tests.points.histories import at
from tests.points.world import earned, posting, spent

NOW = (2025, 3, 10, 12)


def lots(membership: Membership, code: str, *lots: tuple[int, datetime | None, datetime | None]) -> None:
    """(points, usable from, usable before) each."""
    person = member_of(membership)
    made = [NewLot(n, clock.now(), start, ends, person, person) for n, start, ends in lots]
    posting(membership, "earn", Credit(account_of(membership, code).pk, made), counts_as_activity=True)


def day(*parts: int) -> datetime:
    """The midnight in Berlin that begins the day, as UTC."""
    with at(*parts) as moment:
        return moment


@pytest.fixture
def program(db: None) -> Program:
    program = make_program("miles", time_zone="Europe/Berlin")
    lively = {"kind": "redeemable", "expiry_policy": "inactivity", "expiry_length": 6}
    PointType.objects.create(program=program, code="lively", name="Lively", **lively)
    return program


@pytest.fixture
def michael(program: Program) -> Membership:
    with at(2025, 1, 5):
        return make_membership(program, "Michael Adams")


def of(program: Program, code: str = "miles") -> TypeForecast:
    (found,) = [one for one in forecast(design_of(program.pk)).types if one.point_type.code == code]
    return found


def test_points_count_on_the_last_day_they_can_be_spent(program: Program, michael: Membership) -> None:
    with at(*NOW):
        # Midnights around the change to summer time on 30 March.
        lots(michael, "miles", (1, None, day(2025, 3, 11)), (2, None, day(2025, 4, 1)), (4, None, day(2025, 4, 2)))
        found = of(program)
    assert found.by_day == {
        date(2025, 3, 10): Ending(dated=1),
        date(2025, 3, 31): Ending(dated=2),
        date(2025, 4, 1): Ending(dated=4),
    }
    assert [(month, end.points) for month, end in found.months() if end] == [
        (date(2025, 3, 1), 3),
        (date(2025, 4, 1), 4),
    ]


def test_the_next_90_days_are_weeks_from_today_that_add_up(program: Program, michael: Membership) -> None:
    with at(*NOW):
        ends = [(2025, 3, 17), (2025, 3, 18), (2025, 6, 8), (2025, 6, 9)]
        lots(michael, "miles", *((10**n, None, day(*end)) for n, end in enumerate(ends)))
        found = of(program)
    weeks = found.weeks()
    assert len(weeks) == 13
    assert (weeks[0][:2], weeks[12][:2]) == (
        (date(2025, 3, 10), date(2025, 3, 16)),
        (date(2025, 6, 2), date(2025, 6, 7)),
    )
    assert [end.points for _, _, end in weeks] == [1, 10, *[0] * 10, 100]
    assert found.next_days().points == 111
    assert found.left().points == 1111


def test_held_points_stand_apart_and_pending_ones_are_named(program: Program, michael: Membership) -> None:
    with at(*NOW):
        lots(michael, "miles", (50, None, day(2025, 5, 1)), (30, day(2025, 4, 1), day(2025, 5, 1)))
        with transaction.atomic():
            design = design_of(program.pk)
            account, own_set = account_of(michael), michael.own_set_id
            place_hold(account, points=20, for_set_id=own_set, person_id=None, design=design, actor=ACTOR)
        found = of(program)
        assert found.by_day == {date(2025, 4, 30): Ending(dated=60, held=20, pending=30)}
        assert found.left().points + found.left().held == found.balance + found.debt == 80
    with at(2025, 3, 10, 14):
        assert of(program).by_day == {date(2025, 4, 30): Ending(dated=80, pending=30)}


def test_points_without_end_and_points_past_their_time(program: Program, michael: Membership) -> None:
    with at(*NOW):
        lots(michael, "miles", (50, None, None), (30, None, day(2025, 3, 10)))
        found = of(program)
        assert (found.never, found.overdue, found.by_day) == (Ending(dated=50), Ending(dated=30), {})
    with at(2025, 3, 14):
        expire_points(program, actor=ACTOR)
        assert (of(program).overdue, of(program).left().points) == (Ending(), 50)


def test_inactivity_ends_at_the_earliest_if_nothing_happens(program: Program, michael: Membership) -> None:
    with at(*NOW):
        lots(michael, "lively", (40, None, None), (5, None, day(2025, 4, 1)))
        found = of(program, "lively")
    # Six months on, through the end of the day.
    assert found.by_day == {date(2025, 9, 10): Ending(if_inactive=40), date(2025, 3, 31): Ending(dated=5)}
    with at(2025, 4, 20, 12):
        lots(michael, "miles", (1, None, None))
        assert of(program, "lively").by_day == {date(2025, 10, 20): Ending(if_inactive=40)}
        assert of(program, "lively").overdue == Ending(dated=5)


def test_the_day_is_the_one_the_run_will_expire_them_after(program: Program, michael: Membership) -> None:
    with at(*NOW):
        lots(michael, "lively", (40, None, None))
        (last,) = of(program, "lively").by_day
    midnight_after = last + timedelta(days=1)
    with at(*midnight_after.timetuple()[:3]) as end:
        grace = program.late_grace
        assert expire_points(program, actor=ACTOR, at=end + grace - timedelta(microseconds=1)) == 0
        assert expire_points(program, actor=ACTOR, at=end + grace) == 1


def test_an_exemption_moves_the_end(program: Program, michael: Membership) -> None:
    with at(*NOW):
        lots(michael, "miles", (50, None, day(2025, 3, 20)), (7, None, None))
        lots(michael, "lively", (9, None, None))
        PointAccountSet.objects.filter(pk=michael.own_set_id).update(exempt_until=day(2026, 1, 1))
        assert of(program).by_day == {date(2025, 12, 31): Ending(dated=50)}
        assert of(program).never == Ending(dated=7)
        assert of(program, "lively").by_day == {date(2025, 12, 31): Ending(if_inactive=9)}


def test_what_is_spent_ends_no_more_and_all_adds_up(program: Program, michael: Membership) -> None:
    with at(*NOW):
        lots(michael, "miles", (50, None, day(2027, 3, 1)), (30, None, day(2025, 5, 1)))
        spent(michael, 45)
        found = of(program)
    assert found.by_day == {date(2027, 2, 28): Ending(dated=35)}
    assert found.later() == Ending()
    assert found.months()[-1] == (date(2027, 2, 1), Ending(dated=35))
    assert found.left().points == found.balance == 35


def test_far_ends_come_later(program: Program, michael: Membership) -> None:
    with at(*NOW):
        lots(michael, "miles", (50, None, day(2027, 3, 2)))
        assert of(program).later() == Ending(dated=50)


def test_another_programs_lots_do_not_show(program: Program, michael: Membership) -> None:
    other = make_membership(make_program("stars"))
    with at(*NOW):
        earned(other, 77, days=5)
        assert of(program).left() == Ending()
        assert of(other.program).left() == Ending(dated=77)
    assert Lot.objects.get().expires_at == datetime(2025, 3, 15, 11, tzinfo=UTC)
