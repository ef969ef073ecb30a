"""A member leaves a shared account or a group (cases 27-38, 70, 77), told through the API."""

from typing import Any

import pytest

from customers.erasing import erase_customer
from customers.errors import CustomerNotErasable
from customers.models import Customer
from memberships.models import Membership
from programs.models import Program
from tests.factories import ACTOR, account_of, lots_of, make_membership, member_of

from .changing import (
    agreed_and_done,
    cards_of,
    home_of,
    mains,
    merge_proposed,
    merged,
    people,
    shown,
    split,
    split_proposed,
)
from .telling import Caller, days_from_now, earned, everything, later, redeemed


@pytest.fixture
def shared(centre: Caller, michael: Membership, katrin: Membership) -> tuple[Membership, Membership]:
    """Two who share; nothing earned yet."""
    merged(centre, michael, katrin, "shared")
    return michael, katrin


@pytest.fixture
def moores(centre: Caller, sky: Program) -> tuple[int, list[int]]:
    """A group of three of whom the first is the main member; its members."""
    ann, bob, cid = (make_membership(sky, f"{name} Moore") for name in ("Ann", "Bob", "Cid"))
    pair = merged(centre, ann, bob, "group", main=member_of(ann))["result"]
    group = merged(centre, pair, cid, "group")["result"]
    return group, [member_of(one) for one in (ann, bob, cid)]


def miles_of(caller: Caller, *memberships: Membership | int) -> list[int]:
    return [caller.points_of(one)["miles"] for one in memberships]


def preview_of(caller: Caller, change: dict[str, Any]) -> dict[int, tuple[int, int]]:
    """(balance, debt) of the miles of each person afterwards."""
    told = caller.reads(f"membership-changes/{change['id']}/preview")["people"]
    miles = {
        one["customer"]: next(each for each in one["after"]["points"] if each["point_type"] == "miles") for one in told
    }
    return {customer: (points["balance"], points["debt"]) for customer, points in miles.items()}


def test_27_by_contribution_each_takes_what_is_left_of_the_own_lots(
    centre: Caller, shared: tuple[Membership, Membership]
) -> None:
    a, b = shared
    earned(centre, b, 200)
    earned(centre, a, 300)
    # The oldest lot is drawn: what is spent is charged to what was consumed, whoever spends it.
    redeemed(centre, a, 100)
    change = split_proposed(centre, a, member_of(b), "by_contribution")
    assert preview_of(centre, change) == {member_of(a): (300, 0), member_of(b): (100, 0)}

    agreed_and_done(centre, change)

    assert miles_of(centre, a, b) == [300, 100]
    assert [sum(left for _, left in lots_of(one)) for one in (a, b)] == [300, 100]
    assert [account_of(one).closed for one in (a, b)] == [False, False]


def test_29_leave_behind_gives_the_leaver_a_standard_membership_with_nothing_but_the_own_qualifying_points(
    centre: Caller, shared: tuple[Membership, Membership]
) -> None:
    a, b = shared
    earned(centre, b, 200)
    earned(centre, b, 30, point_type="status")
    split(centre, a, member_of(b), "leave_behind")

    left = shown(centre, b)
    assert (left["type"], left["status"], left["number"]) == ("standard", "active", b.number)
    assert centre.points_of(b) == {"miles": 0, "status": 30}
    assert centre.points_of(a) == {"miles": 200, "status": 0}


def test_30_who_leaves_a_group_of_three_gets_a_new_standard_membership_and_the_group_goes_on_with_two(
    centre: Caller, sky: Program, moores: tuple[int, list[int]]
) -> None:
    group, (ann, bob, cid) = moores
    earned(centre, group, 90, member=cid)
    earned(centre, group, 60, member=ann)
    number = shown(centre, group)["number"]
    split(centre, group, cid, "by_contribution")

    goes_on = shown(centre, group)
    assert (goes_on["type"], goes_on["status"], goes_on["number"]) == ("group", "active", number)
    assert (sorted(people(goes_on)), mains(goes_on)) == (sorted([ann, bob]), [ann])
    new = home_of(centre, cid, sky)
    assert (new["type"], new["status"], people(new)) == ("standard", "active", [cid])
    assert new["id"] != group
    assert miles_of(centre, group, new["id"]) == [60, 90]


def test_31_of_a_group_of_two_the_one_who_stays_becomes_standard_in_place(
    centre: Caller, sky: Program, michael: Membership, katrin: Membership
) -> None:
    stays, leaves = member_of(michael), member_of(katrin)
    group = merged(centre, michael, katrin, "group", main=stays)["result"]
    number = shown(centre, group)["number"]
    earned(centre, group, 100, member=leaves)
    split(centre, group, leaves, "equal")

    alone = shown(centre, group)
    assert (alone["type"], alone["status"], alone["number"], people(alone)) == ("standard", "active", number, [stays])
    new = home_of(centre, leaves, sky)
    assert (new["type"], people(new)) == ("standard", [leaves])
    assert miles_of(centre, group, new["id"]) == [50, 50]
    groups = centre.reads("memberships", type="group", status="active")["results"]
    assert groups == []


def test_31_a_leaving_main_member_names_who_follows(
    centre: Caller, sky: Program, moores: tuple[int, list[int]]
) -> None:
    group, (ann, bob, cid) = moores
    asked = {"kind": "split", "membership": group, "leaver": ann, "policy": "equal"}
    centre.is_refused("membership-changes", 422, "change_refused", **asked)
    split(centre, group, ann, "equal", new_main=cid)
    goes_on = shown(centre, group)
    assert (sorted(people(goes_on)), mains(goes_on)) == (sorted([bob, cid]), [cid])
    assert home_of(centre, ann, sky)["type"] == "standard"


def test_32_of_two_who_share_an_account_both_become_standard(
    centre: Caller, shared: tuple[Membership, Membership]
) -> None:
    a, b = shared
    earned(centre, a, 501)
    split(centre, a, member_of(b), "ratio", ratio="40")

    found = [shown(centre, one) for one in shared]
    assert [(one["type"], one["status"], one["number"]) for one in found] == [
        ("standard", "active", one.number) for one in shared
    ]
    assert miles_of(centre, a, b) == [301, 200]
    assert all(not each["pooled"] for one in found for each in one["balances"])


def test_35_a_debt_is_divided_by_the_same_policy_shown_before_consent_and_neither_made_nor_lost(
    centre: Caller, shared: tuple[Membership, Membership]
) -> None:
    a, b = shared
    sale = earned(centre, a, 41)
    redeemed(centre, b, 41)
    centre.does(f"postings/{sale}/reverse", reason="brought back")
    assert miles_of(centre, a, b) == [-41, -41]
    change = split_proposed(centre, a, member_of(b), "equal")
    shares = preview_of(centre, change)
    assert sorted(shares.values()) == [(-21, 21), (-20, 20)]

    agreed_and_done(centre, change)

    owed = {member_of(one): centre.balances_of(one)["miles"] for one in (a, b)}
    assert {who: (each["balance"], each["debt"]) for who, each in owed.items()} == shares


def test_38_who_left_and_joins_another_pool_the_next_day_is_refused_with_the_first_day_allowed(
    centre: Caller, sky: Program, shared: tuple[Membership, Membership]
) -> None:
    sky.cool_down_days = 90
    sky.save()
    a, b = shared
    split(centre, a, member_of(b), "equal")
    other = make_membership(sky, "John Miller")
    first_day = days_from_now(sky, 90).isoformat()
    later(sky, days=1)

    asked = {"kind": "merge", "prime": other.pk, "secondary": b.pk, "result_type": "shared"}
    facts = centre.is_refused("membership-changes", 422, "cool_down", **asked)

    assert first_day in str(facts)
    later(sky, days=90)
    merge_proposed(centre, other, b, "shared")


def test_70_the_cards_of_a_leaving_group_member_go_along_and_keep_working(
    centre: Caller, sky: Program, moores: tuple[int, list[int]]
) -> None:
    group, (ann, bob, cid) = moores
    cards = {who: held(centre, group, who) for who in (ann, bob, cid)}
    split(centre, group, cid, "equal")

    new = home_of(centre, cid, sky)["id"]
    assert cards_of(centre, new) == [cards[cid]]
    assert sorted(cards_of(centre, group)) == sorted([cards[ann], cards[bob]])
    for who, home in ((ann, group), (bob, group), (cid, new)):
        (found,) = centre.reads("customers/lookup", card_number=cards[who])["results"]
        assert (found["customer"]["id"], found["membership"], found["redirected_from"]) == (who, home, None)
        card = centre.reads(f"cards/{cards[who]}")
        assert (card["status"], card["membership"]) == ("active", home)


def held(caller: Caller, membership: int, customer: int) -> str:
    """The card of this member, found by the number of each."""
    for number in cards_of(caller, membership):
        (found,) = caller.reads("customers/lookup", card_number=number)["results"]
        if found["customer"]["id"] == customer:
            return number
    raise AssertionError(customer)


def refused_erasing(customer: int) -> dict[str, Any]:
    """The facts of the refusal; nothing changed by it."""
    before = everything()
    with pytest.raises(CustomerNotErasable) as refused:
        erase_customer(Customer.objects.get(pk=customer), actor=ACTOR, reason="asked to be forgotten")
    assert everything() == before
    return refused.value.facts


def test_77_the_main_member_of_a_group_is_erased_only_after_handing_over_and_leaving(
    centre: Caller, sky: Program, moores: tuple[int, list[int]]
) -> None:
    group, (ann, bob, cid) = moores
    facts = refused_erasing(ann)
    assert (facts["membership"], facts["main"]) == (group, True)

    path = f"memberships/{group}/hand-over"
    stranger = member_of(make_membership(sky, "John Miller"))
    centre.is_refused(path, 422, "not_a_member", customer=stranger, reason="by mistake")
    handed = centre.does(path, status=200, customer=bob, reason="Ann wants to be forgotten")
    assert mains(handed) == [bob]
    assert refused_erasing(ann)["main"] is False

    split(centre, group, ann, "leave_behind")
    erase_customer(Customer.objects.get(pk=ann), actor=ACTOR, reason="asked to be forgotten")
    assert centre.reads(f"customers/{ann}")["status"] == "erased"
    assert (sorted(people(shown(centre, group))), mains(shown(centre, group))) == (sorted([bob, cid]), [bob])


def test_whoever_shares_an_account_leaves_it_by_the_programs_rule_when_erased(
    centre: Caller, shared: tuple[Membership, Membership]
) -> None:
    a, b = shared
    earned(centre, b, 100)
    erase_customer(Customer.objects.get(pk=member_of(b)), actor=ACTOR, reason="asked to be forgotten")
    gone, stays = shown(centre, b), shown(centre, a)
    assert (gone["type"], gone["status"], gone["end_reason"]) == ("standard", "expired", "customer_closed")
    assert (stays["type"], stays["status"]) == ("standard", "active")
    # Left behind, as the program says.
    assert miles_of(centre, a, b) == [100, 0]
    (left,) = centre.reads("membership-changes", membership=a.pk, kind="split")["results"]
    assert (left["status"], left["basis"], left["leaver"]) == ("carried_out", "end", member_of(b))
