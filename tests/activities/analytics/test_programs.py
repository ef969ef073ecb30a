"""How a program does, over twelve whole months."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from activities.analytics.programs import NAME, analysis_of, counts_of
from activities.analytics.units import units_of
from activities.calls import PointsCall
from activities.earning import earn_in_general
from activities.models import Transaction
from activities.redeeming import redeem
from common import clock
from customers.models import CustomerStatus
from memberships.ending import terminate
from memberships.models import Membership, MembershipTerm
from programs.kept import keep_figures
from programs.models import PointType, Program
from tests.factories import ACTOR, make_customer, make_membership, make_program, member_of
from tests.memberships.changes.undone import done

pytestmark = pytest.mark.django_db


def sale(
    program: Program, reference: str, amount: str, *, original: Transaction | None = None, **values: object
) -> Transaction:
    return Transaction.objects.create(
        **{
            "channel_id": ACTOR.channel_id, "reference": reference, "type": "return" if original else "purchase",
            "program": program, "amount": Decimal(amount), "currency": program.currency, "original": original,
            "occurred_at": clock.now(), "recorded_at": clock.now(),
        }
        | values
    )  # fmt: skip


def worth_a_cent(program: Program) -> None:
    miles = PointType.objects.get(program=program, code="miles")
    miles.money_value = Decimal("0.01")
    miles.save()


@pytest.fixture
def busy(miles: Program) -> Membership:
    """1,000 points given, 300 of them spent, at a cent each; a sale of 200.00 with a return of 50.00; a fee."""
    worth_a_cent(miles)
    anna = make_membership(miles, "Anna")
    make_membership(miles, "Ben")
    earn_in_general(PointsCall(anna.pk, 1000), actor=ACTOR)
    earn_in_general(PointsCall(anna.pk, 40, point_type="status"), actor=ACTOR)
    redeem(PointsCall(anna.pk, 300), actor=ACTOR)
    sold = sale(miles, "r1", "200.00")
    sale(miles, "r2", "50.00", original=sold)
    sale(miles, "r3", "70.00", currency="USD")
    MembershipTerm.objects.create(
        membership=anna, program=miles, first_day=date(2026, 1, 1), last_day=date(2026, 12, 31), fee=Decimal(12),
        currency=miles.currency, paid_at=clock.now(),
    )  # fmt: skip
    return anna


def test_it_counts_who_takes_part_and_what_they_did(busy: Membership) -> None:
    found = analysis_of(busy.program)
    assert (found.memberships, found.enrolled, found.ended) == (2, 2, 0)
    assert (found.activities, found.engaged, found.engagement) == (3, 1, Decimal("50.0"))
    assert (found.sales, found.revenue) == (1, Decimal(150))


def test_points_cost_what_they_were_worth_and_fees_pay_for_them(busy: Membership) -> None:
    """Qualifying points buy nothing."""
    found = analysis_of(busy.program)
    assert (found.earned, found.redeemed, found.expired, found.owed) == (
        Decimal(10),
        Decimal(3),
        Decimal(0),
        Decimal(7),
    )
    assert (found.fees, found.cost, found.result) == (Decimal(12), Decimal(10), Decimal(2))


def test_who_ended_takes_part_no_more(busy: Membership) -> None:
    terminate(busy, actor=ACTOR, reason="moved away")
    found = analysis_of(busy.program)
    assert (found.memberships, found.ended) == (1, 1)


def test_who_ended_is_engaged_no_more_though_what_they_did_counts(busy: Membership) -> None:
    ben = Membership.objects.exclude(pk=busy.pk).get(program=busy.program)
    earn_in_general(PointsCall(ben.pk, 5), actor=ACTOR)
    assert analysis_of(busy.program).engaged == 2
    terminate(busy, actor=ACTOR, reason="moved away")
    found = analysis_of(busy.program)
    assert (found.memberships, found.engaged, found.engagement) == (1, 1, Decimal("100.0"))
    assert found.activities == 4


def test_what_two_did_before_they_became_a_group_engages_the_group_once(busy: Membership) -> None:
    ben = Membership.objects.exclude(pk=busy.pk).get(program=busy.program)
    earn_in_general(PointsCall(ben.pk, 5), actor=ACTOR)
    done("merge", busy, ben, result_type="group", main_id=member_of(busy))
    found = analysis_of(busy.program)
    assert (found.memberships, found.engaged) == (1, 1)


def test_a_receipt_told_twice_counts_once_and_so_do_its_returns(busy: Membership) -> None:
    anna = member_of(busy)
    again = make_customer("Anna", merged_into_id=anna, status=CustomerStatus.CLOSED)
    sale(busy.program, "r5", "80.00", customer_id=anna)
    told = sale(busy.program, "r5", "80.00", customer_id=again.pk, channel_id=1)
    sale(busy.program, "r6", "30.00", customer_id=again.pk, original=told)
    found = analysis_of(busy.program)
    assert (found.sales, found.revenue) == (2, Decimal(230))


def test_two_people_and_strangers_may_have_receipts_alike(busy: Membership) -> None:
    ben = Membership.objects.exclude(pk=busy.pk).get(program=busy.program)
    for reference, customer, other in (("r5", member_of(busy), member_of(ben)), ("r6", None, None)):
        sale(busy.program, reference, "80.00", customer_id=customer)
        sale(busy.program, reference, "80.00", customer_id=other, channel_id=1)
    found = analysis_of(busy.program)
    assert (found.sales, found.revenue) == (5, Decimal(470))


def test_what_is_older_than_twelve_months_does_not_count(busy: Membership) -> None:
    long_ago = clock.now() - timedelta(days=400)
    sale(busy.program, "r0", "999.00", occurred_at=long_ago)
    assert analysis_of(busy.program).revenue == Decimal(150)


def test_an_empty_program_divides_by_nothing(miles: Program) -> None:
    found = analysis_of(miles)
    assert (found.memberships, found.engagement, found.result) == (0, Decimal(0), Decimal(0))


def test_kept_counts_are_the_same(busy: Membership) -> None:
    worked_out = analysis_of(busy.program)
    assert keep_figures(busy.program, NAME, counts_of, slow=-1)
    kept = analysis_of(busy.program)
    assert {name: getattr(kept, name) for name in kept.__slots__ if name != "computed_at"} == {
        name: getattr(worked_out, name) for name in worked_out.__slots__ if name != "computed_at"
    }


class TestBusinessUnits:
    def test_programs_of_one_stand_together(self, busy: Membership) -> None:
        for code in ("alpha", "beta"):
            make_program(code, business_unit="Air")
        units = units_of(analysis_of(one) for one in Program.objects.order_by("code"))
        assert [(one.name, len(one.analyses), one.is_sum) for one in units] == [("Air", 2, True), ("", 1, False)]
        assert units[1].money("revenue") == Decimal(150)

    def test_money_of_several_currencies_is_not_added_up(self) -> None:
        programs = [
            make_program("alpha", business_unit="Air"),
            make_program("beta", business_unit="Air", currency="USD"),
        ]
        (unit,) = units_of(map(analysis_of, programs))
        assert (unit.currency, unit.is_sum) == ("", False)
        assert unit.count("memberships") == 0
