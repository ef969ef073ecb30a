"""Customers over all programs: who is in which, who only in some, what each brought."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from activities.analytics import customers, overlap
from activities.calls import PointsCall
from activities.earning import earn_in_general
from common import clock
from customers.models import CustomerStatus
from memberships.enrolment import enrol
from memberships.models import MembershipTerm
from programs.models import Program
from tests.activities.analytics.test_programs import sale, worth_a_cent
from tests.changes import group_of
from tests.factories import ACTOR, make_customer, make_program, member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def two() -> tuple[Program, Program]:
    """Anna is in both, Ben only in the first, Cleo only in the second, Dan in none."""
    sky, sea = make_program("sky"), make_program("sea")
    for name, programs in (("Anna Ash", (sky, sea)), ("Ben Birch", (sky,)), ("Cleo Cedar", (sea,)), ("Dan Dew", ())):
        customer = make_customer(name)
        for program in programs:
            enrol(customer, program=program, actor=ACTOR)
    return sky, sea


def test_customers_by_how_many_programs(two: tuple[Program, Program]) -> None:
    sky, sea = two
    found = overlap.overlap_of([sky.pk, sea.pk])
    assert found.by_count() == {1: 2, 2: 1}
    assert (found.both(sky.pk, sea.pk), found.only(sky.pk, not_in=sea.pk), found.only(sea.pk, not_in=sky.pk)) == (
        1,
        1,
        1,
    )


def test_a_program_the_user_may_not_see_does_not_count(two: tuple[Program, Program]) -> None:
    assert overlap.overlap_of([two[0].pk]).by_count() == {1: 2}


def test_who_is_in_one_but_not_in_the_other(two: tuple[Program, Program]) -> None:
    sky, sea = two
    rows = list(overlap.missing_rows(sky, not_in=sea, unmasked=True))
    assert [row[1:] for row in rows] == [["Ben Birch", "person", date(2024, 1, 1)]]
    assert [row[1] for row in overlap.missing_rows(sky, not_in=sea, unmasked=False)] != ["Ben Birch"]


class TestLines:
    def test_every_customer_has_one_over_all_programs(self, two: tuple[Program, Program]) -> None:
        sky, sea = two
        worth_a_cent(sky)
        worth_a_cent(sea)
        anna = sky.memberships.get(members__customer__name="Anna Ash")
        also = sea.memberships.get(members__customer__name="Anna Ash")
        earn_in_general(PointsCall(anna.pk, 500), actor=ACTOR)
        earn_in_general(PointsCall(also.pk, 250), actor=ACTOR)
        sale(sky, "r1", "80.00", customer_id=member_of(anna))
        MembershipTerm.objects.create(
            membership=also, program=sea, first_day=date(2026, 1, 1), last_day=date(2026, 12, 31), fee=Decimal(30),
            currency="EUR", paid_at=clock.now(),
        )  # fmt: skip
        since = clock.now() - timedelta(days=30)
        lines = {row[1]: row[4:] for row in customers.customer_lines(two, since=since, unmasked=True)}
        assert lines["Anna Ash"][:3] == [2, 2, 2]
        assert lines["Anna Ash"][4:] == ["80.00 EUR", "7.50 EUR", "", "30.00 EUR"]
        assert lines["Dan Dew"] == [0, 0, 0, None, "", "", "", ""]
        assert len(lines) == 4
        one = customers.figures_of_customer(member_of(anna), two, since=since)
        assert [one.programs, one.memberships, one.activities, one.last_activity_at] == lines["Anna Ash"][:4]
        assert (one.purchases, one.points_earned_value) == ({"EUR": Decimal(80)}, {"EUR": Decimal("7.5")})
        assert (one.points_redeemed_value, one.fees_paid) == ({"EUR": Decimal(0)}, {"EUR": Decimal(30)})

    def test_a_receipt_told_twice_counts_once_for_the_person_under_both_records(
        self, two: tuple[Program, Program]
    ) -> None:
        sky, _ = two
        anna = sky.memberships.get(members__customer__name="Anna Ash")
        again = make_customer("Anna Ash", merged_into_id=member_of(anna), status=CustomerStatus.CLOSED)
        sale(sky, "r1", "80.00", customer_id=member_of(anna))
        told = sale(sky, "r1", "80.00", customer_id=again.pk, channel_id=1)
        sale(sky, "back", "30.00", customer_id=again.pk, original=told)
        sale(sky, "r2", "5.00", customer_id=again.pk)
        one = customers.figures_of_customer(member_of(anna), two, since=clock.now() - timedelta(days=30))
        assert one.purchases == {"EUR": Decimal(85)}

    def test_a_program_that_is_not_asked_for_counts_nothing(self, two: tuple[Program, Program]) -> None:
        sky, sea = two
        anna = sky.memberships.get(members__customer__name="Anna Ash")
        earn_in_general(PointsCall(anna.pk, 500), actor=ACTOR)
        one = customers.figures_of_customer(member_of(anna), [sea], since=clock.now() - timedelta(days=30))
        assert (one.programs, one.memberships, one.activities, one.points_earned_value) == (
            1,
            1,
            0,
            {"EUR": Decimal(0)},
        )

    def test_a_group_counts_for_its_main_member_only(self, miles: Program) -> None:
        group_of(miles, "Anna Ash", "Ben Birch")
        since = clock.now() - timedelta(days=30)
        lines = {row[1]: row[5] for row in customers.customer_lines([miles], since=since, unmasked=True)}
        assert lines == {"Anna Ash": 1, "Ben Birch": 0}
