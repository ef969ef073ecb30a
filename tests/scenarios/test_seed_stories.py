"""People with several memberships: the use cases the product was asked for, told through the API."""

import pytest

from common import clock
from customers.models import Customer
from memberships.lifecycle import record_payment
from memberships.models import Membership
from programs.models import Activation, Program
from tests.factories import ACTOR, make_customer

from . import telling
from .telling import Caller, days_from_now, earned, everything, later, redeemed, run


@pytest.fixture
def centre(transactional_db: None) -> Caller:
    """The call centre of the whole business: every program."""
    return telling.channel("call-centre")


def enrolled(caller: Caller, customer: Customer, program: Program) -> int:
    made: int = caller.does("memberships", program=program.code, customer=customer.pk)["id"]
    return made


def status_of(caller: Caller, membership: int) -> tuple[str, str | None]:
    shown = caller.reads(f"memberships/{membership}")
    return shown["status"], shown["end_reason"]


def test_michael_adams_takes_part_in_two_programs(centre: Caller) -> None:
    sky, sea = telling.open_program("sky"), telling.open_program("sea")
    michael = make_customer("Michael Adams")
    flying, sailing = enrolled(centre, michael, sky), enrolled(centre, michael, sea)
    facts = centre.is_refused("memberships", 409, "already_member", program="sky", customer=michael.pk)
    assert facts["membership"] == flying
    earned(centre, flying, 20_000)
    earned(centre, sailing, 500)

    centre.does(f"memberships/{flying}/suspend", status=200, reason="lost papers")
    centre.is_refused(f"memberships/{flying}/earn-points", 422, "membership_not_able", points=10)
    redeemed(centre, sailing, 200)
    centre.does(f"memberships/{flying}/reinstate", status=200, reason="papers found")
    for membership in (flying, sailing):
        centre.does(f"memberships/{membership}/terminate", status=200, reason="moves away")

    assert [status_of(centre, one) for one in (flying, sailing)] == [("expired", "terminated")] * 2
    assert centre.reads(f"customers/{michael.pk}")["status"] == "active"
    assert {one["id"] for one in centre.reads(f"customers/{michael.pk}/memberships")["results"]} == {flying, sailing}
    assert (centre.points_of(flying)["miles"], centre.points_of(sailing)["miles"]) == (20_000, 300)


def test_emma_rodriguez_earns_and_redeems_in_three_brands_independently(centre: Caller) -> None:
    emma = make_customer("Emma Rodriguez")
    brands = [telling.open_program(code) for code in ("urban-wear", "executive-style", "active-life")]
    tills = [telling.channel(f"till-{brand.code}", brand) for brand in brands]
    urban, executive, active = (enrolled(till, emma, brand) for till, brand in zip(tills, brands, strict=True))
    for till, membership, points in zip(tills, (urban, executive, active), (3_200, 8_100, 1_450), strict=True):
        earned(till, membership, points)

    redeemed(tills[1], executive, 8_000)
    tills[0].is_refused(f"memberships/{urban}/redeem-points", 422, "insufficient_points", points=3_201)
    tills[0].is_refused(f"memberships/{executive}/earn-points", 404, "not_found", points=1)

    assert [centre.points_of(one)["miles"] for one in (urban, executive, active)] == [3_200, 100, 1_450]
    numbers = {one["number"] for one in centre.reads(f"customers/{emma.pk}/memberships")["results"]}
    assert len(numbers) == 3


def test_marcus_thompson_keeps_the_basic_membership_when_premium_lapses(centre: Caller) -> None:
    marcus = make_customer("Marcus Thompson")
    basic_access = telling.open_program("basic-access")
    premium_plus = telling.open_program(
        "premium-plus", fee=120, currency="USD", term_months=12, activation=Activation.FIRST_PAYMENT
    )
    basic, premium = enrolled(centre, marcus, basic_access), enrolled(centre, marcus, premium_plus)
    centre.is_refused(f"memberships/{premium}/earn-points", 422, "membership_not_able", points=10)
    pay(premium, "first year")
    earned(centre, premium, 4_850)

    later(basic_access, premium_plus, days=366)
    assert run("expire_memberships") == "1 memberships ended."
    before = everything()
    assert run("expire_memberships") == "0 memberships ended."
    assert everything() == before
    assert status_of(centre, premium) == ("expired", "term_end")
    assert status_of(centre, basic) == ("active", None)
    centre.is_refused(f"memberships/{premium}/redeem-points", 422, "membership_ended", points=1)

    # He pays within the grace: membership and points are back.
    later(premium_plus, days=20)
    centre.does(f"memberships/{premium}/renew", status=200)
    pay(premium, "second year")
    assert status_of(centre, premium) == ("active", None)
    redeemed(centre, premium, 4_850)


def pay(membership: int, reference: str) -> None:
    record_payment(Membership.objects.get(pk=membership), actor=ACTOR, reference=reference, paid_at=clock.now())


def test_the_points_of_aisha_osman_stay_separate(centre: Caller) -> None:
    aisha = make_customer("Aisha Osman")
    sky_connect = telling.open_program("sky-connect", points="sky-miles")
    global_wings = telling.open_program("global-wings", points="alliance-points")
    airline, alliance = enrolled(centre, aisha, sky_connect), enrolled(centre, aisha, global_wings)
    earned(centre, airline, 145_000)
    earned(centre, alliance, 62_000)

    centre.is_refused(
        f"memberships/{airline}/transfer-points", 422, "different_program", to_membership=alliance, points=1_000
    )
    across = {"from": "sky-miles", "to": "alliance-points", "points": 1_000}
    centre.is_refused(f"memberships/{airline}/convert-points", 422, "no_point_type", **across)

    assert centre.points_of(airline) == {"sky-miles": 145_000, "status": 0}
    assert centre.points_of(alliance) == {"alliance-points": 62_000, "status": 0}


def test_the_summer_program_of_david_park_ends_by_itself(centre: Caller) -> None:
    david = make_customer("David Park")
    year_round = telling.open_program("year-round")
    summer = telling.open_program("summer-bonus", points="summer-points", rest_days=30)
    summer.valid_until = days_from_now(summer, 60)
    summer.save()
    loyal, participant = enrolled(centre, david, year_round), enrolled(centre, david, summer)
    earned(centre, loyal, 8_900)
    earned(centre, participant, 3_200)

    later(year_round, summer, days=60)
    assert run("expire_memberships") == "0 memberships ended."
    later(year_round, summer, days=1)
    assert run("expire_memberships") == "1 memberships ended."
    assert status_of(centre, participant) == ("expired", "term_end")
    centre.is_refused("memberships", 422, "program_not_valid", program="summer-bonus", customer=david.pk)
    centre.is_refused(f"memberships/{participant}/earn-points", 422, "membership_ended", points=1)

    # The points rest, then they are gone.
    later(year_round, summer, days=29)
    assert run("expire_points") == "0 points expired in 0 postings."
    assert centre.points_of(participant)["summer-points"] == 3_200
    later(year_round, summer, days=1, minutes=1)
    assert run("expire_points") == "3200 points expired in 1 postings."
    (*_, line) = centre.reads(f"memberships/{participant}/statement")["results"]
    assert (line["kind"], line["amount"], line["reason"]) == ("expire", -3_200, "membership_ended")
    assert status_of(centre, loyal) == ("active", None)
    assert centre.points_of(loyal)["miles"] == 8_900


def test_sarah_mitchell_sees_her_three_programs_at_once(centre: Caller) -> None:
    sarah = make_customer("Sarah Mitchell")
    figures = {"personal-banking": 12_400, "business-banking": 28_900, "credit-card": 56_700}
    programs = [telling.open_program(code) for code in figures]
    for program, points in zip(programs, figures.values(), strict=True):
        earned(centre, enrolled(centre, sarah, program), points)

    shown = centre.reads(f"customers/{sarah.pk}/memberships")["results"]

    assert {one["program"]: one["balances"][0]["balance"] for one in shown} == figures
    for one in shown:
        assert (one["status"], one["type"], one["tiers"][0]["tier"]) == ("active", "standard", "blue")
        assert one["capabilities"]["redeem"] is True
        assert [member["customer"] for member in one["members"]] == [sarah.pk]
    card_unit = telling.channel("card-unit", programs[2])
    (seen,) = card_unit.reads(f"customers/{sarah.pk}/memberships")["results"]
    assert seen["program"] == "credit-card"
