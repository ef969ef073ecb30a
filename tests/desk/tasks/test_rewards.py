"""Rewards at the desk: ordered, cancelled, handed over; vouchers used and cancelled."""

import re
from decimal import Decimal

import pytest

from activities.models import RewardOrder, Voucher
from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.activities.conftest import earned
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import account_of, make_program
from tests.rewards import left_of, make_reward, make_voucher_reward, ordered

pytestmark = pytest.mark.django_db
HEADPHONES = {"reward": "headphones", "quantity": "2", "note": "gift wrap"}
WHY = {"reason_code": "customer-wish", "note": "too loud"}


@pytest.fixture
def emma(michael_adams: Membership) -> Membership:
    earned(michael_adams, 1_000)
    return michael_adams


def test_an_order_is_rehearsed_then_placed_once(agent: Desk, emma: Membership) -> None:
    item = make_reward(emma.program, left=5)
    path, before = f"memberships/{emma.pk}/order", everything()
    preview = agent.previews(path, **HEADPHONES)
    assert said(preview) == ["2 × Headphones for 200 Miles.", "It waits among the open orders until it is handed over."]
    assert changed(preview)["Miles"] == (1_000, 800)
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    agent.confirms(preview)
    order = RewardOrder.objects.get()
    assert (order.quantity, order.note, order.user_id, left_of(item)) == (2, "gift wrap", agent.user.pk, 3)
    assert ways(receipt)["Take it back: cancel"] == f"/desk/orders/{order.pk}/cancel"
    assert_audit_clean()


def test_only_what_this_membership_may_order_is_offered(agent: Desk, emma: Membership) -> None:
    path = f"memberships/{emma.pk}/order"
    assert said(agent.opens(path, "ineligible")) == ["Nothing is offered to this membership today."]
    make_reward(emma.program, "cup", status="withdrawn")
    make_reward(emma.program, "cap", limit_per_member=1)
    make_reward(emma.program, price=250)
    ordered(emma, "cap")
    page = agent.opens(path)
    assert page.context["form"].fields["reward"].choices == [("headphones", "Headphones \u2013 250 Miles")]


def test_what_the_rule_refuses_is_told_beside_the_form(agent: Desk, emma: Membership) -> None:
    make_reward(emma.program, left=1)
    before = everything()
    page = agent.previews(f"memberships/{emma.pk}/order", **HEADPHONES)
    assert (page.status_code, said(page)) == (422, ["1 of Headphones are left, 2 were asked for."])
    assert everything() == before


def test_vouchers_are_issued_and_their_codes_shown_on_their_own_page_only(agent: Desk, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    receipt = agent.does(f"memberships/{emma.pk}/order", reward="ten-off", quantity="1", note="")
    assert said(receipt) == ["1 × 10 off for 100 Miles.", "A voucher is issued with it."]
    voucher = Voucher.objects.get()
    shown = voucher.code[:4]
    for path in (f"orders/{voucher.order_id}", f"memberships/{emma.pk}"):
        html = agent.client.get(f"/desk/{path}").content.decode()
        assert f"\u2026{voucher.code[-4:]}" in html
        assert f"{shown}-" not in html
        assert voucher.code not in html
    own = agent.client.get(f"/desk/vouchers/{voucher.pk}").content.decode()
    assert re.search(f"{shown}-\\w{{4}}-\\w{{4}}-{voucher.code[-4:]}", own)


def test_an_auditor_sees_the_order_but_no_code(auditor: Desk, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    order = ordered(emma, "ten-off")
    voucher = order.vouchers.get()
    assert auditor.client.get(f"/desk/orders/{order.pk}").status_code == 200
    assert auditor.client.get(f"/desk/vouchers/{voucher.pk}").status_code == 403
    assert auditor.client.get(f"/desk/orders/{order.pk}/cancel").status_code == 403


def test_an_order_is_cancelled_with_points_and_stock_back(agent: Desk, emma: Membership) -> None:
    item = make_reward(emma.program, left=5)
    order = ordered(emma, quantity=3)
    page = agent.client.get(f"/desk/orders/{order.pk}").content.decode()
    assert f"/desk/orders/{order.pk}/cancel" in page
    # Handing over is for who manages rewards.
    assert f"/desk/orders/{order.pk}/fulfil" not in page
    preview = agent.previews(f"orders/{order.pk}/cancel", **WHY)
    assert said(preview) == ["300 points go back to their lots."]
    assert changed(preview) == {"Order": ("ordered", "cancelled"), "Left in stock": (2, 5), "Miles": (700, 1_000)}
    agent.receipt(agent.confirms(preview))
    assert (account_of(emma).balance, left_of(item)) == (1_000, 5)
    assert "At the customer" in agent.client.get(f"/desk/orders/{order.pk}").content.decode()
    assert said(agent.opens(f"orders/{order.pk}/cancel", "ineligible")) == [
        "The order is cancelled. What was handed over is taken back by reversing its posting."
    ]
    assert_audit_clean()


def test_an_open_order_is_found_handed_over_and_gone_from_the_list(supervisor: Desk, emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma)
    listed = supervisor.client.get("/desk/orders").content.decode()
    assert f"/desk/orders/{order.pk}/fulfil" in listed
    assert said(supervisor.does(f"orders/{order.pk}/fulfil")) == ["1 × Headphones was handed over."]
    order.refresh_from_db()
    assert (order.status, order.settled_by_id) == ("fulfilled", supervisor.user.pk)
    assert "Nothing waits to be handed over." in supervisor.client.get("/desk/orders").content.decode()
    assert said(supervisor.opens(f"orders/{order.pk}/fulfil", "ineligible")) == ["The order is fulfilled already."]


def test_a_voucher_is_used_in_part_at_the_desk(agent: Desk, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    voucher = ordered(emma, "ten-off").vouchers.get()
    path = f"vouchers/{voucher.pk}/use"
    preview = agent.previews(path, amount="2.50", reference="receipt 9")
    assert said(preview) == ["2.50 EUR are taken off."]
    assert changed(preview) == {"Voucher": ("issued", "used in part"), "Left on it": ("10.00 EUR", "7.50 EUR")}
    agent.receipt(agent.confirms(preview))
    too_much = agent.previews(path, amount="7.51", reference="receipt 10")
    assert said(too_much) == ["7.50 EUR are left on the voucher, 7.51 were asked for."]
    page = agent.client.get(f"/desk/vouchers/{voucher.pk}").content.decode()
    assert "receipt 9" in page
    assert agent.previews(path, amount="0", reference="receipt 9").status_code == 400


def test_what_a_sale_no_longer_needs_goes_back_to_the_voucher(agent: Desk, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    voucher = ordered(emma, "ten-off").vouchers.get()
    path = f"vouchers/{voucher.pk}/give-back"
    assert said(agent.opens(path, "ineligible")) == ["Nothing was taken from it."]
    assert path not in agent.client.get(f"/desk/vouchers/{voucher.pk}").content.decode()
    used = agent.does(f"vouchers/{voucher.pk}/use", amount="6.00", reference="receipt 9")
    assert path in used.content.decode()
    too_much = agent.previews(path, amount="6.01", reference="receipt 9")
    assert said(too_much) == ["6.00 EUR were taken from the voucher, 6.01 are to be given back."]
    back = agent.previews(path, amount="6.00", reference="receipt 9")
    assert said(back) == ["6.00 EUR are back on it."]
    assert changed(back) == {"Voucher": ("used in part", "issued"), "Left on it": ("4.00 EUR", "10.00 EUR")}
    agent.receipt(agent.confirms(back))
    assert [one.amount for one in voucher.uses.order_by("number")] == [Decimal("6.00"), Decimal("-6.00")]
    assert_audit_clean()


def test_a_voucher_is_cancelled_by_who_manages_rewards(agent: Desk, supervisor: Desk, emma: Membership) -> None:
    make_voucher_reward(emma.program)
    voucher = ordered(emma, "ten-off").vouchers.get()
    assert agent.client.get(f"/desk/vouchers/{voucher.pk}/cancel").status_code == 403
    told = said(supervisor.does(f"vouchers/{voucher.pk}/cancel", reason_code="abuse"))
    assert told == ["The voucher ends; 10.00 EUR that were left on it are gone."]
    assert said(supervisor.opens(f"vouchers/{voucher.pk}/use", "ineligible")) == ["The voucher is cancelled."]


def test_the_catalog_shows_stock_conditions_and_what_waits(agent: Desk, supervisor: Desk, emma: Membership) -> None:
    item = make_reward(emma.program, left=2, limit_per_member=2)
    make_reward(emma.program, "cup", status="draft")
    ordered(emma, quantity=2)
    page = agent.client.get("/desk/rewards?program=miles").content.decode()
    for text in ("Headphones", "at most 2 each", "1 open", "none", "draft"):
        assert text in page
    edit = f"/admin/activities/rewarditem/{item.pk}/change/"
    assert edit not in page
    assert edit in supervisor.client.get("/desk/rewards?program=miles").content.decode()


def test_pages_of_another_program_do_not_exist(emma: Membership, miles: Program) -> None:
    make_voucher_reward(miles)
    order = ordered(emma, "ten-off")
    stranger = Desk("stella", Role.SUPERVISOR, make_program("sea"))
    paths = [f"orders/{order.pk}{end}" for end in ("", "/cancel", "/fulfil")]
    voucher = order.vouchers.get().pk
    for path in (*paths, f"vouchers/{voucher}", f"vouchers/{voucher}/use", f"memberships/{emma.pk}/order"):
        assert stranger.client.get(f"/desk/{path}").status_code == 404, path
    assert "10 off" not in stranger.client.get("/desk/orders").content.decode()


def test_the_posting_of_an_order_leads_to_it_and_offers_no_reversal(supervisor: Desk, emma: Membership) -> None:
    make_reward(emma.program)
    order = ordered(emma)
    page = supervisor.client.get(f"/desk/postings/{order.posting_id}").content.decode()
    assert f"/desk/orders/{order.pk}" in page
    assert "It pays an order: cancel that." in page
    assert f"/desk/postings/{order.posting_id}/reverse" not in page
