"""What the programs of the use cases give for what: activity types, rules, rewards, and words to tell it, as values."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Action = dict[str, Any]


@dataclass(frozen=True)
class RulePlan:
    """`first`: asked before the others, whose factors multiply what it gave."""

    code: str
    name: str
    types: tuple[str, ...]
    actions: tuple[Action, ...]
    condition: str = ""
    caps: tuple[Action, ...] = ()
    first: bool = False
    campaign: bool = False


@dataclass(frozen=True)
class RewardPlan:
    code: str
    name: str
    price: int
    kind: str = "product"
    face: Decimal | None = None
    stock: int | None = None
    tier: str | None = None


@dataclass(frozen=True)
class MarketingPlan:
    """`types`: activity types of its own, by code. `attributes`: code, name, type. `benefits`: the lowest
    tier that has it, code, name."""

    program: str
    rules: tuple[RulePlan, ...]
    types: dict[str, str] = field(default_factory=dict)
    rewards: tuple[RewardPlan, ...] = ()
    attributes: tuple[tuple[str, str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    partners: tuple[tuple[str, str], ...] = ()
    benefits: tuple[tuple[str, str, str], ...] = ()
    campaign: str = ""


def per(points: int, step: str = "1.00", **values: Any) -> Action:
    """So many points for each step of money."""
    return {"do": "credit", "per": step, "points": points} | values


def bought(points: int, step: str = "1.00", *types: str) -> RulePlan:
    words = f"{points} for every {step}"
    return RulePlan("base", f"Base points: {words}", types or ("purchase",), (per(points, step),), first=True)


def flown(kind: str, name: str) -> RulePlan:
    """As many points as miles."""
    action = {"do": "credit", "expression": 'int(activity.attributes["miles"])'}
    return RulePlan(f"miles-{kind}", name, (kind,), (action,), condition="has(activity.attributes.miles)", first=True)


def status(points: str, step: str) -> RulePlan:
    return RulePlan(
        "status", f"Status for purchases: 1 for every {step}", ("purchase",), (per(1, step, point_type=points),)
    )


SHOPS = ("Main Street", "Mall")
IN_SHOPS = "activity.location in [" + ", ".join(f'"{shop}"' for shop in SHOPS) + "]"
NEW = RulePlan(
    "welcome", "Welcome: 100 with the first purchase in a shop", ("purchase",), ({"do": "credit", "points": 100},),
    condition=IN_SHOPS, caps=({"scope": "member", "times": 1},),
)  # fmt: skip
VIP = RulePlan(
    "vip", "Friends of the house get a quarter more", ("purchase",), ({"do": "multiply", "factor": "1.25"},),
    condition='labels.exists(one, one in ["friend"])',
)  # fmt: skip
VISITS = RulePlan(
    "visits", "Count visits to shops", ("purchase",),
    ({"do": "add_to_attribute", "attribute": "visits", "amount": "1"},),
    condition=IN_SHOPS,
)  # fmt: skip
FRIEND = (("friend", "Friend of the house"),)
COUNTED = (("visits", "Visits to shops", "number"),)

FASHION = (
    MarketingPlan(
        "urbanwear",
        (
            bought(1), status("style-status", "5.00"), NEW, VIP, VISITS,
            RulePlan(
                "sneakers", "Sneaker weeks: two more for every 1.00 of sneakers", ("purchase",),
                (per(2, of="items", categories=["sneakers"]),), caps=({"scope": "day", "points": 500},), campaign=True,
            ),
        ),
        rewards=(
            RewardPlan("ten-off", "10.00 off at UrbanWear", 1_000, "voucher", Decimal(10)),
            RewardPlan("tote", "Canvas tote", 600, stock=40),
            RewardPlan("fitting", "Evening with a stylist", 2_500, "service", stock=6, tier="Silver"),
        ),
        attributes=COUNTED, labels=FRIEND, benefits=(("Silver", "early-sale", "Early access to sales"),),
        campaign="Sneaker weeks",
    ),
    MarketingPlan(
        "executive-style",
        (bought(1), status("club-status", "5.00"), VIP, NEW),
        rewards=(RewardPlan("tailor", "Alterations by the tailor", 1_500, "service"),),
        labels=FRIEND, benefits=(("Gold", "tailor-visits", "Tailor comes to you"),),
    ),
    MarketingPlan(
        "activelife",
        (bought(1), status("active-status", "5.00"), NEW),
        rewards=(RewardPlan("bottle", "Steel bottle", 400, stock=100),),
    ),
)  # fmt: skip
WHOLESALE = (
    MarketingPlan(
        "basic-access",
        (RulePlan("visits", "Count visits", ("purchase",), VISITS.actions, first=True),),
        attributes=COUNTED,
    ),
    MarketingPlan(
        "premium-plus",
        (
            RulePlan("base", "2 % back on every purchase", ("purchase",), (per(2),), first=True),
            RulePlan(
                "free-delivery", "Free delivery from 250.00", ("purchase",),
                ({"do": "grant_benefit", "benefit": "free-delivery", "days": 30},),
                condition="activity.amount >= 250.0",
            ),
        ),
        rewards=(RewardPlan("twenty-off", "20.00 off", 2_000, "voucher", Decimal(20)),),
        benefits=(("", "free-delivery", "Free delivery"), ("", "exclusive", "Exclusive products")),
    ),
)  # fmt: skip
AIRLINES = (
    MarketingPlan(
        "skyconnect",
        (flown("flight", "Miles flown"), flown("hotel-stay", "Partner hotels"), flown("card-spend", "Credit card")),
        types={"flight": "Flight", "hotel-stay": "Hotel stay", "card-spend": "Card spending"},
        rewards=(
            RewardPlan("award-flight", "Award flight in the region", 25_000, "service"),
            RewardPlan("upgrade", "Upgrade to business", 15_000, "service", tier="Gold"),
        ),
        partners=(("grand-hotels", "Grand Hotels"), ("sky-card", "SkyCard")),
        benefits=(("Gold", "lounge", "Lounge"), ("Platinum", "extra-bag", "An extra bag")),
    ),
    MarketingPlan(
        "global-wings",
        (flown("flight", "Miles flown with partner airlines"),),
        types={"flight": "Flight"},
        benefits=(("Gold", "alliance-lounge", "Lounges of the alliance"),),
    ),
)  # fmt: skip
RETAIL = (
    MarketingPlan(
        "year-round",
        (bought(1), status("loyalty-status", "10.00"), NEW),
        rewards=(
            RewardPlan("five-off", "5.00 off", 500, "voucher", Decimal(5)),
            RewardPlan("mug", "Mug", 300, stock=200),
        ),
    ),
    MarketingPlan(
        "summer-bonus", (RulePlan("base", "2 for every 1.00 of summer", ("purchase",), (per(2),), first=True),)
    ),
)
BANK = (
    MarketingPlan(
        "personal-banking",
        (
            bought(1, "10.00", "direct-deposit"),
            RulePlan("bills", "1 for every 2.00 paid", ("bill-pay",), (per(1, "2.00"),), first=True),
        ),
        types={"direct-deposit": "Direct deposit", "bill-pay": "Bill payment"},
        attributes=(("balance", "Account balance", "number"),),
    ),
    MarketingPlan(
        "business-banking",
        (bought(1, "10.00", "merchant-services", "payroll"),),
        types={"merchant-services": "Merchant services", "payroll": "Payroll"},
    ),
    MarketingPlan(
        "credit-card", (bought(1),),
        rewards=(RewardPlan("statement", "25.00 off the statement", 2_500, "voucher", Decimal(25)),),
    ),
)  # fmt: skip

PLANS = (*FASHION, *WHOLESALE, *AIRLINES, *RETAIL, *BANK)
# Whose tier gives a benefit elsewhere: program and benefit, then the other program and its tier.
RECIPROCAL = (
    ("skyconnect", "lounge", "global-wings", "Gold"),
    ("global-wings", "alliance-lounge", "skyconnect", "Platinum"),
)
