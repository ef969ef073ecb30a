"""An airline and the alliance it flies in: two programs, partners who report by file, tiers that count in both."""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from activities.models import RewardRule
from common import clock
from programs.models import Program

from .marketing import (
    because,
    benefit,
    benefits_of,
    everything_at,
    gave,
    kinds,
    open_club,
    partner,
    per,
    reciprocal,
    reward,
    rewritten,
    rule,
    tier_of,
)
from .telling import Caller, attempted, later

MILES = "int(activity.attributes.miles)"


class Sky(NamedTuple):
    airline: Program
    alliance: Program
    bonus: RewardRule
    card: RewardRule


@pytest.fixture
def sky(transactional_db: None) -> Sky:
    """A mile flown gives a mile; Gold and above half as much again. A tier of one opens lounges of the other."""
    airline = open_club(
        "skyconnect", "SkyConnect Rewards", "SkyMiles", rungs=[("Blue", 0), ("Gold", 5_000), ("Platinum", 20_000)],
        qualifying="Tier miles", late_grace=timedelta(days=30),
    )  # fmt: skip
    alliance = open_club(
        "global-wings", "Global Wings", "Alliance points", rungs=[("Base", 0), ("Gold", 4_000)],
        qualifying="Alliance status",
    )  # fmt: skip
    kinds(airline, "flight", "hotel-stay", "card-spend")
    kinds(alliance, "flight")
    partner(airline, "grand-hotels")
    flown = {"do": "credit", "expression": MILES}
    rule(airline, "flown", flown, flown | {"point_type": "tier-miles"}, types=["flight"], priority=9)
    bonus = rule(airline, "bonus", {"do": "multiply", "factor": "1.5"}, types=["flight"], condition="rank.class >= 1")
    stay = per(500, "100.00")
    rule(airline, "stays", stay, types=["hotel-stay"], condition='activity.partner == "grand-hotels"')
    ratio = {"do": "credit", "expression": "activity.amount / activity.attributes.per_mile"}
    card = rule(airline, "card", ratio, types=["card-spend"])
    rule(airline, "duty-free", per(1, "2.00"))
    rule(alliance, "flown", flown, flown | {"point_type": "alliance-status"}, types=["flight"])
    lounge = benefit(airline, "lounge", "gold", "platinum")
    benefit(airline, "extra-bag", "platinum")
    alliance_lounge = benefit(alliance, "alliance-lounge", "gold")
    reciprocal(lounge, alliance, "gold")
    reciprocal(alliance_lounge, airline, "platinum")
    reward(airline, "upgrade", 3_000, stock=1)
    return Sky(airline, alliance, bonus, card)


@pytest.fixture
def desk(sky: Sky) -> Caller:
    return everything_at("check-in", sky.airline, sky.alliance)


@pytest.fixture
def aisha(desk: Caller) -> tuple[int, int]:
    """Her membership at the airline and in the alliance."""
    customer = desk.does("customers", kind="person", first_name="Aisha", last_name="Osman")["id"]
    asked = [{"program": code, "accept_terms": True} for code in ("skyconnect", "global-wings")]
    airline, alliance = desk.does("enrollments", customer=customer, enrollments=asked)["results"]
    return airline["id"], alliance["id"]


def flies(desk: Caller, membership: int, miles: Any, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = desk.does(
        "activities", type="flight", membership=membership, attributes={"miles": miles}, **more
    )
    return answer


def now(program: Program) -> datetime:
    program.refresh_from_db()
    return clock.program_now(program)


def reported(file: Path, *lines: tuple[str, str, datetime, str, str]) -> str:
    """A partner's file of (type, member number, when, amount, miles an amount is worth)."""
    with file.open("w", newline="") as text:
        rows = csv.writer(text)
        rows.writerow(["type", "member_number", "occurred_at", "amount", "attr:per_mile:number"])
        rows.writerows([type_, who, at.isoformat(), amount, per_mile] for type_, who, at, amount, per_mile in lines)
    return str(file)


def test_flights_earn_in_each_program_by_itself_and_tiers_open_lounges_in_both(
    sky: Sky, desk: Caller, aisha: tuple[int, int]
) -> None:
    airline, alliance = aisha
    first = flies(desk, airline, 5_600)
    assert gave(first) == [("flown", 5_600), ("flown", 5_600)]
    assert tier_of(desk, airline) == "gold"
    # The benefit of a tier is the airline's; the alliance looks at its own tier and at Platinum only.
    assert benefits_of(desk, airline) == {"lounge": {"tier"}}
    assert benefits_of(desk, alliance) == {}

    second = flies(desk, airline, 1_001)
    assert gave(second) == [("flown", 1_001), ("flown", 1_001), ("bonus", 500)]
    assert because(second, "bonus") == [
        "Bonus, version 1, gave 500 SkyMiles more because 1.5 times the 1,001 given before."
    ]
    assert gave(flies(desk, alliance, 3_999)) == [("flown", 3_999), ("flown", 3_999)]
    assert tier_of(desk, alliance) == "base"
    flies(desk, alliance, 1)
    assert benefits_of(desk, alliance) == {"alliance-lounge": {"tier"}}
    assert desk.points_of(airline) == {"skymiles": 7_101, "tier-miles": 6_601}
    assert desk.points_of(alliance) == {"alliance-points": 4_000, "alliance-status": 4_000}

    # John flies with partners only: Gold there opens the airline's lounge, and nothing else of it.
    john = desk.does("customers", kind="person", first_name="John", last_name="Miller")["id"]
    asked = [{"program": code, "accept_terms": True} for code in ("skyconnect", "global-wings")]
    his, his_alliance = (one["id"] for one in desk.does("enrollments", customer=john, enrollments=asked)["results"])
    flies(desk, his_alliance, 4_000)
    assert (tier_of(desk, his), benefits_of(desk, his)) == ("blue", {"lounge": {"reciprocal"}})
    desk.does(f"memberships/{his_alliance}/suspend", status=200, reason="papers")
    assert benefits_of(desk, his_alliance) == {}
    desk.is_refused("reward-orders", 422, "insufficient_points", membership=his, reward="upgrade")
    flies(desk, airline, 14_000)
    assert benefits_of(desk, airline) == {"lounge": {"tier", "reciprocal"}, "extra-bag": {"tier"}}
    assert benefits_of(desk, alliance) == {"alliance-lounge": {"tier", "reciprocal"}}


def test_a_sale_on_board_earns_with_the_airline_and_is_paid_with_points_of_the_alliance(
    sky: Sky, desk: Caller, aisha: tuple[int, int]
) -> None:
    airline, alliance = aisha
    flies(desk, alliance, 3_000)
    sale = {"amount": "81.00", "currency": "EUR", "membership_id": airline}
    paid = {"membership_id": alliance, "points": 3_001}
    desk.is_refused("transactions", 422, "insufficient_points", reference="D-1", redeem=paid, **sale)
    sold = desk.does("transactions", reference="D-1", redeem=paid | {"points": 2_500}, **sale)
    assert sorted(sold["memberships"]) == sorted([airline, alliance])
    assert [(one["membership"], one["type"]) for one in sold["activities"]] == [
        (alliance, "redeem"), (airline, "purchase"),
    ]  # fmt: skip
    assert gave(sold) == [("duty-free", 40)]
    assert (desk.points_of(airline)["skymiles"], desk.points_of(alliance)["alliance-points"]) == (40, 500)

    # Somebody else's points pay with a card that person holds, and not without.
    stranger = desk.does("customers", kind="person", first_name="Ben", last_name="Cole")["id"]
    bens = desk.does("memberships", program="skyconnect", customer=stranger, accept_terms=True)["id"]
    other = {"amount": "10.00", "currency": "EUR", "membership_id": bens, "reference": "D-2"}
    hers = {"membership_id": alliance, "points": 100}
    desk.is_refused("transactions", 422, "card_needed", redeem=hers, **other)
    (card,) = desk.reads(f"memberships/{alliance}/cards")["results"]
    desk.does("transactions", redeem=hers | {"card_number": card["number"]}, **other)
    assert (desk.points_of(bens)["skymiles"], desk.points_of(alliance)["alliance-points"]) == (5, 400)

    # All of it comes back: earned points are taken, paid ones given back, each where it was.
    back = desk.does(f"transactions/{sold['id']}/returns", reference="D-1-B")
    assert (back["in_full"], {one["membership"] for one in back["reversed"]}) == (True, {airline, alliance})
    assert (desk.points_of(airline)["skymiles"], desk.points_of(alliance)["alliance-points"]) == (0, 2_900)


def test_what_partners_report_by_file_waits_for_the_rules_and_what_fails_is_set_right(
    sky: Sky, desk: Caller, aisha: tuple[int, int], tmp_path: Path
) -> None:
    airline, _ = aisha
    who, at = desk.reads(f"memberships/{airline}")["number"], now(sky.airline)
    file = reported(
        tmp_path / "june.csv",
        ("hotel-stay", who, at, "350.00", ""),
        ("card-spend", who, at, "90.00", "0"),
        ("card-spend", who, at, "90.00", "1.5"),
        ("hotel-stay", "SKY404", at, "100.00", ""),
    )
    take = ("import_activities", "skyconnect", file, "--partner", "grand-hotels")
    rehearsed = "4 lines: 3 received, 1 refused. Nothing was written: this was a rehearsal."
    assert attempted(*take, "--dry-run") == (1, rehearsed)
    assert attempted(*take) == (1, "4 lines: 3 received, 1 refused.")
    assert attempted(*take) == (1, "4 lines: 3 received, 1 refused; 4 of them by an earlier run.")
    assert desk.points_of(airline)["skymiles"] == 0

    told = "skyconnect: 2 processed, 1 failed and wait of 3."
    assert attempted("process_activities", "skyconnect") == (1, told)
    assert desk.points_of(airline)["skymiles"] == 1_500 + 60
    failed = stuck(desk, airline)
    assert failed["problem"]["rule"] == "card"
    assert attempted("process_activities", "skyconnect") == (0, "")

    # The card's rule is set right; the stays of that day are judged as they were.
    path = f"activities/{failed['id']}/reprocess"
    assert desk.does(path, status=200)["status"] == "failed"
    ratio = {"do": "credit", "expression": "activity.amount / max(activity.attributes.per_mile, 1)"}
    rewritten(sky.card, ratio)
    again = desk.does(path, status=200)
    assert (again["status"], [(one["rule"], one["version"]) for one in again["effects"]]) == (
        "processed",
        [("card", 2)],
    )
    desk.is_refused(path, 409, "not_failed")
    assert desk.points_of(airline)["skymiles"] == 1_650
    assert desk.points_of(airline)["tier-miles"] == 0


def test_a_flight_told_late_is_judged_by_the_rules_and_the_tier_of_its_day(
    sky: Sky, desk: Caller, aisha: tuple[int, int]
) -> None:
    airline, _ = aisha
    later(sky.airline, days=1)
    flown_at = now(sky.airline).isoformat()
    later(sky.airline, days=1)
    rewritten(sky.bonus, {"do": "multiply", "factor": "2.0"}, condition="true")
    flies(desk, airline, 5_000)
    assert tier_of(desk, airline) == "gold"

    # Two days ago the bonus was half as much again, and she was Blue.
    late = flies(desk, airline, 100, occurred_at=flown_at)
    assert (late["late"], gave(late)) == (True, [("flown", 100), ("flown", 100)])
    today = flies(desk, airline, 100)
    assert gave(today) == [("flown", 100), ("flown", 100), ("bonus", 100)]
    assert because(today, "bonus")[0].startswith("Bonus, version 2, gave 100 SkyMiles more")
    desk.is_refused(
        "activities", 422, "event_time_out_of_range", type="flight", membership=airline,
        occurred_at=(now(sky.airline) - timedelta(days=31)).isoformat(),
    )  # fmt: skip

    # What it spends on: a reward once, while there is one.
    desk.does("reward-orders", membership=airline, reward="upgrade")
    desk.is_refused("reward-orders", 422, "out_of_stock", membership=airline, reward="upgrade")
    # 5,000 with the bonus doubled.
    assert desk.points_of(airline)["skymiles"] == 10_000 + 100 + 200 - 3_000


def stuck(desk: Caller, membership: int) -> dict[str, Any]:
    """The one activity that failed."""
    shown = desk.reads(f"memberships/{membership}/activities")["results"]
    (one,) = [each for each in shown if each["status"] == "failed"]
    return dict(one)
