"""Sales, returns and claims at the desk: seen, taken back, decided; found by their reference."""

from dataclasses import replace
from decimal import Decimal

import pytest

from activities.returnable import ReturnCall
from activities.returning import return_transaction
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import ChangeKind, Membership, MembershipType
from programs.models import Program
from staff.models import Role
from tests.activities.sales import per_euro, released, sale
from tests.desk.visitor import Visitor
from tests.factories import ACTOR, make_customer, make_program, member_of


@pytest.fixture
def miles(miles: Program) -> Program:
    """One mile for every full euro."""
    released(miles, per_euro(), code="base")
    return miles


def test_the_customer_page_lists_the_latest_and_leads_to_all(agent: Visitor, michael_adams: Membership) -> None:
    told = sale(michael_adams, "120.00", reference="R-1")
    page = agent.reads("customer", member_of(michael_adams))
    assert "R-1 purchase" in page.text
    assert "120.00 EUR" in page.text
    assert f"/desk/transactions/{told['id']}" in page.links
    assert f"/desk/customers/{member_of(michael_adams)}/transactions" in page.links


def test_the_history_shows_totals_returns_and_receipts_told_twice(agent: Visitor, michael_adams: Membership) -> None:
    told = sale(michael_adams, "120.00", reference="R-1")
    sale(michael_adams, "120.00", reference="R-1", actor=replace(ACTOR, channel_id=1))
    return_transaction(told["id"], ReturnCall("B-1", amount=Decimal(20)), actor=ACTOR)
    page = agent.reads("transactions", member_of(michael_adams))
    assert "Bought 120.00 EUR in 1 purchase Returned 20.00 EUR in 1 return Kept 100.00 EUR" in page.text
    assert "1 receipt was told twice; it counts once here." in page.text
    assert "purchase receipt told twice" in page.text
    assert "return of R-1" in page.text


def test_a_sale_shows_lines_effects_and_what_came_back(agent: Visitor, michael_adams: Membership) -> None:
    told = sale(michael_adams, "100", ("shirt", "2", "80"), ("hat", "1", "20"), reference="R-1", location="Bonn")
    page = agent.reads("transaction", told["id"])
    assert "base, version 1, gave 100 Miles because" in page.text
    assert "+100" in page.text
    assert "Where Bonn" in page.text
    assert f"/desk/transactions/{told['id']}/return" in page.links
    back = return_transaction(told["id"], ReturnCall("B-1", amount=Decimal(25)), actor=ACTOR)
    assert "Returned 25.00 EUR" in agent.reads("transaction", told["id"]).text
    page = agent.reads("transaction", back["id"])
    assert "This takes back a part or all of R-1." in page.text
    assert "Miles −25" in page.text
    assert f"/desk/transactions/{back['id']}/return" not in page.links


def test_a_sale_in_no_program_says_so(agent: Visitor, miles: Program) -> None:
    told = sale(None, "10", customer_id=make_customer().pk)
    assert "No membership earned on it" in agent.reads("transaction", told["id"]).text


def test_sales_of_other_programs_are_not_there(michael_adams: Membership) -> None:
    told = sale(michael_adams, "10")
    stranger = Visitor(Role.SUPPORT_AGENT, make_program("abroad"))
    for page in ("transaction", "return-sale"):
        assert stranger.asks(page, told["id"]).status_code == 404


def test_a_reference_is_searched_and_leads_to_its_sale(agent: Visitor, michael_adams: Membership) -> None:
    told = sale(michael_adams, "10", reference="R-4711")
    answer = agent.client.get("/desk/search?q=R-4711")
    assert (answer.status_code, answer.url) == (302, f"/desk/transactions/{told['id']}")
    sale(michael_adams, "10", reference="R-4711", actor=replace(ACTOR, channel_id=1))
    assert "Purchases and returns 2" in agent.reads("search", q="R-4711").text


def test_a_merge_shows_receipts_told_on_both_sides(
    agent: Visitor, michael_adams: Membership, katrin_bauer: Membership
) -> None:
    sale(michael_adams, "80", reference="R-7")
    sale(katrin_bauer, "80", reference="R-7", actor=replace(ACTOR, channel_id=1))
    merge = Proposal(ChangeKind.MERGE, michael_adams.pk, katrin_bauer.pk, result_type=MembershipType.SHARED)
    change = propose(merge, actor=ACTOR)
    assert f"/desk/changes/{change.pk}/receipts" in agent.reads("change", change.pk).links
    page = agent.reads("change-receipts", change.pk)
    (row,) = [one for one in page.rows if one and one[0] == "R-7"]
    assert row[2] == "80.00 EUR"
    assert f"{michael_adams.number} purchase counts" in row[3]
    assert f"{katrin_bauer.number} purchase told again" in row[3]
