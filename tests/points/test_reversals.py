"""reverse(): what comes back, what is taken, what is owed, and what is never reversed."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from common import clock
from common.actor import Actor
from common.errors import NotAllowed
from memberships.models import Membership
from points.errors import NotReversible, PointsSpent
from points.holds import capture, place_hold
from points.models import Debt, Draw, Entry, Lot, LotDateChange, PointAccount, Posting, Reversal, ReversalLine
from points.moves import Credit, Debit
from points.reversal_shares import Rounding, returned_points, shares
from programs.design import design_of
from programs.models import PointType, Program, ProgramStatus, RefundPolicy
from tests.factories import ACTOR, account_of, counted, lots_of, member_of
from tests.points.world import STAFF, amounts, assert_sound, earned, figures, lot, posting, sent, spent, taken_back

pytestmark = pytest.mark.django_db
TABLES = (Posting, Entry, Lot, Draw, Debt, Reversal, ReversalLine, LotDateChange)


@pytest.fixture(autouse=True)
def sound_afterwards(db: None) -> Iterator[None]:
    yield
    assert_sound()


def set_policy(program: Program, policy: str) -> None:
    program.refund_policy = policy
    program.save()


def test_a_reversed_redemption_gives_back_to_the_same_lots(michael_adams: Membership) -> None:
    earned(michael_adams, 100, days=10)
    earned(michael_adams, 100, days=20)
    earned(michael_adams, 100)
    redeemed = spent(michael_adams, 150)
    before = counted(*TABLES)
    done = taken_back(redeemed)
    assert lots_of(michael_adams) == [(100, 100), (100, 100), (100, 100)]
    assert counted(*TABLES) == before | {
        "Posting": before["Posting"] + 1,
        "Entry": before["Entry"] + 1,
        "Draw": before["Draw"] + 2,
        "Reversal": 1,
        "ReversalLine": 1,
    }
    assert done.posted is not None
    row = Posting.objects.get(pk=done.posted.id)
    assert (row.kind, row.reverses_id, row.part, row.reason_code) == ("reverse", redeemed.id, 1, "returned")
    assert (row.cause_kind, row.cause_id) == ("reversal", done.id)
    assert (row.for_set_id, row.person_id) == (michael_adams.own_set_id, member_of(michael_adams))
    account = account_of(michael_adams)
    assert (account.balance, account.lifetime_earned, account.lifetime_redeemed) == (300, 300, 0)
    assert done.in_full and not done.expired


def test_parts_of_a_redemption_come_back_in_reverse_order_of_drawing(michael_adams: Membership) -> None:
    earned(michael_adams, 100, days=10)
    earned(michael_adams, 100, days=20)
    redeemed = spent(michael_adams, 150)
    assert lots_of(michael_adams) == [(100, 0), (100, 50)]
    assert not taken_back(redeemed, 70).in_full
    assert lots_of(michael_adams) == [(100, 20), (100, 100)]
    done = taken_back(redeemed, 80)
    assert lots_of(michael_adams) == [(100, 100), (100, 100)]
    assert (done.part, done.in_full) == (2, True)


def test_a_part_never_exceeds_what_is_left_and_changes_nothing_then(michael_adams: Membership) -> None:
    earned(michael_adams, 100)
    redeemed = spent(michael_adams, 60)
    taken_back(redeemed, 40)
    before = counted(*TABLES)
    with pytest.raises(NotReversible) as refused:
        taken_back(redeemed, 21)
    assert refused.value.facts == {"posting": redeemed.id, "point_type": "miles", "left": 20, "asked": 21}
    assert counted(*TABLES) == before
    assert figures(michael_adams) == (80, 0)


def test_what_was_reversed_in_full_is_not_reversed_again(michael_adams: Membership) -> None:
    earned(michael_adams, 100)
    redeemed = spent(michael_adams, 60)
    taken_back(redeemed)
    before = counted(*TABLES)
    with pytest.raises(NotReversible, match="already reversed in full"):
        taken_back(redeemed)
    assert counted(*TABLES) == before
    assert figures(michael_adams) == (100, 0)


@pytest.mark.parametrize("kind", ["expire", "opening", "merge", "split", "undo"])
def test_these_kinds_are_never_reversed(michael_adams: Membership, katrin_bauer: Membership, kind: str) -> None:
    earned(michael_adams, 100)
    if kind == "expire":
        target = posting(michael_adams, kind, Debit(account_of(michael_adams).pk, 10))
    elif kind == "opening":
        target = posting(michael_adams, kind, Credit(account_of(michael_adams).pk, [lot(michael_adams, 10)]))
    else:
        target = sent(michael_adams, katrin_bauer, 10, kind=kind)
    before = counted(*TABLES)
    with pytest.raises(NotReversible) as refused:
        taken_back(target)
    assert refused.value.facts == {"posting": target.id, "kind": kind}
    assert counted(*TABLES) == before


def test_a_reversal_is_never_reversed(michael_adams: Membership) -> None:
    earned(michael_adams, 100)
    done = taken_back(spent(michael_adams, 60))
    assert done.posted is not None
    with pytest.raises(NotReversible):
        taken_back(done.posted)
    assert figures(michael_adams) == (100, 0)


def test_points_that_come_back_past_their_time_expire_at_once_and_both_rows_show(
    michael_adams: Membership,
) -> None:
    earned(michael_adams, 100, days=10)
    redeemed = spent(michael_adams, 60)
    with clock.frozen(clock.now() + timedelta(days=11)):
        done = taken_back(redeemed)
    assert amounts(done.posted) == [60]
    (expired,) = done.expired
    assert (Posting.objects.get(pk=expired.id).kind, amounts(expired)) == ("expire", [-60])
    # The 40 never spent wait for the run and its grace.
    assert lots_of(michael_adams) == [(100, 40)]
    assert figures(michael_adams) == (40, 0)


def test_an_extension_with_right_and_reason_keeps_them_alive(michael_adams: Membership) -> None:
    earned(michael_adams, 100, days=10)
    redeemed = spent(michael_adams, 100)
    later = clock.now() + timedelta(days=11)
    last_day = later.date() + timedelta(days=30)
    until = datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=UTC)
    with clock.frozen(later):
        done = taken_back(redeemed, extend_until=last_day, reason_code="late-parcel")
    assert not done.expired
    assert figures(michael_adams) == (100, 0)
    assert Lot.objects.get().expires_at == until
    change = LotDateChange.objects.get()
    assert (change.verb, change.new_expires_at, change.reason_code, change.user_id) == (
        "extend", until, "late-parcel", STAFF.user_id
    )  # fmt: skip


def test_without_the_right_nothing_is_extended_nor_reversed(michael_adams: Membership) -> None:
    earned(michael_adams, 100, days=10)
    redeemed = spent(michael_adams, 100)
    agent = Actor("user", 8, 1, "sam", lambda action, program_id: action != "points:extend", None)
    before = counted(*TABLES)
    with pytest.raises(NotAllowed):
        taken_back(redeemed, extend_until=clock.now().date() + timedelta(days=30), actor=agent)
    assert counted(*TABLES) == before


def test_what_comes_back_repays_a_debt_first(michael_adams: Membership, miles: Program) -> None:
    set_policy(miles, RefundPolicy.NEGATIVE)
    earned(michael_adams, 100)
    first = earned(michael_adams, 50)
    redeemed = spent(michael_adams, 150)
    taken_back(first)
    assert figures(michael_adams) == (-50, 50)
    taken_back(redeemed, 70)
    assert figures(michael_adams) == (20, 0)


class TestEarning:
    def test_what_is_left_of_the_lot_is_taken(self, michael_adams: Membership) -> None:
        first = earned(michael_adams, 100, days=10)
        earned(michael_adams, 30, days=5)
        done = taken_back(first)
        assert amounts(done.posted) == [-100]
        assert lots_of(michael_adams) == [(30, 30), (100, 0)]
        account = account_of(michael_adams)
        assert (account.balance, account.lifetime_earned) == (30, 30)

    def test_refuse_says_what_is_missing_and_changes_nothing(self, michael_adams: Membership, miles: Program) -> None:
        set_policy(miles, RefundPolicy.REFUSE)
        first = earned(michael_adams, 100)
        spent(michael_adams, 60)
        before = counted(*TABLES)
        with pytest.raises(PointsSpent) as refused:
            taken_back(first)
        assert refused.value.facts == {"point_type": "miles", "asked": 100, "left": 40, "spent": 60}
        assert counted(*TABLES) == before
        assert figures(michael_adams) == (40, 0)

    def test_refuse_still_takes_a_part_that_is_left(self, michael_adams: Membership, miles: Program) -> None:
        set_policy(miles, RefundPolicy.REFUSE)
        first = earned(michael_adams, 100)
        spent(michael_adams, 60)
        taken_back(first, 40)
        assert figures(michael_adams) == (0, 0)

    def test_negative_leaves_a_debt_of_the_person_that_the_next_earning_repays(
        self, michael_adams: Membership, miles: Program
    ) -> None:
        set_policy(miles, RefundPolicy.NEGATIVE)
        first = earned(michael_adams, 100)
        spent(michael_adams, 60)
        done = taken_back(first)
        assert amounts(done.posted) == [-100]
        assert figures(michael_adams) == (-60, 60)
        debt = Debt.objects.get()
        assert (debt.person_id, debt.amount, debt.remaining) == (member_of(michael_adams), 60, 60)
        earned(michael_adams, 80)
        assert figures(michael_adams) == (20, 0)

    def test_cut_refund_takes_what_is_left_and_tells_the_money_for_the_rest_once(
        self, michael_adams: Membership, miles: Program
    ) -> None:
        set_policy(miles, RefundPolicy.CUT_REFUND)
        point_type = PointType.objects.get(program=miles, code="miles")
        point_type.money_value = Decimal("0.0125")
        point_type.save()
        first = earned(michael_adams, 100)
        spent(michael_adams, 60)
        done = taken_back(first)
        (line,) = done.lines
        assert (line.asked, line.posted, line.cut, line.cut_value, line.debt) == (100, 40, 60, Decimal("0.75"), 0)
        assert amounts(done.posted) == [-40]
        assert figures(michael_adams) == (0, 0)
        with pytest.raises(NotReversible):
            taken_back(first)

    def test_cut_refund_with_nothing_left_is_kept_without_a_posting(
        self, michael_adams: Membership, miles: Program
    ) -> None:
        set_policy(miles, RefundPolicy.CUT_REFUND)
        first = earned(michael_adams, 100)
        spent(michael_adams, 100)
        postings = Posting.objects.count()
        done = taken_back(first)
        assert done.posted is None and done.in_full
        assert Posting.objects.count() == postings
        assert Reversal.objects.get().posting_id is None

    def test_what_was_given_away_follows_the_policy_and_stays_with_the_receiver(
        self, michael_adams: Membership, katrin_bauer: Membership, miles: Program
    ) -> None:
        set_policy(miles, RefundPolicy.NEGATIVE)
        first = earned(michael_adams, 100)
        sent(michael_adams, katrin_bauer, 30)
        taken_back(first)
        assert figures(michael_adams) == (-30, 30)
        assert lots_of(katrin_bauer) == [(30, 30)]

    def test_what_expired_unused_is_owed_by_nobody(self, michael_adams: Membership, miles: Program) -> None:
        set_policy(miles, RefundPolicy.NEGATIVE)
        first = earned(michael_adams, 100)
        posting(michael_adams, "expire", Debit(account_of(michael_adams).pk, 40))
        spent(michael_adams, 50)
        # 10 are left, 40 expired, 50 were spent.
        half = taken_back(first, 50)
        assert [(one.posted, one.debt, one.shortfall) for one in half.lines] == [(10, 0, 40)]
        rest = taken_back(first)
        assert [(one.posted, one.debt, one.shortfall) for one in rest.lines] == [(50, 50, 0)]
        assert figures(michael_adams) == (-50, 50)

    def test_held_points_are_not_taken(self, michael_adams: Membership, miles: Program) -> None:
        set_policy(miles, RefundPolicy.REFUSE)
        first = earned(michael_adams, 100)
        place_hold(
            account_of(michael_adams),
            points=70,
            for_set_id=michael_adams.own_set_id,
            person_id=member_of(michael_adams),
            design=design_of(miles.pk),
            actor=ACTOR,
        )
        with pytest.raises(PointsSpent) as refused:
            taken_back(first)
        assert refused.value.facts["left"] == 30

    def test_points_are_found_where_a_merge_brought_them(
        self, michael_adams: Membership, katrin_bauer: Membership, miles: Program
    ) -> None:
        first = earned(michael_adams, 100)
        sent(michael_adams, katrin_bauer, 100, kind="merge")
        done = taken_back(first, 60)
        assert amounts(done.posted) == [-60]
        assert lots_of(katrin_bauer) == [(100, 40)]
        assert figures(michael_adams) == (0, 0)

    def test_a_debt_arises_where_the_points_of_a_closed_account_live(
        self, michael_adams: Membership, katrin_bauer: Membership, miles: Program
    ) -> None:
        set_policy(miles, RefundPolicy.NEGATIVE)
        first = earned(michael_adams, 100)
        sent(michael_adams, katrin_bauer, 100, kind="merge")
        PointAccount.objects.filter(pk=account_of(michael_adams).pk).update(closed=True)
        spent(katrin_bauer, 70)
        taken_back(first, landing={account_of(michael_adams).pk: account_of(katrin_bauer).pk})
        assert figures(katrin_bauer) == (-70, 70)
        assert Debt.objects.get().person_id == member_of(michael_adams)

    def test_qualifying_points_stop_at_zero_whatever_the_policy(
        self, michael_adams: Membership, miles: Program
    ) -> None:
        set_policy(miles, RefundPolicy.NEGATIVE)
        first = earned(michael_adams, 100, status=50)
        posting(michael_adams, "adjust", Debit(account_of(michael_adams, "status").pk, 20), reason_code="correction")
        done = taken_back(first)
        lines = {line.point_type.code: line for line in done.lines}
        assert (lines["status"].asked, lines["status"].posted, lines["status"].shortfall) == (50, 30, 20)
        assert (lines["status"].debt, lines["miles"].posted) == (0, 100)
        assert figures(michael_adams, "status") == (0, 0)

    def test_a_part_takes_the_other_type_in_proportion(self, michael_adams: Membership) -> None:
        first = earned(michael_adams, 100, status=33)
        lines = [{line.point_type.code: line.asked for line in taken_back(first, n).lines} for n in (50, 25, 25)]
        assert lines == [{"miles": 50, "status": 17}, {"miles": 25, "status": 8}, {"miles": 25, "status": 8}]
        assert (figures(michael_adams), figures(michael_adams, "status")) == ((0, 0), (0, 0))


def test_a_redemption_of_a_closed_account_comes_back_as_a_child_lot_where_points_live_now(
    michael_adams: Membership, katrin_bauer: Membership
) -> None:
    earned(michael_adams, 100, days=10)
    parent = Lot.objects.get()
    redeemed = spent(michael_adams, 60)
    sent(michael_adams, katrin_bauer, 40, kind="merge")
    PointAccount.objects.filter(pk=account_of(michael_adams).pk).update(closed=True)
    taken_back(redeemed, landing={account_of(michael_adams).pk: account_of(katrin_bauer).pk})
    child = Lot.objects.get(account=account_of(katrin_bauer), amount=60)
    assert (child.amount, child.remaining, child.parent_id, child.origin_id) == (60, 60, parent.pk, parent.pk)
    assert (child.expires_at, child.earner_id) == (parent.expires_at, member_of(michael_adams))
    assert (lots_of(michael_adams), figures(katrin_bauer)) == ([(100, 0)], (100, 0))


def test_a_capture_is_reversed_to_the_lots_that_were_held(michael_adams: Membership, miles: Program) -> None:
    earned(michael_adams, 100, days=20)
    hold = place_hold(
        account_of(michael_adams),
        points=70,
        for_set_id=michael_adams.own_set_id,
        person_id=member_of(michael_adams),
        design=design_of(miles.pk),
        actor=ACTOR,
    )
    # These would be drawn first, but the hold named its lot before they came.
    earned(michael_adams, 50, days=10)
    with transaction.atomic():
        _, posted = capture(hold.pk, points=60, actor=ACTOR)
    assert lots_of(michael_adams) == [(50, 50), (100, 40)]
    taken_back(posted, 25)
    assert (lots_of(michael_adams), figures(michael_adams)) == ([(50, 50), (100, 65)], (115, 0))
    assert account_of(michael_adams).lifetime_redeemed == 35


class TestTransfer:
    @pytest.mark.parametrize("kind", ["transfer", "donate"])
    def test_points_go_back_to_the_lots_they_came_from(
        self, michael_adams: Membership, katrin_bauer: Membership, kind: str
    ) -> None:
        earned(michael_adams, 100, days=10)
        earned(michael_adams, 100, days=20)
        away = sent(michael_adams, katrin_bauer, 150, kind=kind)
        spent(katrin_bauer, 30)
        done = taken_back(away, 60)
        assert amounts(done.posted) == [-60, 60]
        assert lots_of(michael_adams) == [(100, 10), (100, 100)]
        assert lots_of(katrin_bauer) == [(100, 60), (50, 0)]

    def test_what_the_receiver_spent_cannot_be_taken(
        self, michael_adams: Membership, katrin_bauer: Membership, miles: Program
    ) -> None:
        set_policy(miles, RefundPolicy.NEGATIVE)
        earned(michael_adams, 100)
        away = sent(michael_adams, katrin_bauer, 100)
        spent(katrin_bauer, 30)
        before = counted(*TABLES)
        with pytest.raises(PointsSpent) as refused:
            taken_back(away)
        assert refused.value.facts == {"point_type": "miles", "asked": 100, "left": 70, "spent": 30}
        assert counted(*TABLES) == before


def test_a_conversion_is_reversed_on_both_sides(michael_adams: Membership, miles: Program) -> None:
    earned(michael_adams, 100)
    done = posting(
        michael_adams,
        "convert",
        Debit(account_of(michael_adams).pk, 80),
        Credit(account_of(michael_adams, "status").pk, [lot(michael_adams, 8)]),
    )
    taken_back(done, 40)
    assert (figures(michael_adams), figures(michael_adams, "status")) == ((60, 0), (4, 0))
    taken_back(done)
    assert (figures(michael_adams), figures(michael_adams, "status")) == ((100, 0), (0, 0))


def test_adjustments_are_reversed_both_ways(michael_adams: Membership) -> None:
    up = posting(michael_adams, "adjust", Credit(account_of(michael_adams).pk, [lot(michael_adams, 50)]))
    down = posting(michael_adams, "adjust", Debit(account_of(michael_adams).pk, 20))
    taken_back(down)
    assert figures(michael_adams) == (50, 0)
    taken_back(up)
    assert figures(michael_adams) == (0, 0)


def test_a_locked_program_reverses_and_a_closed_one_does_not(michael_adams: Membership, miles: Program) -> None:
    first = earned(michael_adams, 100)
    miles.status = ProgramStatus.LOCKED
    miles.save()
    taken_back(first, 40)
    miles.status = ProgramStatus.CLOSED
    miles.save()
    with pytest.raises(NotReversible):
        taken_back(first)
    assert figures(michael_adams) == (60, 0)


def test_a_type_the_posting_never_moved_is_named_in_the_refusal(michael_adams: Membership) -> None:
    first = earned(michael_adams, 100)
    with pytest.raises(NotReversible) as refused:
        taken_back(first, 10, point_type="status")
    assert refused.value.facts == {"posting": first.id, "point_types": ["miles"]}


@given(
    miles=st.integers(1, 10**15),
    status=st.integers(1, 10**15),
    cuts=st.lists(st.integers(1, 10**15), max_size=8),
)
def test_random_parts_sum_to_the_whole_and_stay_in_proportion(miles: int, status: int, cuts: list[int]) -> None:
    totals, before = {1: miles, 2: status}, {1: 0, 2: 0}
    for cut in [*cuts, miles]:
        asked = min(cut, miles - before[1])
        if not asked:
            break
        part = shares(totals, before=before, asked=asked, type_id=1)
        before = {one: before[one] + part.get(one, 0) for one in totals}
        assert before[1] <= miles and 0 <= before[2] <= status
        # Half up, in whole numbers: |2 x so far x miles - 2 x status x returned| <= miles.
        assert abs(2 * before[2] * miles - 2 * status * before[1]) <= miles
    assert before == totals


@pytest.mark.parametrize(("rounding", "expected"), [(Rounding.DOWN, 33), (Rounding.HALF_UP, 33), (Rounding.UP, 34)])
def test_returns_round_as_the_earning_did(rounding: Rounding, expected: int) -> None:
    assert returned_points(100, returned=1, sold=3, rounding=rounding) == expected
    assert returned_points(100, returned=3, sold=3, rounding=rounding) == 100


def test_half_a_point_rounds_up() -> None:
    assert returned_points(5, returned=1, sold=2) == 3


def test_the_reversal_happens_now(michael_adams: Membership) -> None:
    first = earned(michael_adams, 100)
    later: datetime = clock.now() + timedelta(days=400)
    with clock.frozen(later):
        done = taken_back(first)
    assert done.posted is not None
    row = Posting.objects.get(pk=done.posted.id)
    assert (row.occurred_at, row.recorded_at) == (later, later)
