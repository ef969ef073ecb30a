"""One customer from the first word at the call centre to the last event, in two programs."""

from typing import Any

import pytest

from gateway.models import Event
from points.models import Posting
from programs.life import release_terms, write_terms
from programs.models import ExpiryPolicy, Program
from tests.factories import ACTOR, make_membership

from . import telling
from .telling import Caller, earned, later, rule, run

EMMA = {"kind": "person", "first_name": "Emma", "last_name": "Stone", "email": "emma.stone@example.com"}


def with_terms(program: Program) -> Program:
    release_terms(write_terms(program, actor=ACTOR, title="Terms", text="Be fair."), actor=ACTOR)
    return program


@pytest.fixture
def air(transactional_db: None) -> Program:
    program = telling.open_program("air")
    rule(program, expiry_policy=ExpiryPolicy.AFTER_DAYS, expiry_length=30)
    return with_terms(program)


@pytest.fixture
def hotel(transactional_db: None) -> Program:
    return with_terms(telling.open_program("hotel", points="nights"))


def created(centre: Caller) -> int:
    """Somebody of that address is there already; Emma is another one all the same."""
    first: int = centre.does("customers", **EMMA)["id"]
    facts = centre.is_refused("customers", 409, "likely_duplicate", **EMMA)
    assert [(one["id"], one["matched_on"]) for one in facts["candidates"]] == [(first, ["email"])]
    second: int = centre.does("customers", **EMMA, allow_duplicate=True)["id"]
    assert second != first
    return second


def enrolled(centre: Caller, emma: int) -> tuple[int, int]:
    """In both programs at once or in none, with a consent for each."""
    both = [{"program": "air", "accept_terms": True}, {"program": "hotel", "accept_terms": True}]
    halves = [both[0], {"program": "hotel"}]
    facts = centre.is_refused("enrollments", 422, "enrolments_refused", customer=emma, enrollments=halves)
    assert [one["code"] for one in facts["outcomes"]] == [None, "terms_not_accepted"]
    flying, staying = centre.does("enrollments", customer=emma, enrollments=both)["results"]
    assert [(one["program"], one["status"]) for one in (flying, staying)] == [("air", "active"), ("hotel", "active")]
    return flying["id"], staying["id"]


def found_by_card(till: Caller, centre: Caller, membership: int, emma: int) -> None:
    (card,) = centre.reads(f"memberships/{membership}/cards")["results"]
    (found,) = till.reads("customers/lookup", card_number=card["number"])["results"]
    assert (found["customer"]["id"], found["membership"], found["redirected_from"]) == (emma, membership, None)
    first, rest = card["number"][0], card["number"][1:]
    unknown = ("1" if first == "0" else "0") + rest
    assert till.reads("customers/lookup", card_number=unknown)["results"] == []


def all_events(reader: Caller, *, limit: int) -> list[dict[str, Any]]:
    """The whole feed in small pages."""
    events: list[dict[str, Any]] = []
    after, page = 0, reader.reads("events", after=0, limit=limit)
    while page["next_after"] != after:
        events += page["results"]
        after = page["next_after"]
        page = reader.reads("events", after=after, limit=limit)
    return events


def test_emma_from_the_first_word_to_the_last_event(air: Program, hotel: Program) -> None:
    centre = telling.channel("call-centre")
    till = telling.channel("till", air, scopes=("points:earn", "cards:read", "customers:read"))
    shop = telling.channel("web-shop", air, scopes=("points:redeem", "points:transfer"))
    emma = created(centre)
    flying, staying = enrolled(centre, emma)
    found_by_card(till, centre, flying, emma)
    friend = make_membership(air, "Katrin Bauer", accept_terms=True)

    earned(till, flying, 300, reference="LH 400")
    wrong = earned(till, flying, 40, reference="LH 400 again")
    till.is_refused(f"memberships/{staying}/earn-points", 404, "not_found", points=1)
    earned(centre, staying, 12)
    hold = shop.does(f"memberships/{flying}/holds", points=150, expires_in=600)["id"]
    captured = shop.does(f"holds/{hold}/capture", status=200, points=120)
    assert (captured["captured"], captured["freed"]) == (120, 30)
    shop.does(f"memberships/{flying}/transfer-points", to_membership=friend.pk, points=80)
    centre.does(f"postings/{wrong}/reverse", reason="booked-twice")
    later(air, days=35)
    assert run("expire_points") == "180 points expired in 2 postings."

    statement_adds_up(centre, flying)
    assert centre.lines_of(friend) == [("transfer", 80, 80), ("expire", -80, 0)]
    assert centre.lines_of(staying) == [("earn", 12, 12)]
    feed_tells_all(centre)


def statement_adds_up(centre: Caller, flying: int) -> None:
    assert centre.lines_of(flying) == [
        ("earn", 300, 300), ("earn", 40, 340), ("capture", -120, 220), ("transfer", -80, 140), ("reverse", -40, 100),
        ("expire", -100, 0),
    ]  # fmt: skip
    statement = centre.reads(f"memberships/{flying}/statement")
    assert sum(line["amount"] for line in statement["results"]) == centre.points_of(flying)["miles"] == 0
    # Cut anywhere, the second part opens with what the first one closed with.
    for line in statement["results"]:
        first = centre.reads(f"memberships/{flying}/statement", to=line["recorded_at"])
        rest = centre.reads(f"memberships/{flying}/statement", **{"from": line["recorded_at"]})
        assert len(first["results"]) + len(rest["results"]) == 6
        assert [sum(one["amount"] for one in part["results"]) for part in (first, rest)] == [
            closing(first), -closing(first),
        ]  # fmt: skip


def closing(part: dict[str, Any]) -> int:
    return part["accounts"][0]["closing"] if part["accounts"] else 0


NEWS = [
    ("customer.created", None), ("customer.created", None),
    ("card.issued", "air"), ("membership.enrolled", "air"),
    ("card.issued", "hotel"), ("membership.enrolled", "hotel"),
    ("card.issued", "air"), ("membership.enrolled", "air"),
    ("points.posted", "air"), ("points.posted", "air"), ("points.posted", "hotel"),
    ("hold.placed", "air"), ("points.posted", "air"), ("hold.captured", "air"),
    ("points.posted", "air"), ("points.posted", "air"), ("points.posted", "air"), ("points.posted", "air"),
]  # fmt: skip
KINDS = ["earn", "earn", "earn", "capture", "transfer", "reverse", "expire", "expire"]


def feed_tells_all(centre: Caller) -> None:
    events = all_events(centre, limit=4)
    numbers = [event["number"] for event in events]
    assert numbers == sorted(set(numbers))
    assert [(event["kind"], event["program"]) for event in events] == NEWS
    assert len(events) == Event.objects.count()
    posted = [event for event in events if event["kind"] == "points.posted"]
    assert [event["facts"]["kind"] for event in posted] == KINDS
    assert {event["subject_id"] for event in posted} == set(Posting.objects.values_list("pk", flat=True))
    assert all_events(centre, limit=1_000) == events
