"""What a program owes, month by month: exact figures on a hand-made history with every kind of posting."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from common import clock
from memberships.models import Membership
from points.keeping import keep_days
from points.liability import bounds, liability
from points.liability_entries import entries_of
from points.liability_lines import BY_CODE, COLUMNS, LINES
from points.models import DayFigure, Entry, KeptDays, PointAccount, PostingKind
from programs.design import design_of
from programs.models import PointType, Program
from tests.factories import make_membership, make_program
from tests.points.histories import BERLIN, at, coins_in, every_kind, row_of
from tests.points.world import earned, spent

MARCH = date(2025, 3, 1)
# credited, debited, entries of the miles in March.
LINES_OF_MARCH = {
    "earned": (540, 0, 2),
    "redeemed": (0, 260, 2),
    "expired": (0, 33, 1),
    "adjusted_by_hand": (25, 5, 2),
    "earning_reversed": (0, 160, 2),
    "spending_reversed": (50, 0, 1),
    "other_reversed": (0, 25, 1),
    "converted": (0, 100, 1),
    "taken_over": (300, 0, 1),
    "transferred": (81, 81, 4),
    "changed": (6, 6, 6),
}


@pytest.fixture
def program(db: None) -> Program:
    program = make_program("miles", time_zone="Europe/Berlin")
    coins_in(program)
    return program


@pytest.fixture
def people(program: Program) -> tuple[Membership, Membership]:
    with at(2025, 1, 5):
        return make_membership(program, "Michael Adams"), make_membership(program, "Katrin Bauer")


@pytest.fixture(params=["from the ledger", "from kept figures", "from both"])
def history(request: pytest.FixtureRequest, program: Program, people: tuple[Membership, Membership]) -> Program:
    """The same history, read with and without kept days."""
    every_kind(*people)
    if request.param == "from kept figures":
        assert keep_days(program) > 300
    if request.param == "from both":
        with at(2025, 3, 12, 2):
            keep_days(program)
        assert KeptDays.objects.get().through == date(2025, 3, 11)
    return program


def test_every_kind_of_posting_has_exactly_one_line() -> None:
    for kind in PostingKind.values:
        reversible = ("earn", "redeem", "capture", "transfer", "donate", "convert", "adjust")
        for reverses in reversible if kind == "reverse" else ("",):
            assert sum(line.takes(kind, reverses) for line in LINES) == 1, (kind, reverses)


def test_every_line_of_a_month_is_the_sum_of_its_entries(history: Program) -> None:
    row = row_of(liability(design_of(history.pk), month=MARCH))
    shown = {line.code: row.line(line) for line in LINES}
    assert {code: (one.credited, one.debited, one.entries) for code, one in shown.items()} == LINES_OF_MARCH


def test_the_row_adds_up(history: Program) -> None:
    row = row_of(liability(design_of(history.pk), month=MARCH))
    columns = {name: row.column(name) for name in COLUMNS}
    assert columns == {"earned": 540, "redeemed": 260, "expired": 33, "adjusted": 85}
    assert (row.opening, row.closing) == (1000, 1000 + 540 - 260 - 33 + 85)
    coins = row_of(liability(design_of(history.pk), month=MARCH), "coins")
    assert (coins.opening, coins.column("adjusted"), coins.closing) == (0, 10, 10)
    assert row_of(liability(design_of(history.pk), month=MARCH), "status").closing == 0


def test_a_month_opens_with_what_the_one_before_closed_with(history: Program) -> None:
    several = liability(design_of(history.pk), month=date(2025, 5, 1), months=6)
    miles = [row for row in several.rows if row.point_type.code == "miles"]
    assert [(row.month.month, row.opening, row.closing) for row in miles] == [
        (12, 0, 0),
        (1, 0, 0),
        (2, 0, 1000),
        (3, 1000, 1332),
        (4, 1332, 1339),
        (5, 1339, 1339),
    ]
    for row in miles:
        alone = row_of(liability(design_of(history.pk), month=row.month))
        assert (alone.opening, alone.lines, alone.closing) == (row.opening, row.lines, row.closing)


def test_the_last_closing_is_the_sum_of_all_balances(history: Program) -> None:
    now = liability(design_of(history.pk), month=clock.now().date().replace(day=1))
    balances = dict(PointAccount.objects.values_list("point_type__code").annotate(Sum("balance")))
    assert (
        {row.point_type.code: row.closing for row in now.rows} == balances == {"miles": 1339, "coins": 10, "status": 0}
    )


def test_every_figure_opens_its_entries(history: Program) -> None:
    design = design_of(history.pk)
    miles = design.point_type("miles")
    seen: list[int] = []
    for code, (credited, debited, count) in LINES_OF_MARCH.items():
        found = entries_of(design, month=MARCH, point_type=miles, line=BY_CODE[code]).entries
        amounts = [one.amount for one in found]
        assert len(found) == count, code
        assert sum(one for one in amounts if one > 0) == credited, code
        assert -sum(one for one in amounts if one < 0) == debited, code
        seen += [one.id for one in found]
    start, end = bounds(MARCH, design)
    recorded = Entry.objects.filter(posting__recorded_at__gte=start, posting__recorded_at__lt=end)
    assert sorted(seen) == sorted(recorded.filter(account__point_type=miles).values_list("pk", flat=True))


def test_entries_come_page_by_page_without_gap_or_repetition(history: Program) -> None:
    design = design_of(history.pk)
    asked = {"month": MARCH, "point_type": design.point_type("miles"), "line": BY_CODE["changed"]}
    (whole,) = [entries_of(design, **asked).entries]
    for page_size in (1, 2, 4, 6):
        page = entries_of(design, page_size=page_size, **asked)
        read = list(page.entries)
        while page.following:
            page = entries_of(design, page_size=page_size, after=page.following, **asked)
            assert page.entries
            read += page.entries
        assert read == list(whole)


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        # Summer time in Berlin: midnight is 22:00 UTC; winter time: 23:00 UTC.
        (datetime(2025, 3, 31, 21, 59, 59, 999999, tzinfo=UTC), date(2025, 3, 1)),
        (datetime(2025, 3, 31, 22, 0, tzinfo=UTC), date(2025, 4, 1)),
        (datetime(2025, 10, 31, 22, 59, 59, 999999, tzinfo=UTC), date(2025, 10, 1)),
        (datetime(2025, 10, 31, 23, 0, tzinfo=UTC), date(2025, 11, 1)),
    ],
)
@pytest.mark.parametrize("kept", [False, True])
def test_months_begin_at_midnight_of_the_programs_zone(
    moment: datetime, month: date, kept: bool, program: Program, people: tuple[Membership, Membership]
) -> None:
    with clock.frozen(moment):
        earned(people[0], 9)
    if kept:
        keep_days(program)
    report = liability(design_of(program.pk), month=date(2025, 12, 1), months=12)
    assert {row.month for row in report.rows if row.column("earned")} == {month}


def test_the_month_goes_by_the_time_of_recording(program: Program, people: tuple[Membership, Membership]) -> None:
    with at(2025, 4, 1, 0, 30):
        earned(people[0], 9)
        Entry.objects.get()
    report = liability(design_of(program.pk), month=date(2025, 4, 1))
    assert row_of(report).column("earned") == 9


def test_values_are_exact_and_a_change_of_worth_revalues_the_opening(
    program: Program, people: tuple[Membership, Membership]
) -> None:
    miles = PointType.objects.get(program=program, code="miles")
    for moment, worth in (((2025, 1, 1), "0.005"), ((2025, 3, 15), "0.0075")):
        miles.money_value = Decimal(worth)
        miles._history_date = datetime(*moment, tzinfo=BERLIN)
        miles.save()
    with at(2025, 2, 3):
        earned(people[0], 1001)
    with at(2025, 3, 2):
        spent(people[0], 501)
    february, march = (
        row_of(liability(design_of(program.pk, fresh=True), month=month)) for month in (date(2025, 2, 1), MARCH)
    )
    assert february.value(february.closing) == Decimal("5.005") == march.opening_value
    assert march.revaluation == Decimal("2.5025")
    assert march.opening_value + march.revaluation - march.value(501) == march.value(500) == Decimal("3.75")


def test_only_days_that_are_over_are_kept_and_repeating_adds_nothing(
    program: Program, people: tuple[Membership, Membership]
) -> None:
    every_kind(*people)
    with at(2025, 3, 4, 0, 59):
        assert keep_days(program) == 21
    assert KeptDays.objects.get().through == date(2025, 3, 2)
    with at(2025, 3, 4, 1, 0):
        assert (keep_days(program), keep_days(program)) == (1, 0)
    assert set(DayFigure.objects.values_list("day", flat=True)) == {date(2025, 2, 10), date(2025, 3, 3)}


def test_kept_again_they_are_the_same(program: Program, people: tuple[Membership, Membership]) -> None:
    every_kind(*people)
    keep_days(program)
    columns = ("point_type", "day", "kind", "reverses", "credited", "debited", "entries")
    before = sorted(DayFigure.objects.values_list(*columns))
    DayFigure.objects.filter(kind="earn").delete()
    keep_days(program, again=True)
    assert sorted(DayFigure.objects.values_list(*columns)) == before


def test_a_changed_zone_makes_the_days_anew(program: Program, people: tuple[Membership, Membership]) -> None:
    with at(2025, 3, 31, 23, 30):
        earned(people[0], 9)
    keep_days(program)
    program.time_zone = "Asia/Tokyo"
    program.save()
    report = liability(design_of(program.pk, fresh=True), month=date(2025, 4, 1))
    assert (report.kept_through, row_of(report).column("earned")) == (None, 9)
    keep_days(program)
    report = liability(design_of(program.pk), month=date(2025, 4, 1))
    assert report.kept_through is not None
    assert row_of(report).column("earned") == 9
    assert DayFigure.objects.get().day == date(2025, 4, 1)


def test_a_sandbox_keeps_nothing_and_reports_by_its_own_clock(db: None) -> None:
    program = make_program("lab", is_sandbox=True, clock_offset=timedelta(days=40))
    membership = make_membership(program)
    with at(2025, 1, 31, 12, zone=UTC):
        earned(membership, 9)
        assert keep_days(program) == 0
        report = liability(design_of(program.pk), month=date(2025, 3, 1))
    assert row_of(report).column("earned") == 9
    assert not KeptDays.objects.exists()


def test_another_programs_postings_do_not_show(program: Program, people: tuple[Membership, Membership]) -> None:
    other = make_membership(make_program("stars", time_zone="Europe/Berlin"))
    with at(2025, 3, 3):
        earned(other, 77)
        earned(people[0], 5)
    keep_days(program)
    assert row_of(liability(design_of(program.pk), month=MARCH)).column("earned") == 5
    assert row_of(liability(design_of(other.program_id), month=MARCH)).column("earned") == 77
    assert set(DayFigure.objects.values_list("program", flat=True)) == {program.pk}
