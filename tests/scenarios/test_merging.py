"""Memberships that merge and come apart again (cases 1-19), told through the API."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from common import clock
from memberships.models import Membership
from memberships.standings import set_standing
from points.models import Posting
from programs.models import Program, Tier, TierGroup
from tests import changes as made
from tests.factories import ACTOR, account_of, make_membership, member_of

from . import telling
from .changing import (
    after_of,
    agreed_and_done,
    consents,
    home_of,
    mains,
    merge_proposed,
    merged,
    people,
    proposed,
    shown,
)
from .telling import Caller, earned, everything, later, redeemed


def test_1_two_standard_memberships_share_one_pool_and_keep_tier_and_qualifying_points(
    centre: Caller, a: Membership, b: Membership
) -> None:
    tiers = [shown(centre, one)["tiers"] for one in (a, b)]
    merged(centre, a, b, "shared")

    found = [shown(centre, one) for one in (a, b)]
    assert [(one["type"], one["status"], one["superseded_by"]) for one in found] == [("shared", "active", None)] * 2
    assert [one["tiers"] for one in found] == tiers
    balances = [{each["point_type"]: (each["balance"], each["pooled"]) for each in one["balances"]} for one in found]
    assert balances == [{"miles": (500, True), "status": (50, False)}, {"miles": (500, True), "status": (10, False)}]
    for one in (a, b):
        old = account_of(one)
        assert (old.balance, old.closed) == (0, True)
    # What either earns goes into the pool, and both see it.
    earned(centre, b, 7)
    assert [centre.points_of(one)["miles"] for one in (a, b)] == [507, 507]
    assert account_of(b).balance == 0


def test_2_two_standard_memberships_become_a_group_and_what_is_sent_to_them_lands_on_it(
    centre: Caller, a: Membership, b: Membership
) -> None:
    katrin, john = member_of(a), member_of(b)
    change = merged(centre, a, b, "group", main=john)

    group = shown(centre, change["result"])
    assert group["id"] not in (a.pk, b.pk)
    assert (group["type"], group["status"], sorted(people(group))) == ("group", "active", sorted([katrin, john]))
    assert mains(group) == [john]
    assert centre.points_of(group["id"]) == {"miles": 500, "status": 60}
    for old in (a, b):
        ended = shown(centre, old)
        assert (ended["status"], ended["end_reason"], ended["superseded_by"]) == ("expired", "merged", group["id"])
    for old in (a, b):
        answer = centre.does(f"memberships/{old.pk}/earn-points", points=10)
        assert (answer["membership"], answer["redirected_from"]) == (group["id"], old.pk)
    answer = centre.does(f"memberships/{a.pk}/redeem-points", points=5)
    assert (answer["membership"], answer["redirected_from"]) == (group["id"], a.pk)
    assert centre.points_of(group["id"]) == {"miles": 515, "status": 60}


def test_3_a_group_holds_the_higher_tier_of_the_two_until_the_next_review(
    centre: Caller, sky: Program, a: Membership, b: Membership
) -> None:
    ladder = TierGroup.objects.get(program=sky)
    Tier.objects.create(group=ladder, code="platinum", name="Platinum", rank=2, threshold=5000)
    until = clock.program_now(sky) + timedelta(days=200)
    for membership, code in ((a, "platinum"), (b, "gold")):
        tier = Tier.objects.get(group=ladder, code=code)
        set_standing(membership, tier=tier, reason="taken over", until=until, actor=ACTOR)
    (higher,) = shown(centre, a)["tiers"]

    group = shown(centre, merged(centre, b, a, "group", main=member_of(a))["result"])

    (tier,) = group["tiers"]
    assert (tier["tier"], tier["since"], tier["until"]) == ("platinum", higher["since"], higher["until"])
    # What the next review counts is what both had.
    assert centre.points_of(group["id"])["status"] == 60


def test_4_memberships_of_two_programs_are_refused_naming_both(a: Membership) -> None:
    sea = telling.open_program("sea")
    stranger = make_membership(sea, "John Miller")
    everywhere = telling.channel("everywhere", scopes=("changes:propose", "memberships:read"))
    asked = {"kind": "merge", "prime": a.pk, "secondary": stranger.pk, "result_type": "shared"}
    answer = everywhere.posts("membership-changes", **asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "different_program")
    told = str(answer.json()["facts"]) + answer.json()["detail"]
    assert "sky" in told.lower() and "sea" in told.lower()


def test_6_a_membership_with_itself_or_with_an_ended_or_suspended_one_is_refused_before_anyone_is_asked(
    centre: Caller, a: Membership, b: Membership, michael: Membership
) -> None:
    def refuses(prime: int, secondary: int) -> None:
        asked = {"kind": "merge", "prime": prime, "secondary": secondary, "result_type": "group"}
        centre.is_refused("membership-changes", 422, "change_refused", **asked)

    refuses(a.pk, a.pk)
    centre.does(f"memberships/{b.pk}/suspend", status=200, reason="under investigation")
    refuses(a.pk, b.pk)
    centre.does(f"memberships/{michael.pk}/terminate", status=200, reason="moves away")
    refuses(a.pk, michael.pk)
    assert centre.reads("membership-changes")["results"] == []


def test_7_two_memberships_of_one_person_become_one_standard_membership_with_one_consent(
    centre: Caller, sky: Program, a: Membership, b: Membership
) -> None:
    made.one_person(a, b)
    change = merge_proposed(centre, a, b, "standard")
    assert change["missing"] == [member_of(a)]
    agreed_and_done(centre, change)

    one = shown(centre, a)
    assert (one["type"], one["status"], people(one)) == ("standard", "active", [member_of(a)])
    assert centre.points_of(a) == {"miles": 500, "status": 60}
    assert (shown(centre, b)["status"], shown(centre, b)["superseded_by"]) == ("expired", a.pk)
    answer = centre.does(f"memberships/{b.pk}/earn-points", points=1)
    assert (answer["membership"], answer["redirected_from"]) == (a.pk, b.pk)
    (found,) = centre.reads("customers/lookup", member_number=b.number)["results"]
    assert (found["customer"]["id"], found["membership"], found["redirected_from"]) == (member_of(a), a.pk, b.pk)


def test_9_of_two_groups_the_main_member_of_the_prime_stays_and_the_other_becomes_an_ordinary_one(
    centre: Caller, sky: Program
) -> None:
    first, second, third, fourth = (make_membership(sky, name) for name in ("Ann", "Bob", "Cid", "Dee"))
    moores = merged(centre, first, second, "group", main=member_of(first))["result"]
    bauers = merged(centre, third, fourth, "group", main=member_of(third))["result"]
    number = shown(centre, moores)["number"]

    united = merged(centre, moores, bauers, "group")["result"]

    group = shown(centre, united)
    assert (group["id"], group["number"]) == (moores, number)
    assert sorted(people(group)) == sorted(member_of(one) for one in (first, second, third, fourth))
    assert mains(group) == [member_of(first)]
    assert shown(centre, bauers)["superseded_by"] == moores


def test_11_a_hold_moves_with_its_lots_and_can_still_be_captured(centre: Caller, a: Membership, b: Membership) -> None:
    hold = centre.does(f"memberships/{b.pk}/holds", points=150)["id"]
    group = merged(centre, a, b, "group", main=member_of(a))["result"]

    before = centre.balances_of(group)["miles"]
    assert (before["balance"], before["held"], before["available"]) == (500, 150, 350)
    centre.does(f"holds/{hold}/capture", status=200, points=120)
    after = centre.balances_of(group)["miles"]
    assert (after["balance"], after["held"], after["available"]) == (380, 0, 380)


def test_12_a_debt_is_shown_before_consent_and_the_pool_holds_what_is_left(
    centre: Caller, a: Membership, sky: Program
) -> None:
    debtor = make_membership(sky, "John Miller")
    sale = earned(centre, debtor, 40)
    redeemed(centre, debtor, 40)
    centre.does(f"postings/{sale}/reverse", reason="brought back")
    assert centre.points_of(debtor)["miles"] == -40
    change = merge_proposed(centre, a, debtor, "shared")
    before = everything()

    preview = centre.reads(f"membership-changes/{change['id']}/preview")

    assert everything() == before
    assert after_of(preview, member_of(debtor), "miles") == (260, 40)
    agreed_and_done(centre, change)
    pool = centre.balances_of(a)["miles"]
    assert (pool["balance"], pool["debt"], pool["available"]) == (260, 40, 260)
    assert centre.points_of(debtor)["miles"] == 260


def test_14_the_number_of_a_merged_membership_answers_with_the_surviving_one_a_day_later(
    centre: Caller, sky: Program, a: Membership, b: Membership
) -> None:
    group = merged(centre, a, b, "group", main=member_of(a))["result"]
    later(sky, days=1)

    (found,) = centre.reads("customers/lookup", member_number=b.number)["results"]
    assert (found["membership"], found["redirected_from"]) == (group, b.pk)
    assert found["customer"]["id"] == member_of(b)
    answer = centre.does(f"memberships/{b.pk}/earn-points", points=25)
    assert (answer["membership"], answer["redirected_from"]) == (group, b.pk)
    assert Posting.objects.get(pk=answer["posting"]["id"]).person_id == member_of(b)
    assert centre.points_of(group)["miles"] == 525


@pytest.mark.concurrency
def test_19_of_two_operators_at_once_one_carries_out_and_points_count_once(
    centre: Caller, a: Membership, b: Membership
) -> None:
    change = merge_proposed(centre, a, b, "shared")
    consents(centre, change)

    def click() -> tuple[int, str]:
        try:
            answer = centre.posts(f"membership-changes/{change['id']}/carry-out")
        finally:
            connection.close()
        return answer.status_code, answer.json().get("code", "")

    with ThreadPoolExecutor(2) as operators:
        results = [one.result() for one in [operators.submit(click) for _ in range(2)]]

    assert sorted(results) == [(200, ""), (409, "change_status")]
    assert centre.points_of(a)["miles"] == centre.points_of(b)["miles"] == 500
    assert Posting.objects.filter(kind="merge").count() == 1


def test_25_for_an_anonymous_membership_the_consent_of_the_person_it_goes_to_is_enough(
    centre: Caller, sky: Program, a: Membership
) -> None:
    found_card = made.anonymous(sky)
    earned(centre, found_card, 80)
    change = proposed(centre, kind="absorb", prime=a.pk, secondary=found_card.pk)
    assert change["missing"] == [member_of(a)]

    agreed_and_done(centre, change)

    assert centre.points_of(a) == {"miles": 380, "status": 50}
    gone = shown(centre, found_card)
    assert (gone["status"], gone["end_reason"], gone["superseded_by"]) == ("expired", "merged", a.pk)
    assert home_of(centre, member_of(a), sky)["id"] == a.pk
    answer = centre.does(f"memberships/{found_card.pk}/earn-points", points=5)
    assert (answer["membership"], answer["redirected_from"]) == (a.pk, found_card.pk)
