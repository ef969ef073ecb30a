"""Members climb, keep and lose their tiers over the years (cases 3, 34), told through the API."""

from datetime import date
from typing import Any

import pytest

from memberships.models import Membership, TierReview
from programs.models import Program, Tier, TierGroup
from staff.models import Role
from tests.desk.visitor import Visitor
from tests.factories import make_membership, member_of

from .changing import merged, shown, split
from .telling import Caller, channel, days_from_now, earned, later, run


@pytest.fixture
def ladder(sky: Program) -> TierGroup:
    """Blue, gold from 1,000 and diamond from 5,000 points of a calendar year."""
    group = TierGroup.objects.get(program=sky)
    Tier.objects.create(group=group, code="diamond", name="Diamond", rank=2, threshold=5_000)
    return group


def until_new_year(sky: Program) -> int:
    """Days until the second of January."""
    day = days_from_now(sky, 0)
    return (date(day.year + 1, 1, 2) - day).days


def next_year(sky: Program) -> None:
    later(sky, days=until_new_year(sky))


def stands(caller: Caller, membership: Membership | int) -> dict[str, Any]:
    pk = membership if isinstance(membership, int) else membership.pk
    (one,) = caller.reads(f"memberships/{pk}/tiers")["results"]
    return dict(one)


def test_michael_adams_nearly_reaches_diamond_and_then_reaches_it(
    sky: Program, ladder: TierGroup, michael: Membership
) -> None:
    centre, agent = channel("service", sky), Visitor(Role.SUPPORT_AGENT, sky)
    next_year(sky)
    year = days_from_now(sky, 0).year
    earned(centre, michael, 1_000, point_type="status")
    earned(centre, michael, 3_680, point_type="status")
    assert run("review_tiers", "sky", "--quiet") == "0 tiers kept, 0 raised, 0 lowered."

    nearly = stands(centre, michael)
    assert (nearly["tier"], nearly["source"]) == ("gold", "earned")
    assert nearly["reason"] == f"1,000 of 1,000 Status in {year}"
    assert (nearly["figure"], nearly["next"]) == ("4680", {"tier": "diamond", "threshold": 5_000, "lacking": "320"})
    assert nearly["progress"] == f"320 Status to Diamond until 31 Dec {year}"

    page = agent.reads("customer", member_of(michael)).text
    assert f"Gold Active 320 Status to Diamond until 31 Dec {year}." in page

    earned(centre, michael, 319, point_type="status")
    assert stands(centre, michael)["progress"] == f"1 Status to Diamond until 31 Dec {year}"
    posting = earned(centre, michael, 1, point_type="status")
    reached = stands(centre, michael)
    assert (reached["tier"], reached["next"]) == ("diamond", None)
    assert reached["reason"] == f"5,000 of 5,000 Status in {year}"
    page = agent.reads("customer", member_of(michael)).text
    assert "Diamond Active" in page
    assert "to Diamond" not in page
    page = agent.reads("tiers", michael.pk).text
    assert f"earned: 5,000 of 5,000 Status in {year}" in page

    # The last point is taken back and earned again.
    centre.does(f"postings/{posting}/reverse", reason="mistake")
    assert stands(centre, michael)["tier"] == "gold"
    earned(centre, michael, 1, point_type="status")

    next_year(sky)
    assert run("review_tiers", "sky", "--quiet") == "1 tiers kept, 0 raised, 0 lowered."
    kept = stands(centre, michael)
    assert (kept["tier"], kept["to_keep"]) == ("diamond", "5000")
    assert kept["keeping"] == f"5,000 Status to keep Diamond beyond 31 Dec {year + 1}"
    next_year(sky)
    assert "diamond -> gold (0 of 5,000 Status in" in run("review_tiers", "sky")
    history = centre.reads(f"memberships/{michael.pk}/tiers")["history"]
    assert [(one["tier"], one["source"]) for one in history] == [
        ("gold", "review"),
        ("diamond", "earned"),
        ("gold", "review"),
        ("diamond", "earned"),
        ("gold", "earned"),
        ("blue", "initial"),
    ]


def test_3_a_group_keeps_the_higher_tier_until_the_review_which_counts_what_both_earned(
    sky: Program, ladder: TierGroup, centre: Caller
) -> None:
    gold, blue = make_membership(sky, "Gerda Gold"), make_membership(sky, "Bert Blue")
    next_year(sky)
    earned(centre, gold, 1_000, point_type="status")
    next_year(sky)
    run("review_tiers", "sky")
    earned(centre, gold, 400, point_type="status")
    earned(centre, blue, 700, point_type="status")
    assert [stands(centre, one)["tier"] for one in (gold, blue)] == ["gold", "blue"]

    group = merged(centre, gold, blue, "group", main=member_of(gold))["result"]
    assert (stands(centre, group)["tier"], stands(centre, group)["figure"]) == ("gold", "1100")
    next_year(sky)
    assert run("review_tiers", "sky") == "1 tiers kept, 0 raised, 0 lowered."
    assert [int(one.figure) for one in TierReview.objects.filter(membership=group)] == [1_100]
    next_year(sky)
    assert run("review_tiers", "sky", "--quiet") == "0 tiers kept, 0 raised, 1 lowered."
    assert stands(centre, group)["tier"] == "blue"


def test_34_at_a_split_the_leaver_has_the_higher_of_what_they_brought_and_reach_and_the_group_keeps_its_tier(
    sky: Program, ladder: TierGroup, centre: Caller
) -> None:
    people = [make_membership(sky, name) for name in ("Mia Moore", "Max Moore")]
    next_year(sky)
    group = merged(centre, *people, "group", main=member_of(people[0]))["result"]
    earned(centre, group, 1_500, point_type="status")
    assert stands(centre, group)["tier"] == "gold"

    leaver = member_of(people[1])
    own = split(centre, group, leaver, "ratio", ratio="50")["result"]
    assert [centre.points_of(one)["status"] for one in (group, own)] == [750, 750]
    assert (stands(centre, own)["tier"], stands(centre, group)["tier"]) == ("blue", "gold")
    assert shown(centre, group)["type"] == "standard"
    next_year(sky)
    assert run("review_tiers", "sky", "--quiet") == "1 tiers kept, 0 raised, 1 lowered."
    assert stands(centre, group)["tier"] == "blue"
