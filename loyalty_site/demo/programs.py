"""The seventeen programs of the sample world: those of the use cases, John Chen's three, one sandbox."""

from decimal import Decimal
from typing import Any

from loyalty_site.demo.plan import Ladder, Points, ProgramPlan

CENT, HALF_CENT = Decimal("0.01"), Decimal("0.005")


def months(length: int, rounding: str = "month", **values: Any) -> dict[str, Any]:
    """Points that expire so many months after they were earned, at the end of that month, quarter or year."""
    return {"expiry_policy": "after_months", "expiry_length": length, "expiry_rounding": rounding} | values


METALS = (("Bronze", 0), ("Silver", 500), ("Gold", 2000))

FASHION = (
    ProgramPlan(
        "urbanwear", "UrbanWear Loyalty", "FashionCorp", "#d9480f", "UW-",
        Points("style-points", "Style Points", CENT, months(18)),
        Ladder("tier", "Tier", METALS, Points("style-status", "Style Status")),
    ),
    ProgramPlan(
        "executive-style", "Executive Style Club", "FashionCorp", "#1c3d5a", "ES-",
        Points("club-points", "Club Points", CENT, {"expiry_policy": "inactivity", "expiry_length": 18}),
        Ladder("tier", "Tier", METALS, Points("club-status", "Club Status")),
    ),
    ProgramPlan(
        "activelife", "ActiveLife Rewards", "FashionCorp", "#2b8a3e", "AL-",
        Points("active-points", "Active Points", CENT, months(12, "quarter")),
        Ladder("tier", "Tier", METALS, Points("active-status", "Active Status")),
    ),
)  # fmt: skip
WHOLESALE = (
    ProgramPlan("basic-access", "Basic Access", "Wholesale Club", "#495057", "BASIC-"),
    ProgramPlan(
        "premium-plus", "Premium Plus", "Wholesale Club", "#a61e4d", "PREMIUM-",
        Points("cash-back", "Cash Back Points", CENT, months(24)),
        values={"fee": Decimal("120.00"), "term_months": 12, "auto_renew": True},
    ),
)  # fmt: skip
AIRLINES = (
    ProgramPlan(
        "skyconnect", "SkyConnect Rewards", "SkyConnect Airlines", "#0b7285", "SC",
        Points("skymiles", "SkyMiles", HALF_CENT, months(36, "year", pending_days=14)),
        Ladder(
            "status", "Status", (("Blue", 0), ("Silver", 25_000), ("Gold", 50_000), ("Platinum", 100_000)),
            Points("tier-miles", "Tier Miles"),
        ),
    ),
    ProgramPlan(
        "global-wings", "Global Wings Alliance", "Global Wings", "#5f3dc4", "GWA-",
        Points("alliance-points", "Alliance Points", HALF_CENT, months(24, "quarter")),
        Ladder("status", "Status", (("Base", 0), ("Gold", 40_000)), Points("alliance-status", "Alliance Status")),
    ),
)  # fmt: skip
WORLD_FLYER = ProgramPlan(
    "world-flyer", "World Flyer", "World Flyer Airlines", "#0f5ea8", "WF",
    Points("miles", "Miles", HALF_CENT, months(36, "year")),
    Ladder(
        "world-flyer-plus", "World Flyer Plus", (("Traveller", 0), ("Silver", 20_000), ("Gold", 45_000)),
        Points("plus-miles", "Plus Miles"),
    ),
    second_ladder=Ladder(
        "senator", "Senator", (("Candidate", 0), ("Senator", 60_000), ("Platinum", 90_000)),
        Points("senator-miles", "Senator Miles"),
    ),
)  # fmt: skip
RETAIL = (
    ProgramPlan(
        "year-round", "Year-Round Loyalty", "Retail Chain", "#2f6f4f", "YRL-",
        Points("loyalty-points", "Loyalty Points"),
        Ladder("class", "Member class", (("Member", 0), ("Silver", 1000)), Points("loyalty-status", "Loyalty Status")),
    ),
    ProgramPlan(
        "summer-bonus", "Summer Bonus", "Retail Chain", "#b35c00", "SUM24-",
        Points("summer-points", "Summer Bonus Points", CENT, {"expiry_policy": "on_date"}),
        Ladder("class", "Member class", (("Participant", 0),), fed_by="rules"),
        season_months=4,
    ),
)  # fmt: skip
BANK = (
    ProgramPlan(
        "personal-banking", "Personal Banking Rewards", "Retail Bank, Personal", "#1864ab", "PBR-",
        Points("banking-points", "Banking Points"),
        Ladder(
            "class", "Member class", (("Standard", 0), ("Premier", 25_000)), fed_by="attribute", attribute="balance"
        ),
    ),
    ProgramPlan(
        "business-banking", "Business Banking Rewards", "Retail Bank, Business", "#364152", "BBR-",
        Points("business-points", "Business Points", CENT, months(24)),
        Ladder("class", "Member class", (("Business", 0), ("Business Plus", 0)), fed_by="rules"),
    ),
    ProgramPlan(
        "credit-card", "Credit Card Rewards", "Retail Bank, Cards", "#862e9c", "CCR-",
        Points("card-points", "Card Points", CENT, months(36)),
        Ladder("class", "Member class", (("Classic Card", 0), ("Gold Card", 0)), fed_by="rules"),
    ),
)  # fmt: skip
JOHN_CHENS = (
    ProgramPlan(
        "standard-rewards", "Standard Rewards", "House of Brands", "#364fc7", "LOY-",
        Points("loyalty-points", "Loyalty Points", CENT, months(24)),
        Ladder("class", "Member class", METALS, Points("loyalty-status", "Loyalty Status")),
    ),
    ProgramPlan(
        "vip-club", "VIP Club", "House of Brands", "#9c1f2e", "VIP-",
        Points("vip-points", "VIP Points", CENT, months(24)),
        Ladder("class", "Member class", (("Annual Subscriber", 0),), fed_by="rules"),
        values={"fee": Decimal("99.00"), "term_months": 12},
    ),
    ProgramPlan(
        "partner-rewards", "Partner Rewards", "House of Brands", "#5c4813", "PTR-",
        Points("partner-points", "Partner Points"),
        Ladder("class", "Member class", (("Standard", 0),), fed_by="rules"),
    ),
)  # fmt: skip
SANDBOX = ProgramPlan(
    "sandbox", "Sandbox Rewards", "Test systems", "#0f766e", "TEST-",
    Points("test-points", "Test Points", CENT, {"expiry_policy": "after_days", "expiry_length": 30}),
    values={"is_sandbox": True},
)  # fmt: skip

PROGRAMS = (*FASHION, *WHOLESALE, *AIRLINES, WORLD_FLYER, *RETAIL, *BANK, *JOHN_CHENS, SANDBOX)
