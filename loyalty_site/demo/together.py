"""Those of the sample world who share an account or a group, or soon will: five stories of several people each."""

from dataclasses import dataclass

from loyalty_site.demo.plan import Event, MembershipPlan, Person


@dataclass(frozen=True)
class Story:
    """`people` all take part in `program`, where they hold `balance` in the end; `changes.py` tells how it comes."""

    code: str
    program: str
    balance: int
    people: tuple[Person, ...]


FRIENDS = Story(
    "shared-account",
    "world-flyer",
    76_500,
    (
        Person(
            "shared-account", "Katrin", "Bauer", "katrin.bauer@example.com", "+12025550121", 26,
            memberships=(
                MembershipPlan(
                    "world-flyer", 25, 18_500, "WF20417735", "Silver",
                    (
                        Event(12_000, 16, location="Frankfurt"),
                        Event(9_000, 5, location="Lisbon"),
                        Event(21_000, 5, point_type="plus-miles"),
                        Event(-2_500, 2, location="Seat upgrade"),
                    ),
                ),
            ),
        ),
        Person(
            "shared-account", "John", "Miller", "john.miller@example.com", "+12025550122", 40,
            memberships=(
                MembershipPlan(
                    "world-flyer", 38, 64_000, "WF10088214", "Platinum",
                    (
                        Event(40_000, 22, location="New York"),
                        Event(30_000, 9, location="Singapore"),
                        Event(95_000, 9, point_type="senator-miles"),
                        Event(-6_000, 4, location="Hotel"),
                    ),
                ),
            ),
        ),
    ),
)  # fmt: skip
FAMILY = Story(
    "family-group",
    "year-round",
    3_800,
    tuple(
        Person(
            "family-group", first_name, "Moore", f"{first_name.lower()}.moore@example.com", phone, months,
            memberships=(MembershipPlan("year-round", months - 1, points, None, None, events),),
        )
        for first_name, phone, months, points, events in (
            ("Mia", "+12025550131", 22, 2_400, (
                Event(2_000, 15), Event(900, 3), Event(700, 3, point_type="loyalty-status"), Event(-500, 1),
            )),
            ("Max", "+12025550132", 18, 1_150, (Event(1_150, 6), Event(400, 6, point_type="loyalty-status"))),
            ("Ella", "+12025550133", 4, 300, (Event(300, 2),)),
        )
    ),
)  # fmt: skip
DIVORCE = Story(
    "divorce",
    "global-wings",
    37_000,
    tuple(
        Person(
            "divorce", first_name, "Lindqvist", f"{first_name.lower()}.lindqvist@example.com", phone, 20,
            memberships=(MembershipPlan("global-wings", 18, points, None, None, events),),
        )
        for first_name, phone, points, events in (
            ("Anna", "+12025550141", 30_000, (Event(22_000, 14), Event(8_000, 4))),
            ("Peter", "+12025550142", 12_000, (Event(15_000, 11), Event(-3_000, 3))),
        )
    ),
)  # fmt: skip
MISTAKE = Story(
    "merged-by-mistake",
    "activelife",
    850,
    tuple(
        Person(
            "merged-by-mistake", "Laura", last_name, f"laura.{last_name.lower()}@example.com", phone, 10,
            memberships=(MembershipPlan("activelife", 9, points, None, None, (Event(points, 3),)),),
        )
        for last_name, phone, points in (("Fischer", "+12025550151", 640), ("Fisher", "+12025550152", 210))
    ),
)  # fmt: skip
TWICE = Story(
    "one-person-twice",
    "personal-banking",
    4_550,
    (
        Person(
            "one-person-twice", "Maria", "Lopez", "maria.lopez@example.com", "+12025550161", 30,
            memberships=(MembershipPlan("personal-banking", 28, 4_200, None, None, (Event(4_200, 10),)),),
        ),
        Person(
            "one-person-twice", "Maria", "Lopez-Garcia", "m.lopez@example.org", "+12025550162", 8,
            memberships=(MembershipPlan("personal-banking", 7, 350, None, None, (Event(350, 2),)),),
        ),
    ),
)  # fmt: skip

STORIES = (FRIENDS, FAMILY, DIVORCE, MISTAKE, TWICE)
