"""A program's words without a database: SkyConnect with a ladder, attributes and labels."""

from activities.rules.vocabulary import Attribute, Ladder, Vocabulary
from programs.models import AttributeType

SKY = Vocabulary(
    currency="EUR",
    activity_types={"purchase": "Purchase", "return": "Return", "flight": "Flight", "redeem": "Redeem"},
    point_types={"miles": "Miles", "tier-miles": "Tier Miles"},
    default_type="miles",
    ladders={
        "ladder": Ladder("World Flyer", {"blue": "Blue", "gold": "Gold"}, {"blue": 0, "gold": 1}),
        "over-60": Ladder("Senator", {"senator": "Senator"}, {"senator": 3}),
    },
    attributes={
        "visits": Attribute("Visits", AttributeType.NUMBER),
        "home-store": Attribute("Home store", AttributeType.TEXT),
        "size": Attribute("Size", AttributeType.CHOICE, ("S", "M")),
        "student": Attribute("Student", AttributeType.FLAG),
        "graduated": Attribute("Graduated", AttributeType.DATE),
    },
    labels={"vip": "VIP", "staff": "Staff"},
    benefits={"lounge": "Lounge"},
    rewards={"mug": "Mug"},
    notices={"thanks": "Thank you"},
    partners={"hotel": "Hotel"},
)
# A program that has nothing yet.
BARE = Vocabulary(currency="EUR", activity_types={}, point_types={})
