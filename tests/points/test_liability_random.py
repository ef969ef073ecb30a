"""Random histories reconcile: what the report says is what plain Python adds up, kept or not."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import clock
from memberships.models import Membership
from points.keeping import keep_days
from points.liability import liability
from points.liability_entries import entries_of
from points.liability_lines import BY_CODE, COLUMNS
from points.models import DayFigure, PointAccount
from points.moves import Carry, Credit, Debit
from programs.design import design_of
from tests.audit.helpers import assert_audit_clean
from tests.factories import account_of, make_membership, make_program, member_of
from tests.points.world import lot, posting

START = datetime(2025, 1, 20, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland", "UTC", "America/Santiago")
CREDITS = {"earn": "earned", "opening": "taken_over", "adjust": "adjusted_by_hand", "convert": "converted"}
DEBITS = {
    "redeem": "redeemed",
    "capture": "redeemed",
    "expire": "expired",
    "adjust": "adjusted_by_hand",
    "convert": "converted",
}
MOVES = {"transfer": "transferred", "donate": "transferred", "merge": "changed", "split": "changed"}
# (what, kind, points, hours after the one before); what keeps the days takes no points.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("credit"), st.sampled_from(sorted(CREDITS)), st.integers(1, 90), st.integers(0, 500)),
        st.tuples(st.just("debit"), st.sampled_from(sorted(DEBITS)), st.integers(1, 90), st.integers(0, 500)),
        st.tuples(st.just("move"), st.sampled_from(sorted(MOVES)), st.integers(1, 90), st.integers(0, 500)),
        st.tuples(st.just("keep"), st.just(""), st.just(0), st.integers(0, 900)),
    ),
    min_size=1,
    max_size=25,
)
_codes = count(1)


def take(what: str, kind: str, points: int, sender: Membership, receiver: Membership) -> str:
    """Post it; the line it belongs to. A debit starts with a credit of as much."""
    account = account_of(sender)
    if what == "credit":
        posting(sender, kind, Credit(account.pk, [lot(sender, points)]), reason_code="any")
        return CREDITS[kind]
    if what == "debit":
        posting(sender, kind, Debit(account.pk, points, debt=points), reason_code="any")
        return DEBITS[kind]
    carry = Carry(account.pk, account_of(receiver).pk, points, contributor_id=member_of(receiver))
    posting(sender, kind, carry, reason_code="any")
    return MOVES[kind]


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, zone=st.sampled_from(ZONES))
def test_what_is_reported_is_what_was_posted(steps: list[tuple[str, str, int, int]], zone: str) -> None:
    program = make_program(f"p{next(_codes)}", time_zone=zone)
    with clock.frozen(START):
        sender, receiver = make_membership(program), make_membership(program, "Katrin Bauer")
        # Enough to give away.
        posting(sender, "earn", Credit(account_of(sender).pk, [lot(sender, 10_000)]))
    expected: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    note(expected, START, zone, "earned", 10_000, 0, 1)
    moment = START
    for what, kind, points, hours in steps:
        moment += timedelta(hours=hours)
        with clock.frozen(moment):
            if what == "keep":
                keep_days(program)
                continue
            line = take(what, kind, points, sender, receiver)
        credited, debited = points * (what != "debit"), points * (what != "credit")
        note(expected, moment, zone, line, credited, debited, 2 if what == "move" else 1)
    assert_reported(program.pk, expected)


def note(expected: Any, moment: datetime, zone: str, line: str, *figures: int) -> None:
    month = moment.astimezone(ZoneInfo(zone)).date().replace(day=1)
    expected[month, line] = [one + more for one, more in zip(expected[month, line], figures, strict=True)]


def assert_reported(program_id: int, expected: Any) -> None:
    design = design_of(program_id)
    report = liability(design, month=date(2026, 12, 1), months=24)
    miles = [row for row in report.rows if row.point_type.code == "miles"]
    told = {
        (row.month, line): [figure.credited, figure.debited, figure.entries]
        for row in miles
        for line, figure in row.lines.items()
    }
    assert told == expected
    before = 0
    for row in miles:
        earned, redeemed, expired, adjusted = (row.column(name) for name in COLUMNS)
        assert row.opening == before
        assert row.closing == row.opening + earned - redeemed - expired + adjusted
        before = row.closing
    balances = PointAccount.objects.filter(program_id=program_id).values_list("balance", flat=True)
    assert before == sum(balances)
    for (month, line), (credited, debited, entries) in told.items():
        found = entries_of(
            design, month=month, point_type=design.point_type("miles"), line=BY_CODE[line], page_size=200
        )
        assert len(found.entries) == entries
        assert sum(one.amount for one in found.entries) == credited - debited
    assert_audit_clean(only=["L01", "L15", "L16"])
    assert DayFigure.objects.filter(program_id=program_id, entries__lte=0).count() == 0
