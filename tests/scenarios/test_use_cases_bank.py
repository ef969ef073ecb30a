"""A bank's three programs: one customer in all of them, earning and spending across them, told of each by itself."""

from datetime import timedelta
from typing import NamedTuple

import pytest

from customers.models import Message
from programs.models import ExpiryPolicy, Program

from .marketing import everything_at, gave, kinds, notice, open_club, per, rule, tier_of
from .telling import Caller, days_from_now, later, run


class Bank(NamedTuple):
    personal: Program
    business: Program
    card: Program


@pytest.fixture
def bank(transactional_db: None) -> Bank:
    """Premier goes by the balance of the account, Gold Card by a rule; card points end after 60 days."""
    personal = open_club(
        "personal-banking", "Personal Banking", "Banking points", rungs=[("Standard", 0), ("Premier", 25_000)],
        attribute="balance",
    )  # fmt: skip
    business = open_club("business-banking", "Business Banking", "Business points")
    ending = {"expiry_policy": ExpiryPolicy.AFTER_DAYS, "expiry_length": 60}
    card = open_club(
        "credit-card", "Credit Card Rewards", "Card points", of_points=ending, rungs=[("Classic", 0), ("Gold Card", 0)]
    )
    kinds(personal, "direct-deposit")
    kinds(business, "payroll")
    deposited = {"do": "set_attribute", "attribute": "balance", "expression": "activity.attributes.balance"}
    rule(personal, "deposit", per(1, "10.00"), deposited, types=["direct-deposit"])
    rule(business, "payroll", per(1, "10.00"), types=["payroll"])
    rule(card, "base", per(1))
    gold = {"do": "change_tier", "group": "class", "tier": "gold-card"}
    rule(card, "gold", gold, condition="activity.amount >= 1000")
    notice(card, "points_expire", "{{ program }}: {{ points }} end", "{{ points }} {{ point_type }}.", days_before=10)
    for program in (personal, card):
        notice(program, "statement", "{{ program }} in {{ month }}", "{{ opening }}/{{ earned }}/{{ closing }}")
    return Bank(personal, business, card)


@pytest.fixture
def portal(bank: Bank) -> Caller:
    return everything_at("portal", *bank)


@pytest.fixture
def sarah(portal: Caller, bank: Bank) -> tuple[int, list[int]]:
    return joined(portal, bank, "Sarah", wants_letters=True)


def joined(portal: Caller, bank: Bank, name: str, *, wants_letters: bool) -> tuple[int, list[int]]:
    wishes = {"email": f"{name}@example.com".lower(), "preferences": {"email": wants_letters}}
    customer = portal.does("customers", kind="person", first_name=name, last_name="Mitchell", **wishes)["id"]
    asked = [{"program": one.code, "accept_terms": True} for one in bank]
    return customer, [one["id"] for one in portal.does("enrollments", customer=customer, enrollments=asked)["results"]]


def test_each_relationship_earns_by_itself_and_one_sale_earns_here_and_is_paid_there(
    bank: Bank, portal: Caller, sarah: tuple[int, list[int]]
) -> None:
    customer, (personal, business, card) = sarah
    deposit = {"type": "direct-deposit", "membership": personal, "currency": "EUR"}
    portal.does("activities", amount="2400.00", attributes={"balance": 24_999}, **deposit)
    assert tier_of(portal, personal) == "standard"
    portal.does("activities", amount="100.00", attributes={"balance": 25_000}, **deposit)
    assert tier_of(portal, personal) == "premier"
    items = [{"type": "payroll", "membership": business, "amount": f"{amount}.00"} for amount in (5_000, 3_009)]
    assert [one["status"] for one in portal.does("activities", status=200, items=items)["results"]] == [201, 201]

    sale = {"amount": "1000.00", "currency": "EUR", "membership_id": card}
    paid = {"membership_id": personal, "points": 200}
    bought = portal.does("transactions", reference="C-1", redeem=paid, **sale)
    assert gave(bought) == [("base", 1_000), ("gold", 0)]
    assert tier_of(portal, card) == "gold-card"
    shown = portal.reads(f"customers/{customer}/memberships")["results"]
    assert {one["program"]: one["balances"][0]["balance"] for one in shown} == {
        "personal-banking": 50, "business-banking": 800, "credit-card": 1_000,
    }  # fmt: skip
    assert portal.lines_of(personal) == [("earn", 240, 240), ("earn", 10, 250), ("redeem", -200, 50)]
    assert portal.lines_of(card) == [("earn", 1_000, 1_000)]

    # The card's unit sees its own program; what is paid elsewhere takes a right there.
    unit = everything_at("card-unit", bank.card)
    assert [one["program"] for one in unit.reads(f"customers/{customer}/memberships")["results"]] == ["credit-card"]
    unit.is_refused("transactions", 404, "not_found", reference="C-2", redeem=paid, **sale)
    portal.is_refused(
        f"memberships/{business}/transfer-points", 422, "different_program", to_membership=personal, points=1
    )
    owed = {one.code: portal.reads(f"programs/{one.code}/liability")["point_types"][0]["closing"] for one in bank}
    assert owed == {"personal-banking": 50, "business-banking": 800, "credit-card": 1_000}


def test_she_is_told_of_each_program_by_itself_and_who_wants_no_letters_gets_none(
    bank: Bank, portal: Caller, sarah: tuple[int, list[int]]
) -> None:
    customer, (personal, _, card) = sarah
    tom, (*_, toms) = joined(portal, bank, "Tom", wants_letters=False)
    for reference, membership in (("C-1", card), ("C-2", toms)):
        portal.does("transactions", reference=reference, amount="120.00", currency="EUR", membership_id=membership)
    deposit = {"type": "direct-deposit", "membership": personal, "currency": "EUR", "attributes": {"balance": 1}}
    portal.does("activities", amount="50.00", **deposit)
    bought_on = days_from_now(bank.card, 0)

    # The statements of a month once it is over; a rehearsal writes none.
    second = (bought_on.replace(day=1) + timedelta(days=32)).replace(day=2)
    later(*bank, days=(second - bought_on).days)
    assert "credit-card: 1 would be written, 1 not to be sent." in run("send_notices", "--dry-run")
    assert letters(customer) == []
    for _ in range(2):
        run("send_notices")
    assert sorted(letters(customer)) == [("credit-card", "0/120/120"), ("personal-banking", "0/5/5")]

    # Ten days before card points end, of this program only.
    later(*bank, days=(bought_on + timedelta(days=55) - second).days)
    for _ in range(2):
        run("send_notices")
    assert [line for line in letters(customer) if "Card points" in line[1]] == [("credit-card", "120 Card points.")]
    assert letters(tom) == []


def letters(customer: int) -> list[tuple[str, str]]:
    """(program, what it says between greeting and member number) of every letter that waits."""
    found = Message.objects.filter(customer=customer, purpose="notice", status="waiting").select_related("program")
    return [(one.program.code, (one.body or "").split("\n\n")[1]) for one in found if one.program is not None]
