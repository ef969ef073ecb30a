"""Returning a sale, opening a claim and deciding about it, at the desk."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.claims import ClaimCall, open_claim
from activities.models import Claim, Transaction
from activities.returnable import ReturnCall
from activities.returning import return_transaction
from common import clock
from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.activities.sales import paying, per_euro, released, sale
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import ACTOR, account_of, make_membership, make_program

pytestmark = pytest.mark.django_db
NOTHING = {"line_1": "", "line_2": "", "amount": "", "reference": "B-1"}


@pytest.fixture
def miles(miles: Program) -> Program:
    """One mile for every full euro."""
    released(miles, per_euro(), code="base")
    return miles


@pytest.fixture
def told(michael_adams: Membership) -> dict[str, Any]:
    return sale(michael_adams, "100", ("shirt", "2", "80"), ("hat", "1", "20"), reference="R-1")


def test_a_line_is_returned_after_a_preview(agent: Desk, told: dict[str, Any], michael_adams: Membership) -> None:
    path = f"transactions/{told['id']}/return"
    before = everything()
    preview = agent.previews(path, **NOTHING | {"extent": "lines", "line_1": "1"})
    assert said(preview) == ["40.00 EUR come back to the customer."]
    assert changed(preview)["Miles"] == (100, 60)
    assert changed(preview)["Returned of the purchase"] == ("0.00 EUR", "40.00 EUR")
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    agent.confirms(preview)
    row = Transaction.objects.get(type="return")
    assert (row.reference, row.amount) == ("B-1", Decimal("40.00"))
    assert ways(receipt)["The return"] == f"/desk/transactions/{row.pk}"
    assert account_of(michael_adams).balance == 60
    assert_audit_clean()


def test_the_whole_sale_is_returned_under_the_reference_suggested(
    agent: Desk, told: dict[str, Any], michael_adams: Membership
) -> None:
    path = f"transactions/{told['id']}/return"
    suggested = agent.opens(path).context["form"]["reference"].value()
    assert suggested == "R-1-R1"
    receipt = agent.does(path, **NOTHING | {"extent": "whole", "reference": suggested})
    assert said(receipt) == ["100.00 EUR come back to the customer.", "Nothing of the purchase is left."]
    assert account_of(michael_adams).balance == 0


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"extent": "amount"}, "amount: Say how much comes back."),
        ({"extent": "lines"}, "extent: Say for at least one line how many come back."),
        ({"extent": "whole", "line_1": "1"}, "extent: Choose “Some of its lines”, or leave the lines empty."),
        ({"extent": "whole", "amount": "5"}, "amount: Choose “An amount of money” above, or leave this empty."),
        ({"extent": "lines", "line_1": "3"}, "Of line 1 2 of 2 can still be returned; 3 were asked for."),
        (
            {"extent": "amount", "amount": "100.01"},
            "Of 100.00 EUR 100.00 can still be returned; 100.01 were asked for.",
        ),
    ],
)
def test_a_return_that_cannot_be_is_refused_beside_the_form(
    agent: Desk, told: dict[str, Any], values: dict[str, str], fault: str
) -> None:
    before = everything()
    assert said(agent.previews(f"transactions/{told['id']}/return", **NOTHING | values)) == [fault]
    assert everything() == before


def test_what_was_returned_in_full_offers_no_form(agent: Desk, told: dict[str, Any]) -> None:
    return_transaction(told["id"], ReturnCall("B-1"), actor=ACTOR)
    page = agent.opens(f"transactions/{told['id']}/return", "ineligible")
    assert said(page) == ["The sale R-1 was returned in full; nothing of it is left."]


def test_who_may_only_read_or_works_elsewhere_returns_nothing(auditor: Desk, told: dict[str, Any]) -> None:
    path = f"/desk/transactions/{told['id']}/return"
    assert auditor.client.get(path).status_code == 403
    assert Desk("eve", Role.SUPPORT_AGENT, make_program("abroad")).client.get(path).status_code == 404


def test_points_that_paid_come_back_with_the_sale(agent: Desk, michael_adams: Membership) -> None:
    sale(michael_adams, "50")
    bought = sale(michael_adams, "10", redeem=paying(michael_adams, 50))
    agent.does(f"transactions/{bought['id']}/return", **NOTHING | {"extent": "whole"})
    assert account_of(michael_adams).balance == 50


@pytest.fixture
def anna(miles: Program) -> Membership:
    return make_membership(miles, "Anna Bauer", at=clock.now() - timedelta(days=90))


@pytest.fixture
def claim(anna: Membership) -> Claim:
    when = clock.now() - timedelta(days=40)
    return open_claim(ClaimCall("R-9", when, Decimal(80), "EUR", membership_id=anna.pk), actor=ACTOR)


def test_a_claim_is_opened_at_the_membership_and_waits(agent: Desk, anna: Membership) -> None:
    when = (clock.now() - timedelta(days=40)).strftime("%Y-%m-%dT%H:%M")
    values = {"receipt": "R-9", "bought_at": when, "amount": "80.00", "currency": "EUR", "note": ""}
    receipt = agent.does(f"memberships/{anna.pk}/claim", **values)
    claim = Claim.objects.get()
    assert (claim.receipt, claim.amount, claim.status) == ("R-9", Decimal("80.00"), "open")
    assert ways(receipt)["Take it back: refuse it"] == f"/desk/claims/{claim.pk}"
    page = agent.opens(f"claims/{claim.pk}").content.decode()
    assert "ask a second person" in page
    (refusal,) = said(agent.previews(f"claims/{claim.pk}", decision="grant", why=""))
    assert "ask a second person" in refusal
    listed = agent.client.get("/desk/claims").content.decode()
    assert "R-9" in listed
    assert f"/desk/claims/{claim.pk}" in listed


def test_a_claim_is_granted_by_the_rules_of_its_day(agent: Desk, claim: Claim, anna: Membership) -> None:
    path = f"claims/{claim.pk}"
    preview = agent.previews(path, decision="grant", why="")
    assert changed(preview) == {"Claim": ("open", "granted"), "Miles": (0, 80)}
    (said_so,) = said(preview)
    assert said_so.startswith("base, version 1, gave 80")
    agent.receipt(agent.confirms(preview))
    assert account_of(anna).balance == 80
    assert said(agent.opens(path, "ineligible")) == ["The claim was decided already: granted."]
    assert_audit_clean()


def test_a_refusal_says_why(agent: Desk, claim: Claim, anna: Membership) -> None:
    path = f"claims/{claim.pk}"
    assert said(agent.previews(path, decision="refuse", why="")) == ["why: Say why you refuse: the member will ask."]
    agent.does(path, decision="refuse", why="unreadable")
    claim.refresh_from_db()
    assert (claim.status, claim.why, account_of(anna).balance) == ("refused", "unreadable", 0)
    assert "R-9" not in agent.client.get("/desk/claims").content.decode()
    decided = agent.client.get("/desk/claims?status=refused").content.decode()
    assert "R-9" in decided and "unreadable" in decided
    assert "No claim was decided so." in agent.client.get("/desk/claims?status=granted").content.decode()


def test_a_claim_for_what_earned_meanwhile_warns_and_is_not_granted(
    agent: Desk, claim: Claim, katrin_bauer: Membership
) -> None:
    sale(katrin_bauer, "80", reference="R-9")
    path = f"claims/{claim.pk}"
    assert "Refuse it, naming that." in agent.opens(path).content.decode()
    (refusal,) = said(agent.previews(path, decision="grant", why=""))
    assert "A receipt earns once" in refusal
    assert Claim.objects.get().status == "open"
