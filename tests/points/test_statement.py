"""statement(): the lines of a period and the balances at its ends."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from memberships.models import Membership
from points.statement import Line, Span, Statement, entries_before, statement
from tests.factories import account_of, member_of
from tests.points.world import earned, spent, taken_back

pytestmark = pytest.mark.django_db
START = datetime(2031, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def at(day: int) -> datetime:
    return START + day * DAY


def ten_days(membership: Membership) -> None:
    """100 earned on each of the days 0 to 9, with a qualifying point on day 5."""
    for day in range(10):
        with clock.frozen(at(day)):
            earned(membership, 100, status=int(day == 5))


def read(membership: Membership, since: datetime, until: datetime, **values: int) -> Statement:
    return statement([Span(membership.own_set_id)], since=since, until=until, **values)


def shown(lines: tuple[Line, ...]) -> list[tuple[int, int]]:
    return [(line.amount, line.balance_after) for line in lines]


def test_a_period_is_half_open_and_starts_and_ends_with_its_balances(michael_adams: Membership) -> None:
    ten_days(michael_adams)
    found = read(michael_adams, at(3), at(6))
    assert shown(found.lines) == [(100, 400), (100, 500), (100, 600), (1, 1)]
    miles, status = account_of(michael_adams), account_of(michael_adams, "status")
    assert [(p.account_id, p.opening, p.closing) for p in found.periods] == [(miles.pk, 300, 600), (status.pk, 0, 1)]
    assert found.position is None


def test_each_line_names_its_person_its_times_and_what_it_reverses(michael_adams: Membership) -> None:
    with clock.frozen(at(0)):
        first = earned(michael_adams, 100)
    with clock.frozen(at(1)):
        done = taken_back(first, 30)
    assert done.posted is not None
    line = read(michael_adams, at(1), at(2)).lines[0]
    assert (line.kind, line.amount, line.balance_after, line.reverses) == ("reverse", -30, 70, first.id)
    assert (line.posting_id, line.reason_code, line.person_id) == (done.posted.id, "returned", member_of(michael_adams))
    assert (line.occurred_at, line.recorded_at) == (at(1), at(1))


def test_pages_show_every_line_once_in_order(michael_adams: Membership) -> None:
    ten_days(michael_adams)
    own = [Span(michael_adams.own_set_id)]
    found, pages = read(michael_adams, at(0), at(10), page_size=4), 1
    lines = list(found.lines)
    while found.position is not None:
        found = statement(own, since=at(0), until=at(10), page_size=4, position=found.position)
        lines += found.lines
        pages += 1
    assert pages == 3
    assert [(line.account_id, line.number) for line in lines] == [
        (line.account_id, line.number) for line in read(michael_adams, at(0), at(10), page_size=100).lines
    ]
    assert [line.recorded_at for line in lines] == sorted(line.recorded_at for line in lines)


def test_nothing_happened_before_the_first_entry(michael_adams: Membership, katrin_bauer: Membership) -> None:
    ten_days(michael_adams)
    before = read(michael_adams, at(-5), at(0))
    assert (before.lines, [p.closing for p in before.periods]) == ((), [0, 0])
    assert [(p.opening, p.closing) for p in read(katrin_bauer, at(0), at(9)).periods] == [(0, 0), (0, 0)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 10])
def test_the_ends_of_a_period_are_found_by_halving(michael_adams: Membership, count: int) -> None:
    ten_days(michael_adams)
    assert entries_before(account_of(michael_adams).pk, at(count), count=10) == count


def test_no_query_sums_entries(michael_adams: Membership) -> None:
    ten_days(michael_adams)
    spent(michael_adams, 10)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        read(michael_adams, at(0), at(30000))
    assert queries.captured_queries
    assert not [one["sql"] for one in queries.captured_queries if "sum(" in one["sql"].lower()]
