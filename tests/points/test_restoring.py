"""What each side has after an undo: as if it had stayed apart (domain 1.9)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.calls import PointsCall
from activities.redeeming import redeem
from common import clock
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.changes.undoing import undo
from memberships.models import Membership, MembershipChange
from points.apart import Books, Came, Event, Owed, RanOut, Returned, Spent, Stock
from points.errors import InsufficientPoints
from points.expiry import expire_points
from points.models import Entry, Lot, PointAccount
from tests.audit.helpers import assert_audit_clean
from tests.changes import agree, earn, owe, pair
from tests.factories import ACTOR, account_of, make_program, member_of

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
ANNA, BEN = 1, 2
_codes = count(1)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def stock(side: int, lot_id: int, points: int, until: float | None = None, *, pending: float | None = None) -> Stock:
    expires_at = None if until is None else day(until)
    return Stock(side, lot_id, points, START, expires_at, None if pending is None else day(pending))


def kept(*events: Event, brought: tuple[Stock | Owed, ...], owes: bool = True) -> tuple[dict[int, int], dict[int, int]]:
    """(left per lot, owed per side) after the events."""
    books = Books(owes=owes)
    for one in brought:
        if isinstance(one, Stock):
            books.bring(one)
        else:
            books.debts.append(one)
    books.replay(events)
    owed: dict[int, int] = {}
    for debt in books.owed():
        owed[debt.side] = owed.get(debt.side, 0) + debt.points
    return {one.lot_id: one.points for one in books.left()}, owed


class TestBooksKeptApart:
    def test_spending_takes_the_own_lots_nearest_expiry_first(self) -> None:
        brought = (stock(ANNA, 1, 100), stock(ANNA, 2, 50, 30), stock(BEN, 3, 70, 5))
        left, owed = kept(Spent(ANNA, 10, ANNA, 80, day(1)), brought=brought)
        assert (left, owed) == ({1: 70, 3: 70}, {})

    def test_what_the_own_lots_do_not_cover_is_owed(self) -> None:
        left, owed = kept(Spent(ANNA, 10, ANNA, 100, day(1)), brought=(stock(BEN, 1, 300),))
        assert (left, owed) == ({1: 300}, {ANNA: 100})

    def test_pending_lots_and_lots_past_their_time_are_not_spent(self) -> None:
        brought = (stock(ANNA, 1, 100, 0.5), stock(ANNA, 2, 100, pending=9))
        left, owed = kept(Spent(ANNA, 10, ANNA, 30, day(1)), brought=brought)
        assert (left, owed) == ({1: 100, 2: 100}, {ANNA: 30})

    def test_what_comes_in_repays_the_own_debts_the_persons_first_and_no_other_sides(self) -> None:
        brought = (Owed(ANNA, 7, 20), Owed(ANNA, 8, 20), Owed(BEN, 9, 20))
        left, owed = kept(Came(stock(ANNA, 1, 30), 8), brought=brought)
        assert (left, owed) == ({}, {ANNA: 10, BEN: 20})

    def test_what_was_spent_before_it_ran_out_does_not_run_out_again(self) -> None:
        """The ledger drew Anna's lot for Ben, so Ben's ran out; by the books Anna's would have."""
        brought = (stock(ANNA, 1, 100, 5), stock(BEN, 2, 100, 6))
        events = (Spent(BEN, 10, BEN, 100, day(1)), RanOut(2, 100, day(7)))
        assert kept(*events, brought=brought) == ({}, {})

    def test_what_ran_out_leaves_its_own_lot_first(self) -> None:
        brought = (stock(ANNA, 1, 100, 5), stock(BEN, 2, 100, 5))
        assert kept(RanOut(2, 100, day(6)), brought=brought) == ({1: 100}, {})

    def test_spending_that_came_back_settles_its_debt_then_refills_its_lots(self) -> None:
        brought = (stock(ANNA, 1, 60), stock(BEN, 2, 300))
        spent = Spent(ANNA, 10, ANNA, 100, day(1))
        assert kept(spent, Returned(10, ANNA, 30, ((2, 30),), day(2)), brought=brought) == ({2: 300}, {ANNA: 10})
        brought = (stock(ANNA, 1, 60), stock(BEN, 2, 300))
        assert kept(spent, Returned(10, ANNA, 90, ((2, 90),), day(2)), brought=brought) == ({1: 50, 2: 300}, {})

    def test_spending_of_before_comes_back_to_its_lot(self) -> None:
        assert kept(Returned(5, ANNA, 30, ((1, 30),), day(2)), brought=(stock(ANNA, 1, 10),)) == ({1: 40}, {})

    def test_a_captured_lot_is_taken_by_name_where_it_is_ones_own(self) -> None:
        brought = (stock(ANNA, 1, 100, 3), stock(ANNA, 2, 100))
        event = Spent(ANNA, 10, ANNA, 40, day(4), frozenset({1}))
        assert kept(event, brought=brought) == ({1: 60, 2: 100}, {})

    def test_nobody_owes_qualifying_points(self) -> None:
        left, owed = kept(Spent(ANNA, 10, ANNA, 30, day(1)), brought=(stock(BEN, 1, 100),), owes=False)
        assert (left, owed) == ({1: 70}, {})


def merged(anna: Membership, ben: Membership, result: str) -> MembershipChange:
    wishes = {"main_id": member_of(anna)} if result == "group" else {}
    proposal = Proposal("merge", anna.pk, ben.pk, result_type=result, **wishes)
    return carry_out(agree(propose(proposal, actor=ACTOR)), actor=ACTOR)


@dataclass
class Apart:
    """One side that never met the other: lots (points, ends), spent in order; more than it has is owed."""

    lots: list[list[float]] = field(default_factory=list)
    debt: int = 0

    def earn(self, points: int, until: float) -> None:
        repaid = min(points, self.debt)
        self.debt -= repaid
        self.lots.append([points - repaid, until])

    def spend(self, points: int, at: float) -> None:
        for lot in sorted(self.lots, key=lambda one: one[1]):
            part = min(lot[0], points) if lot[1] > at else 0
            lot[0] -= part
            points -= int(part)
        self.debt += points

    def left(self, at: float) -> int:
        """What has not run out, the late grace of three days included."""
        return int(sum(points for points, until in self.lots if until > at - 3))


# (who, what, points, days the points live, days later); what runs out needs neither person nor points.
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1]),
        st.sampled_from(["earn", "earn", "spend", "spend", "expire"]),
        st.integers(1, 60),
        st.integers(1, 25),
        st.integers(0, 2),
    ),
    max_size=14,
)
BROUGHT = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 25)), max_size=4)


Story = list[tuple[int, str, int, int, int]]
Lots = list[tuple[int, int]]


@pytest.mark.django_db
@pytest.mark.parametrize("examples", [6, pytest.param(60, marks=pytest.mark.deep)])
def test_after_an_undo_each_side_is_as_if_it_had_stayed_apart(examples: int) -> None:
    """Whatever both earned, spent and let run out while they were united; the undo itself makes and loses nothing."""
    tell = given(
        brought=st.tuples(BROUGHT, BROUGHT),
        debts=st.tuples(st.integers(0, 30), st.integers(0, 30)),
        steps=STEPS,
        result=st.sampled_from(["shared", "group"]),
    )(_united_and_undone)
    settings(max_examples=examples, deadline=None)(tell)()


def _united_and_undone(brought: tuple[Lots, Lots], debts: tuple[int, int], steps: Story, result: str) -> None:
    with transaction.atomic():
        with clock.frozen(START):
            program = make_program(f"r{next(_codes)}")
            sides, apart = pair(program), [Apart(), Apart()]
            for side, own, debt, lots in zip(sides, apart, debts, brought, strict=True):
                _bring(side, own, debt, lots)
            change = merged(sides[0], sides[1], result)
        at = 0.0
        for who, what, points, lives, later in steps:
            # Never at the very moment a lot ends.
            at += later + 0.01
            with clock.frozen(day(at)):
                _step(sides[who], apart[who], what, points, lives, at)
        at += 0.01
        with clock.frozen(day(at)):
            _undo(change, sides, apart, at)
        transaction.set_rollback(True)


def _bring(side: Membership, own: Apart, debt: int, lots: Lots) -> None:
    if debt:
        owe(side, debt)
        own.debt = debt
    for points, days in lots:
        earn(side, points, days=days)
        own.earn(points, days)


def _step(side: Membership, own: Apart, what: str, points: int, lives: int, at: float) -> None:
    if what == "expire":
        expire_points(side.program, actor=ACTOR)
    elif what == "earn":
        now = Membership.objects.get(pk=side.pk)
        earn(now.superseded_by or now, points, days=lives, person=member_of(side))
        own.earn(points, at + lives)
    else:
        try:
            redeem(PointsCall(side.pk, points, member=member_of(side)), actor=ACTOR)
        except InsufficientPoints:
            return
        own.spend(points, at)


def _undo(change: MembershipChange, sides: list[Membership], apart: list[Apart], at: float) -> None:
    answer = undo(change, actor=ACTOR, reason="mistake")
    if answer.pk != change.pk:
        carry_out(agree(answer), actor=ACTOR)
    for side, own in zip(sides, apart, strict=True):
        account = account_of(side)
        left = sum(Lot.objects.filter(account=account).values_list("remaining", flat=True))
        assert (left, account.debt, account.balance) == (own.left(at), own.debt, own.left(at) - own.debt)
    assert sum(Entry.objects.filter(posting__kind="undo").values_list("amount", flat=True)) == 0
    own_sets = [side.own_set_id for side in sides]
    others = PointAccount.objects.filter(program=sides[0].program_id).exclude(account_set__in=own_sets)
    assert set(others.values_list("balance", "debt")) == {(0, 0)}
    # The tests' debts come from adjustments that nobody asked for.
    assert_audit_clean(without=["S02"])
