"""The people of the sample world and what they did: the six customers of the document, and three beside them."""

from loyalty_site.demo.plan import Event, MembershipPlan, Person

EMMA = Person(
    "multi-brand", "Emma", "Rodriguez", "emma.rodriguez@example.com", "+12025550112", 32, number="50012",
    memberships=(
        MembershipPlan(
            "urbanwear", 30, 3_200, "UW-89234", "Silver",
            (
                Event(1_000, 24, location="Brooklyn"),
                Event(-600, 20, location="Brooklyn"),
                Event(2_000, 14, location="Web"),
                Event(1_500, 6, location="SoHo"),
                Event(620, 6, point_type="style-status"),
                Event(-500, 2, location="Web"),
                Event(700, 1, location="SoHo"),
                Event(300, days=2, location="SoHo", reference="UW-WRONG-SALE"),
            ),
        ),
        MembershipPlan(
            "executive-style", 29, 8_100, "ES-12904", "Gold",
            (
                Event(5_000, 28), Event(2_400, 16), Event(-1_000, 12),
                Event(2_150, 3, point_type="club-status"), Event(1_700, 3),
            ),
        ),
        MembershipPlan(
            "activelife", 9, 1_450, "AL-45678", "Bronze",
            (Event(900, 8), Event(800, 4), Event(120, 4, point_type="active-status"), Event(-250, 2)),
        ),
    ),
)  # fmt: skip
MARCUS = Person(
    "free-and-paid", "Marcus", "Thompson", "marcus.thompson@example.com", "+12025550134", 20, number="78934",
    memberships=(
        MembershipPlan("basic-access", 19, number="BASIC-782341"),
        MembershipPlan(
            "premium-plus", 10, 4_850, "PREMIUM-49201", None, (Event(2_600, 9), Event(-1_200, 6), Event(2_250, 3))
        ),
    ),
)  # fmt: skip
AISHA = Person(
    "partner-program", "Aisha", "Osman", "aisha.osman@example.com", "+12025550156", 42, number="123456",
    memberships=(
        MembershipPlan(
            "skyconnect", 40, 145_000, "SC8739201", "Platinum",
            (
                Event(60_000, 30, location="Nairobi"),
                Event(45_000, 20, location="Partner hotel"),
                Event(-25_000, 13, location="Award flight"),
                Event(40_000, 10, location="Credit card"),
                Event(104_000, 10, point_type="tier-miles"),
                Event(22_500, 3, location="London"),
                Event(2_500, days=4, location="Dubai"),
            ),
        ),
        MembershipPlan(
            "global-wings", 24, 62_000, "GWA-5629183", "Gold",
            (
                Event(30_000, 22), Event(-8_000, 9), Event(25_000, 7),
                Event(41_500, 7, point_type="alliance-status"), Event(15_000, 2),
            ),
        ),
    ),
)  # fmt: skip
DAVID = Person(
    "seasonal", "David", "Park", "david.park@example.com", "+12025550178", 30, number="445678",
    memberships=(
        MembershipPlan(
            "year-round", 28, 8_900, "YRL-338291", "Silver",
            (Event(6_000, 26), Event(4_100, 12), Event(1_300, 12, point_type="loyalty-status"), Event(-1_350, 5)),
        ),
        MembershipPlan(
            "summer-bonus", 3, 3_200, "SUM24-119283", "Participant",
            (Event(2_000, 2), Event(1_500, 1), Event(-300, days=10)),
        ),
    ),
)  # fmt: skip
SARAH = Person(
    "business-units", "Sarah", "Mitchell", "sarah.mitchell@example.com", "+12025550190", 34, number="889012",
    memberships=(
        MembershipPlan(
            "personal-banking", 30, 12_400, "PBR-4456721", "Premier",
            (
                Event(9_000, 18, location="Direct deposit"),
                Event(5_000, 8, location="Bill pay"),
                Event(-1_600, 4),
            ),
        ),
        MembershipPlan(
            "business-banking", 20, 28_900, "BBR-2234981", "Business Plus",
            (
                Event(20_000, 14, location="Merchant services"),
                Event(12_000, 5, location="Payroll"),
                Event(-3_100, 1),
            ),
        ),
        MembershipPlan(
            "credit-card", 22, 56_700, "CCR-7823401", "Gold Card",
            (Event(40_000, 20), Event(25_000, 9), Event(-10_000, 6), Event(1_700, 1)),
        ),
    ),
)  # fmt: skip
JOHN = Person(
    "one-customer-three-memberships", "John", "Chen", "john.chen@example.com", "+12025550101", 24, number="10001",
    memberships=(
        MembershipPlan(
            "standard-rewards", 23, 5_430, "LOY-100234", "Gold",
            (Event(4_000, 20), Event(2_430, 8), Event(2_100, 8, point_type="loyalty-status"), Event(-1_000, 3)),
        ),
        MembershipPlan(
            "vip-club", 5, 1_200, "VIP-2891", "Annual Subscriber", (Event(900, 4), Event(500, 2), Event(-200, 1))
        ),
        MembershipPlan("partner-rewards", 3, 890, "PTR-5672", "Standard", (Event(1_090, 2), Event(-200, 1))),
    ),
)  # fmt: skip
CARLOS = Person(
    "transfer-receiver", "Carlos", "Rodriguez", "carlos.rodriguez@example.com", "+12025550113", 12,
    memberships=(MembershipPlan("urbanwear", 11, 1_300, events=(Event(800, 7),)),),
)  # fmt: skip
NADIA = Person(
    "suspended", "Nadia", "Berg", "nadia.berg@example.com", "+12025550145", 15,
    memberships=(MembershipPlan("year-round", 14, 2_000, events=(Event(2_000, 9),)),),
)  # fmt: skip
SAM = Person(
    "sandbox", "Sam", "Sandbox", "sam.sandbox@example.com", "+12025550199", 1,
    memberships=(MembershipPlan("sandbox", 0, 250, events=(Event(250),)),),
)  # fmt: skip

LENA = Person(
    "lowered", "Lena", "Hoffmann", "lena.hoffmann@example.com", "+12025550171", 26,
    memberships=(
        MembershipPlan(
            "standard-rewards", 25, 2_400,
            events=(
                Event(2_250, 24, point_type="loyalty-status"), Event(2_600, 20),
                Event(540, 15, point_type="loyalty-status"), Event(-700, 11),
                Event(500, 2), Event(60, 2, point_type="loyalty-status"),
            ),
        ),
        MembershipPlan("vip-club", 11, 300, events=(Event(300, 6),)),
    ),
)  # fmt: skip

PEOPLE = (EMMA, MARCUS, AISHA, DAVID, SARAH, JOHN, CARLOS, NADIA, SAM, LENA)
