"""Why is the balance what it is: lots that prove it, where points went, at any time."""

import pytest

from activities.reversing import reverse_posting
from activities.transferring import TransferCall, transfer_points
from common import clock
from memberships.models import Membership
from points.reversal_parts import Part
from programs.models import ExpiryPolicy, Program
from tests.desk.visitor import Visitor, earned, redeemed
from tests.factories import ACTOR, make_membership
from tests.scenarios.telling import later, open_program, rule, run


@pytest.fixture
def sky(db: None) -> Program:
    program = open_program("sky")
    rule(program, expiry_policy=ExpiryPolicy.AFTER_DAYS, expiry_length=10)
    return program


@pytest.fixture
def emma(sky: Program) -> Membership:
    return make_membership(sky, "Emma Stone")


def test_a_customer_asks_why_points_are_gone(agent: Visitor, sky: Program, emma: Membership) -> None:
    earned(emma, 100, location="Bonn", reference="R-1")
    later(sky, days=8)
    earned(emma, 200)
    sale = redeemed(emma, 30)
    day_of_sale = clock.program_now(Program.objects.get(pk=sky.pk)).date()
    later(sky, days=7)
    assert run("expire_points") == "70 points expired in 1 postings."

    customer = agent.reads("customer", emma.members.get().customer_id)
    assert f"/desk/memberships/{emma.pk}/explain" in customer.links
    page = agent.reads("explain", emma.pk)

    assert "Left in 1 lot 200 less debt 0 Balance 200 Miles" in page.text
    gone = [row[2:] for row in page.rows if len(row) == 5 and row[0] != "Happened"]
    assert [(row[0], row[1], row[2].split(" ")[0]) for row in gone] == [
        ("Expired Its time was over", "−70", "70"), ("Redeemed E*** S***", "−30", "30"),
    ]  # fmt: skip
    assert "200 earned" in page.text
    assert "Left in all lots 200" in page.text

    then = agent.reads("explain", emma.pk, at=day_of_sale.isoformat())
    assert "Left in 2 lots 270 less debt 0 Balance 270 Miles" in then.text
    assert "70 left of 100 earned" in then.text
    assert "· Bonn · R-1 ·" in then.text
    assert "200 earned" in then.text
    assert "−30 Redeemed" in then.text
    assert f"/desk/postings/{sale}" in then.links
    assert "Expired" not in then.text


def test_debt_held_and_pending_points_are_told(agent: Visitor, sky: Program, emma: Membership) -> None:
    wrong = earned(emma, 500)
    redeemed(emma, 400)
    reverse_posting(wrong, Part("booked-wrongly"), actor=ACTOR)
    page = agent.reads("explain", emma.pk)
    assert "Left in 0 lots 0 less debt −400 Balance −400 Miles" in page.text
    assert "Debt of E*** S***, posting" in page.text
    assert [row[2:4] for row in page.rows if row[-1] == "debt"] == []
    assert "No lot had points left." in page.text


def test_points_given_to_somebody_else_name_who_earned_them(agent: Visitor, sky: Program, emma: Membership) -> None:
    earned(emma, 90)
    john = make_membership(sky, "John Miller")
    transfer_points(TransferCall(emma.pk, john.pk, 60), actor=ACTOR)
    page = agent.reads("explain", john.pk)
    assert "60 earned" in page.text
    assert "by E*** S***" in page.text
    assert "Earned" in page.text
    assert "Transferred" in page.text


def test_another_kind_of_points_and_wrong_questions(agent: Visitor, sky: Program, emma: Membership) -> None:
    earned(emma, 8, point_type="status")
    assert "Balance 8 Status" in agent.reads("explain", emma.pk, point_type="status").text
    assert "Nothing was ever taken." in agent.reads("explain", emma.pk, point_type="status").text
    assert agent.status_of("explain", emma.pk, point_type="gold") == 422
    assert agent.status_of("explain", emma.pk, at="soon") == 400
    assert agent.status_of("explain", 999_999) == 404


def test_a_time_before_the_first_posting_is_zero(agent: Visitor, emma: Membership) -> None:
    earned(emma, 90)
    page = agent.reads("explain", emma.pk, at="2020-01-01")
    assert "Left in 0 lots 0 less debt 0 Balance 0 Miles" in page.text
