"""Who is in a campaign stays in it when memberships change; an undo puts every place back as it was (1.9, 1.11)."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from activities.campaigns import create_campaign, put_on_list, take_off
from activities.models import Campaign, CampaignMember
from common import clock
from memberships.card_holding import cards_in_hand
from memberships.changes.preview import preview_of
from memberships.changes.terms import terms_of
from memberships.models import Membership, MembershipChange
from programs.models import Program
from tests.changes import anonymous, customer_called, group_of, one_person, pair, pool_of
from tests.factories import ACTOR, make_customer, member_of
from tests.memberships.changes.planning import planned
from tests.memberships.changes.undone import back, done, proposed
from tests.organizations import agreement_with, umbrella
from tests.registering import registered

Places = dict[int, set[str]]
MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def march() -> Any:
    with clock.frozen(MARCH):
        yield


@pytest.fixture
def campaigns(miles: Program) -> Mapping[str, Campaign]:
    days = {"valid_from": date(2026, 3, 1), "valid_until": date(2026, 12, 31)}
    return {
        code: create_campaign(miles, actor=ACTOR, code=code, name=code.title(), eligibility="list", **days)
        for code in ("spring", "summer")
    }


def put(campaign: Campaign, *memberships: Membership) -> None:
    assert put_on_list(campaign, actor=ACTOR, numbers=[one.number for one in memberships]) == (len(memberships), [])


def places() -> Places:
    """The campaigns each membership is in now."""
    found: Places = {}
    for membership, code in CampaignMember.objects.filter(left_at=None).values_list("membership", "campaign__code"):
        found.setdefault(membership, set()).add(code)
    return found


def rows() -> list[tuple[Any, ...]]:
    return list(CampaignMember.objects.order_by("pk").values_list())


def result_of(change: MembershipChange) -> Membership:
    return Membership.objects.get(pk=change.result_id)


def test_a_group_is_in_what_anybody_in_it_was_in_and_an_undo_gives_each_their_own_back(
    miles: Program, campaigns: Mapping[str, Campaign]
) -> None:
    anna, ben = pair(miles)
    put(campaigns["spring"], anna, ben)
    put(campaigns["summer"], ben)
    before = rows()
    change = done("merge", anna, ben, result_type="group", main_id=member_of(anna))
    assert places() == {change.result_id: {"spring", "summer"}}
    back(change, anna, ben)
    assert rows()[:3] == before
    assert places() == {anna.pk: {"spring"}, ben.pk: {"spring", "summer"}}


def test_where_both_are_in_it_the_place_of_the_one_that_goes_on_stays(
    miles: Program, campaigns: Mapping[str, Campaign]
) -> None:
    stays, goes = pair(miles)
    put(campaigns["spring"], stays)
    with clock.frozen(MARCH + timedelta(hours=1)):
        put(campaigns["spring"], goes)
        put(campaigns["summer"], goes)
        one_person(stays, goes)
        before = rows()
        done("merge", stays, goes)
    assert places() == {stays.pk: {"spring", "summer"}}
    assert rows()[0] == before[0]


def test_a_group_that_goes_on_takes_in_what_the_other_was_in(miles: Program, campaigns: Mapping[str, Campaign]) -> None:
    group, (zoe,) = group_of(miles), pair(miles, "Zoe Zimmer")
    put(campaigns["spring"], zoe)
    put(campaigns["summer"], group)
    change = done("merge", zoe, group, result_type="group")
    assert places() == {group.pk: {"spring", "summer"}}
    back(change, zoe, group)
    assert places() == {group.pk: {"summer"}, zoe.pk: {"spring"}}


def test_a_found_cards_place_goes_along_once_it_is_absorbed(miles: Program, campaigns: Mapping[str, Campaign]) -> None:
    (anna,), found = pair(miles, "Anna Bauer"), anonymous(miles)
    put(campaigns["spring"], found)
    change = done("absorb", anna, found)
    assert places() == {anna.pk: {"spring"}}
    back(change, anna, found)
    assert places() == {found.pk: {"spring"}}


def test_a_found_card_that_becomes_somebodys_keeps_its_place(miles: Program, campaigns: Mapping[str, Campaign]) -> None:
    found = anonymous(miles)
    put(campaigns["spring"], found)
    before = rows()
    (card,) = cards_in_hand(found)
    registered(card, make_customer("Nora New"))
    found.refresh_from_db()
    assert found.type == "standard"
    assert rows() == before


Change = Callable[[], MembershipChange]


def sharing(program: Program) -> tuple[Membership, Change]:
    anna, ben = pair(program)
    return anna, lambda: done("merge", anna, ben, result_type="shared")


def leaving_a_pool(program: Program) -> tuple[Membership, Change]:
    mia, max_ = pool_of(program, "Mia Moore", "Max Moore")
    return max_, lambda: done("split", mia, leaver_id=member_of(max_), policy="by_contribution")


def joining(program: Program) -> tuple[Membership, Change]:
    (anna,), acme = pair(program, "Anna Bauer"), umbrella(program)
    agreement_with(acme, form="shared")
    return anna, lambda: done("join", anna, acme)


@pytest.mark.parametrize("form", [sharing, leaving_a_pool, joining])
def test_whose_membership_goes_on_stays_where_it_is(
    miles: Program, campaigns: Mapping[str, Campaign], form: Callable[[Program], tuple[Membership, Change]]
) -> None:
    membership, change = form(miles)
    put(campaigns["spring"], membership)
    before = rows()
    carried_out = change()
    assert rows() == before
    back(carried_out, membership)
    assert rows() == before


def test_who_leaves_a_group_is_again_in_what_they_brought_and_the_group_stays_in_it(
    miles: Program, campaigns: Mapping[str, Campaign]
) -> None:
    anna, ben = pair(miles)
    put(campaigns["spring"], ben)
    put(campaigns["summer"], anna)
    group = result_of(done("merge", anna, ben, result_type="group", main_id=member_of(anna)))
    before = rows()
    split = done("split", group, leaver_id=member_of(ben), policy="leave_behind")
    assert places() == {group.pk: {"spring", "summer"}, split.result_id: {"spring"}}
    back(split, group)
    assert places() == {group.pk: {"spring", "summer"}}
    assert rows()[: len(before)] == before


def test_what_the_group_left_since_is_left_by_who_leaves_it(miles: Program, campaigns: Mapping[str, Campaign]) -> None:
    anna, ben = pair(miles)
    put(campaigns["spring"], ben)
    put(campaigns["summer"], ben)
    group = result_of(done("merge", anna, ben, result_type="group", main_id=member_of(anna)))
    with clock.frozen(MARCH + timedelta(hours=1)):
        take_off(campaigns["spring"], numbers=[group.number], actor=ACTOR)
    with clock.frozen(MARCH + timedelta(hours=2)):
        split = done("split", group, leaver_id=member_of(ben), policy="leave_behind")
    assert places() == {group.pk: {"summer"}, split.result_id: {"summer"}}


def test_a_group_that_becomes_a_pool_leaves_its_places_with_the_main_member(
    miles: Program, campaigns: Mapping[str, Campaign]
) -> None:
    anna, ben = pair(miles)
    put(campaigns["spring"], ben)
    group = result_of(done("merge", anna, ben, result_type="group", main_id=member_of(anna)))
    put(campaigns["summer"], group)
    before = rows()
    change = done("merge", group, result_type="shared")
    homes = {member_of(one): one.pk for one in Membership.objects.filter(program=miles, current=True, type="shared")}
    assert places() == {homes[member_of(anna)]: {"spring", "summer"}, homes[member_of(ben)]: {"spring"}}
    back(change, group)
    assert places() == {group.pk: {"spring", "summer"}}
    assert rows()[: len(before)] == before


def test_a_pool_that_becomes_a_group_brings_everybodys_places(
    miles: Program, campaigns: Mapping[str, Campaign]
) -> None:
    mia, max_ = pool_of(miles, "Mia Moore", "Max Moore")
    put(campaigns["summer"], max_)
    change = done("merge", mia, result_type="group", main_id=customer_called("Mia Moore").pk)
    assert places() == {change.result_id: {"summer"}}
    back(change, mia, max_)
    assert places() == {max_.pk: {"summer"}}


def test_a_place_the_group_took_itself_ends_with_it_when_it_is_undone(
    miles: Program, campaigns: Mapping[str, Campaign]
) -> None:
    anna, ben = pair(miles)
    change = done("merge", anna, ben, result_type="group", main_id=member_of(anna))
    put(campaigns["spring"], result_of(change))
    back(change, anna, ben)
    assert places() == {}


def test_the_preview_shows_it_and_the_terms_do_not_change_with_it(
    miles: Program, campaigns: Mapping[str, Campaign]
) -> None:
    anna, ben = pair(miles)
    without = terms_of(planned(anna, ben, result_type="group"))
    put(campaigns["spring"], anna)
    put(campaigns["summer"], ben)
    assert terms_of(planned(anna, ben, result_type="group")) == without
    change = proposed("merge", anna, ben, result_type="group", main_id=member_of(anna))
    before = rows()
    (shown,) = [one for one in preview_of(change, actor=ACTOR).people if one.customer == member_of(ben)]
    assert shown.before is not None
    assert shown.after is not None
    assert [(one.kind, one.name) for one in shown.before.also] == [("campaign", "Summer")]
    assert [(one.kind, one.name) for one in shown.after.also] == [("campaign", "Spring"), ("campaign", "Summer")]
    assert rows() == before
