"""FashionCorp: three brands, each with a program of its own, and customers who shop at one, two or all of them."""

import csv
from decimal import Decimal
from io import StringIO
from typing import Any, NamedTuple

import pytest
from django.test import Client

from activities.analytics.overlap import overlap_of
from activities.analytics.programs import analysis_of
from activities.campaigns import create_campaign, put_on_list, start_campaign
from programs.models import Program
from staff.models import Role
from tests.factories import ACTOR

from . import telling
from .marketing import because, everything_at, gave, open_club, per, rule, tier_of
from .telling import Caller, days_from_now

RUNGS = (("Bronze", 0), ("Silver", 50), ("Gold", 200))


class Brands(NamedTuple):
    urban: Program
    executive: Program
    active: Program


@pytest.fixture
def brands(transactional_db: None) -> Brands:
    """Sneakers count double at UrbanWear, whose first purchase is welcomed; who is Silver at Executive Style gets half
    as much again; ActiveLife gives two for each 1.00."""
    open_ = {
        code: open_club(code, name, points, rungs=RUNGS, qualifying=f"{points} status", business_unit=unit)
        for code, name, points, unit in (
            ("urbanwear", "UrbanWear Loyalty", "Style points", "UrbanWear"),
            ("executive-style", "Executive Style Club", "Club points", "Executive Style"),
            ("activelife", "ActiveLife Rewards", "Active points", "ActiveLife"),
        )
    }
    urban, executive, active = open_.values()
    for program, points in ((urban, 1), (executive, 1), (active, 2)):
        rule(program, "base", per(points), priority=9)
    for program, code in ((urban, "style"), (executive, "club")):
        rule(program, "status", per(1, "5.00", point_type=f"{code}-points-status"), priority=8)
    rule(urban, "welcome", {"do": "credit", "points": 100}, caps=[{"scope": "member", "times": 1}], priority=7)
    sneakers = per(2, of="items", categories=["sneakers"])
    rule(urban, "sneakers", sneakers, caps=[{"scope": "day", "points": 300}], priority=6)
    rule(executive, "half-more", {"do": "multiply", "factor": "1.5"}, condition="rank.class >= 1")
    return Brands(urban, executive, active)


@pytest.fixture
def group(brands: Brands) -> Caller:
    """FashionCorp's own system, which sees all brands."""
    return everything_at("fashioncorp")


@pytest.fixture
def tills(brands: Brands) -> list[Caller]:
    return [everything_at(f"till-{one.code}", one) for one in brands]


def joined(group: Caller, name: str, *programs: Program) -> tuple[int, list[int]]:
    """A new customer who accepts the terms of each of these programs by itself, and the memberships."""
    first, last = name.split()
    customer = group.does("customers", kind="person", first_name=first, last_name=last)["id"]
    each = [{"program": one.code, "accept_terms": True} for one in programs]
    made = group.does("enrollments", customer=customer, enrollments=each)["results"]
    assert {one["number"][:3] for one in made} == {one.code[:3].upper() for one in programs}
    return customer, [one["id"] for one in made]


def sold(till: Caller, membership: int, reference: str, *items: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A sale of (category, amount)."""
    lines = [{"category": category, "sku": f"{category}-1", "amount": amount} for category, amount in items]
    answer: dict[str, Any] = till.does(
        "transactions", reference=reference, currency="EUR", items=lines, membership_id=membership, **more
    )
    return answer


def test_emma_shops_at_three_brands_each_by_rules_of_its_own(
    brands: Brands, group: Caller, tills: list[Caller]
) -> None:
    emma, (urban, executive, active) = joined(group, "Emma Rodriguez", *brands)
    at_urban, at_executive, at_active = tills

    first = sold(at_urban, urban, "U-1", ("sneakers", "120.00"), ("shirts", "60.00"))
    assert gave(first) == [("base", 180), ("status", 36), ("welcome", 100), ("sneakers", 240)]
    assert because(first, "base") == [
        "Base, version 1, gave 180 Style points because 180.00 were paid, 1 for each 1.00."
    ]
    assert because(first, "sneakers") == [
        "Sneakers, version 1, gave 240 Style points because 120.00 were paid for sneakers, 2 for each 1.00."
    ]
    second = sold(at_urban, urban, "U-2", ("sneakers", "90.00"))
    assert gave(second) == [("base", 90), ("status", 18), ("sneakers", 60)]
    assert because(second, "sneakers")[0].endswith("of 180 only 60 were left by the most of a day.")
    assert tier_of(group, urban) == "silver"

    assert gave(sold(at_executive, executive, "E-1", ("suits", "420.00"))) == [("base", 420), ("status", 84)]
    assert gave(sold(at_executive, executive, "E-2", ("ties", "60.00"))) == [
        ("base", 60), ("status", 12), ("half-more", 30),
    ]  # fmt: skip
    assert gave(sold(at_active, active, "A-1", ("yoga", "45.50"))) == [("base", 90)]

    # No brand reaches into another one's program, and each is spent by itself.
    at_urban.is_refused("transactions", 404, "not_found", reference="U-3", membership_id=executive)
    at_executive.is_refused(f"memberships/{executive}/redeem-points", 422, "insufficient_points", points=511)
    at_executive.does(f"memberships/{executive}/redeem-points", points=500)
    assert group.points_of(urban) == {"style-points": 670, "style-points-status": 54}
    assert group.points_of(executive) == {"club-points": 10, "club-points-status": 96}
    assert group.points_of(active) == {"active-points": 90, "active-points-status": 0}

    told = group.reads(f"customers/{emma}/transactions")
    assert [(one["reference"], one["program"]) for one in told["results"]] == [
        ("A-1", "activelife"), ("E-2", "executive-style"), ("E-1", "executive-style"), ("U-2", "urbanwear"),
        ("U-1", "urbanwear"),
    ]  # fmt: skip
    assert [(one["purchases"], one["net"]) for one in told["totals"]] == [(5, "795.50")]
    each = {one["program"]: one["totals"][0]["net"] for one in told["per_membership"]}
    assert each == {"urbanwear": "270.00", "executive-style": "480.00", "activelife": "45.50"}
    (seen,) = at_active.reads(f"customers/{emma}/transactions")["results"]
    assert seen["reference"] == "A-1"


def test_a_sale_comes_back_in_parts_and_so_do_its_points_and_the_tier(
    brands: Brands, group: Caller, tills: list[Caller]
) -> None:
    _, (urban,) = joined(group, "Emma Rodriguez", brands.urban)
    sale = sold(tills[0], urban, "U-1", ("sneakers", "120.00"), ("shirts", "150.00"))
    assert gave(sale) == [("base", 270), ("status", 54), ("welcome", 100), ("sneakers", 240)]
    assert tier_of(group, urban) == "silver"

    # 120 of 270: 120 + 44 + 106 points, each part rounded as it was given.
    path = f"transactions/{sale['id']}/returns"
    back = tills[0].does(path, reference="U-1-B", items=[{"line": 1}])
    assert (back["amount"], back["in_full"]) == ("120.00", False)
    assert group.points_of(urban) == {"style-points": 340, "style-points-status": 30}
    assert tier_of(group, urban) == "bronze"

    tills[0].is_refused(path, 422, "return_too_large", reference="U-1-C", amount="150.01")
    tills[0].is_refused(path, 422, "unknown_item", reference="U-1-C", items=[{"sku": "hats-1"}])
    assert tills[0].does(path, reference="U-1-C", items=[{"sku": "shirts-1"}])["in_full"] is True
    assert group.points_of(urban) == {"style-points": 0, "style-points-status": 0}
    tills[0].is_refused(path, 422, "already_returned", reference="U-1-D")
    assert [(kind, amount) for kind, amount, _ in group.lines_of(urban)] == [
        ("earn", 610), ("earn", 54), ("reverse", -270), ("reverse", -24), ("reverse", -340), ("reverse", -30),
    ]  # fmt: skip


def test_offers_for_who_shops_at_several_brands_and_what_the_group_learns_of_the_others(
    brands: Brands, group: Caller, tills: list[Caller]
) -> None:
    people = {
        name: joined(group, name, *programs)
        for name, programs in (
            ("Emma Rodriguez", brands),
            ("Carlos Vega", (brands.urban,)),
            ("Ann Lee", (brands.urban, brands.executive)),
        )
    }
    found = overlap_of([one.pk for one in brands])
    assert found.by_count() == {1: 1, 2: 1, 3: 1}
    assert found.both(brands.urban.pk, brands.active.pk) == 1
    assert found.only(brands.urban.pk, not_in=brands.active.pk) == 2
    assert found.only(brands.active.pk, not_in=brands.urban.pk) == 0

    # Whoever could be won for ActiveLife, as a list for its manager; the names are masked.
    manager = telling.staff("mona", Role.PROGRAM_MANAGER).client
    rows = sheet(manager, "analytics/missing.csv?in=urbanwear&not_in=activelife")
    numbers = {name: group.reads(f"customers/{customer}")["number"] for name, (customer, _) in people.items()}
    assert {one["customer_number"] for one in rows} == {numbers["Carlos Vega"], numbers["Ann Lee"]}

    # At UrbanWear, members of ActiveLife too get 50 with each purchase of the week, as long as the budget lasts.
    listed = [group.reads(f"memberships/{people['Emma Rodriguez'][1][0]}")["number"]]
    campaign = create_campaign(
        brands.urban, actor=ACTOR, code="both", name="For members of both", eligibility="list", point_budget=80,
        valid_from=days_from_now(brands.urban, 0), valid_until=days_from_now(brands.urban, 6),
    )  # fmt: skip
    assert put_on_list(campaign, actor=ACTOR, numbers=[*listed, "URB000"]) == (1, ["URB000"])
    rule(brands.urban, "both", {"do": "credit", "points": 50}, group="offers", campaign=campaign)
    start_campaign(campaign, actor=ACTOR, why="autumn")
    emma, carlos = people["Emma Rodriguez"][1][0], people["Carlos Vega"][1][0]
    assert ("both", 50) in gave(sold(tills[0], emma, "U-1", ("shirts", "10.00")))
    assert "both" not in dict(gave(sold(tills[0], carlos, "U-2", ("shirts", "10.00"))))
    last = sold(tills[0], emma, "U-3", ("shirts", "10.00"))
    assert because(last, "both") == [
        "Both, version 1, gave 30 Style points because of 50 only 30 were left by the budget of the campaign."
    ]
    assert "both" not in dict(gave(sold(tills[0], emma, "U-4", ("shirts", "10.00"))))

    figures = analysis_of(brands.urban)
    assert (figures.memberships, figures.sales, str(figures.revenue)) == (3, 4, "40.00")
    assert figures.earned == Decimal("3.20")
    lines = {one["customer_number"]: one for one in sheet(manager, "analytics/customers.csv")}
    assert lines[numbers["Emma Rodriguez"]]["purchases"] == "30.00 EUR"
    assert lines[numbers["Emma Rodriguez"]]["points_earned_value"] == "2.10 EUR"
    assert [lines[number]["programs"] for number in numbers.values()] == ["3", "1", "2"]


def sheet(client: Client, path: str) -> list[dict[str, str]]:
    answer: Any = client.get(f"/desk/reports/{path}")
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text)))
