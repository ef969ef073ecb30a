"""Sales, returns and claims in a real browser: at both widths, with what axe says."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from activities.claims import ClaimCall, open_claim
from activities.return_shares import AskedItem
from activities.returnable import ReturnCall
from activities.returning import return_transaction
from common import clock
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.models import ChangeKind, MembershipType
from staff.models import Role
from tests.activities.conftest import earned
from tests.activities.sales import paying, per_euro, released, sale
from tests.browser.helpers import LogIn, Open, assert_sound
from tests.factories import ACTOR, make_membership, make_program, member_of

pytestmark = pytest.mark.browser
DESK = replace(ACTOR, channel_id=1)


def lived() -> dict[str, str]:
    """The pages of a program in which something was bought, returned, told twice and claimed; by name."""
    program = make_program("style", name="Style Club")
    released(program, per_euro(2), code="base")
    since = clock.now() - timedelta(days=200)
    michael, katrin = (make_membership(program, name, at=since) for name in ("Michael Adams", "Katrin Bauer"))
    earned(michael, 500)
    lines = ("linen-shirt", "3", "149.70"), ("leather-belt", "1", "59.90")
    bought = sale(michael, "209.60", *lines, reference="R-2026-4711", redeem=paying(michael, 200), location="Berlin")
    back = ReturnCall("R-2026-4711-R1", (AskedItem(line=1, quantity=Decimal(1)),))
    returned = return_transaction(bought["id"], back, actor=ACTOR)
    sale(michael, "80", reference="R-9")
    sale(katrin, "80", reference="R-9", actor=DESK)
    when = clock.now() - timedelta(days=40)
    call = ClaimCall("R-2026-17", when, Decimal("64.50"), "EUR", membership_id=michael.pk, note="receipt was scanned")
    claim = open_claim(call, actor=ACTOR)
    change = propose(Proposal(ChangeKind.MERGE, michael.pk, katrin.pk, result_type=MembershipType.SHARED), actor=ACTOR)
    return {
        "customer": f"/desk/customers/{member_of(michael)}",
        "history": f"/desk/customers/{member_of(michael)}/transactions",
        "sale": f"/desk/transactions/{bought['id']}",
        "return": f"/desk/transactions/{returned['id']}",
        "return-task": f"/desk/transactions/{bought['id']}/return",
        "claims": "/desk/claims",
        "claim": f"/desk/claims/{claim.pk}",
        "claim-new": f"/desk/memberships/{michael.pk}/claim",
        "receipts": f"/desk/changes/{change.pk}/receipts",
    }


def test_pages_fit_and_axe_finds_nothing_serious(transactional_db: None, log_in: LogIn, open_page: Open) -> None:
    pages = lived()
    log_in(Role.SUPERVISOR)
    for path in pages.values():
        page = open_page(path)
        assert_sound(page)


def test_a_line_is_returned_from_the_page_of_the_sale(transactional_db: None, log_in: LogIn, open_page: Open) -> None:
    pages = lived()
    log_in(Role.SUPPORT_AGENT)
    page = open_page(pages["sale"])
    page.get_by_role("link", name="Return", exact=True).click()
    page.get_by_label("Some of its lines").check()
    page.get_by_label("Line 2: how many come back").fill("1")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("59.90 EUR come back to the customer.")).to_be_visible()
    page.get_by_role("button", name="Return", exact=True).click()
    page.get_by_role("link", name="The return").click()
    page.wait_for_url("**/desk/transactions/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Return R-2026-4711-R2")
    expect(page.get_by_text("leather-belt")).to_be_visible()
