from datetime import UTC, datetime, timedelta

import pytest

from activities.calls import PointsCall
from activities.earning import earn
from activities.redeeming import redeem
from cards import issuing
from cards.errors import CardNotUsable
from cards.models import Card, CardStatus
from common import clock
from common.errors import NotFound
from memberships.card_holding import end_holding, give_card, holder_at, replace_card
from memberships.ending import expire, terminate
from memberships.enrolment import enrol
from memberships.errors import AmbiguousNumber, MembershipEnded, NotAMember
from memberships.finding import find_by_card_number, find_by_member_number
from memberships.models import CardHolding, EndReason, Member, Membership
from memberships.targets import find_target
from points.models import Posting
from tests.changes import group_of
from tests.factories import ACTOR, actor_in, make_customer, make_program

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)


@pytest.fixture
def membership(sky, emma) -> Membership:
    with clock.frozen(NOON):
        return enrol(emma, program=sky, actor=ACTOR)


@pytest.fixture
def johns(sky) -> Membership:
    with clock.frozen(NOON):
        return enrol(make_customer("John"), program=sky, actor=ACTOR)


def merged_into(source: Membership, survivor: Membership) -> Membership:
    """What a merge into a group leaves: the source ended and superseded, its person a member of the survivor."""
    ended = expire(source, actor=ACTOR, end_reason=EndReason.MERGED)
    ended.superseded_by = survivor
    ended.save()
    return ended


def test_each_name_leads_to_the_membership_and_its_person(membership, sky, emma):
    card = Card.objects.get()
    spaced = f"{card.number_id[:4]} {card.number_id[4:]}"
    for name in ({"membership_id": membership.pk}, {"member_number": membership.number}):
        target = find_target(actor_in(sky), at=LATER, **name)
        assert (target.membership, target.person_id, target.card_id, target.redirected_from) == (
            membership,
            emma.pk,
            None,
            None,
        )
    target = find_target(actor_in(sky), at=LATER, card_number=spaced)
    assert (target.membership, target.person_id, target.card_id) == (membership, emma.pk, card.pk)


@pytest.mark.parametrize("name", ["membership_id", "member_number", "card_number"])
def test_foreign_and_missing_answer_alike(membership, name):
    stranger = actor_in(make_program("sea"))
    known = {
        "membership_id": membership.pk,
        "member_number": membership.number,
        "card_number": Card.objects.get().number_id,
    }
    messages = []
    for value in (known[name], 10**9 if name == "membership_id" else "0" * 60):
        with pytest.raises(NotFound) as refused:
            find_target(stranger, at=LATER, **{name: value})
        messages.append((refused.value.message, refused.value.facts))
    assert messages[0] == messages[1]


def test_a_number_of_two_programs_asks_for_the_program(membership, emma, sky):
    sea = make_program("sea")
    twin = enrol(emma, program=sea, actor=ACTOR)
    twin.number = membership.number
    twin.save()
    with pytest.raises(AmbiguousNumber) as refused:
        find_target(ACTOR, at=LATER, member_number=membership.number)
    assert refused.value.facts == {"programs": ["sea", "sky"]}
    assert find_target(ACTOR, at=LATER, member_number=membership.number, program_id=sea.pk).membership == twin
    assert find_target(actor_in(sky), at=LATER, member_number=membership.number).membership == membership


def test_who_is_no_member_is_refused(membership, johns):
    stranger = johns.members.get().customer_id
    for name in ({"membership_id": membership.pk}, {"card_number": Card.objects.order_by("pk")[0].number_id}):
        with pytest.raises(NotAMember):
            find_target(ACTOR, at=clock.now(), member=stranger, **name)


def test_a_merged_membership_leads_to_where_its_person_takes_part(membership, johns, emma):
    # Emma left the survivor again and enrolled anew: her old number follows her, not the survivor.
    merged_into(membership, johns)
    anew = enrol(emma, program=membership.program, actor=ACTOR)
    for name in ({"membership_id": membership.pk}, {"member_number": membership.number}):
        target = find_target(ACTOR, at=LATER, **name)
        assert (target.membership, target.person_id, target.redirected_from) == (anew, emma.pk, membership.pk)


def moved_into(group: Membership, source: Membership) -> None:
    """What a merge into a group leaves: the source ended, its person a member of the group and their card there."""
    merged_into(source, group)
    person = source.members.get().customer_id
    Member.objects.create(membership=group, program=group.program, customer_id=person, joined_at=NOON)
    for holding in CardHolding.objects.filter(membership=source, held_until=None):
        end_holding(holding.card, actor=ACTOR, at=LATER)
        give_card(holding.card, membership=group, customer_id=person, actor=ACTOR, at=LATER)


@pytest.fixture
def moores(sky) -> Membership:
    with clock.frozen(NOON):
        return group_of(sky, "Mia", "Max")


@pytest.mark.parametrize("name", ["membership_id", "member_number", "card_number"])
def test_a_membership_merged_into_a_group_leads_to_its_person_there(membership, moores, emma, name):
    named = {
        "membership_id": membership.pk,
        "member_number": membership.number,
        "card_number": Card.objects.get(holdings__membership=membership).number_id,
    }
    with clock.frozen(LATER):
        moved_into(moores, membership)
    target = find_target(ACTOR, at=LATER, **{name: named[name]})
    redirected_from = None if name == "card_number" else membership.pk
    assert (target.membership, target.person_id, target.redirected_from) == (moores, emma.pk, redirected_from)
    # A late event before the merge, by the card she already had.
    late = find_target(ACTOR, at=NOON, **{name: named[name]})
    assert (late.membership, late.person_id, late.redirected_from) == (moores, emma.pk, membership.pk)


def test_points_sent_to_a_merged_membership_land_in_the_group_for_its_person(membership, moores, emma):
    moved_into(moores, membership)
    answer = earn(PointsCall(membership.pk, 30), actor=ACTOR)
    assert (answer["membership"], answer["redirected_from"]) == (moores.pk, membership.pk)
    posting = Posting.objects.get(pk=answer["posting"]["id"])
    assert (posting.for_set_id, posting.person_id) == (moores.own_set_id, emma.pk)
    answer = redeem(PointsCall(membership.pk, 10), actor=ACTOR)
    assert (answer["redirected_from"], answer["balances"][0]["balance"]) == (membership.pk, 20)
    # Another member of the group may be named; a stranger may not.
    other = moores.main_member.customer_id
    assert earn(PointsCall(membership.pk, 1, member=other), actor=ACTOR)["redirected_from"] == membership.pk
    assert Posting.objects.latest("pk").person_id == other
    with pytest.raises(NotAMember):
        earn(PointsCall(membership.pk, 1, member=make_customer("Stranger").pk), actor=ACTOR)


def test_who_left_the_group_takes_their_old_number_along(membership, moores, emma, sky):
    moved_into(moores, membership)
    member = Member.objects.get(membership=moores, customer=emma)
    member.ended_at = LATER
    member.save()
    with pytest.raises(MembershipEnded):
        find_target(ACTOR, at=LATER, membership_id=membership.pk)
    anew = enrol(emma, program=sky, actor=ACTOR)
    for name in ({"membership_id": membership.pk}, {"member_number": membership.number}):
        target = find_target(ACTOR, at=LATER, **name)
        assert (target.membership, target.person_id, target.redirected_from) == (anew, emma.pk, membership.pk)
    # The group's own number is that of those who stayed.
    assert find_target(ACTOR, at=LATER, member_number=moores.number).person_id == moores.main_member.customer_id
    for name in ({"membership_id": moores.pk}, {"member_number": moores.number}):
        with pytest.raises(NotAMember):
            find_target(ACTOR, at=LATER, member=emma.pk, **name)


def test_a_group_as_a_whole_leads_to_its_survivor_and_its_members_to_where_they_are(sky, moores):
    with clock.frozen(NOON):
        survivor = group_of(sky, "Sam", "Sue")
    mia, max_ = (one.customer for one in moores.members.order_by("pk"))
    merged_into(moores, survivor)
    Member.objects.create(membership=survivor, program=sky, customer=mia, joined_at=NOON)
    target = find_target(ACTOR, at=LATER, membership_id=moores.pk)
    assert (target.membership, target.redirected_from) == (survivor, moores.pk)
    assert target.person_id == survivor.main_member.customer_id
    assert find_target(ACTOR, at=LATER, membership_id=moores.pk, member=mia.pk).person_id == mia.pk
    alone = enrol(max_, program=sky, actor=ACTOR)
    assert find_target(ACTOR, at=LATER, member_number=moores.number, member=max_.pk).membership == alone


def test_the_number_of_a_record_that_was_a_duplicate_leads_to_the_person(membership, johns, emma):
    """John's record turned out to be another one of Emma."""
    duplicate = johns.members.get().customer
    merged_into(johns, membership)
    duplicate.merged_into = emma
    duplicate.save()
    target = find_target(ACTOR, at=LATER, member_number=johns.number)
    assert (target.membership, target.person_id, target.redirected_from) == (membership, emma.pk, johns.pk)
    card = Card.objects.get(holdings__membership=johns).number_id
    assert find_target(ACTOR, at=LATER, card_number=card).person_id == emma.pk


def test_a_retired_number_finds_its_person_among_the_members(membership, moores, emma):
    moved_into(moores, membership)
    (found,) = find_by_member_number(ACTOR, membership.number)
    assert (found.customer, found.membership_id, found.redirected_from) == (emma, moores.pk, membership.pk)
    assert {one.customer.name for one in find_by_member_number(ACTOR, moores.number)} == {"Emma Stone", "Max", "Mia"}


def test_a_number_still_in_use_is_not_led_on_for_who_is_no_member(membership, johns):
    john = johns.members.get().customer_id
    with pytest.raises(NotAMember):
        find_target(ACTOR, at=LATER, member_number=membership.number, member=john)


def test_a_merged_membership_without_current_participation_has_ended(membership, johns):
    merged_into(membership, johns)
    terminate(johns, actor=ACTOR, reason="wish")
    with pytest.raises(MembershipEnded):
        find_target(ACTOR, at=LATER, membership_id=membership.pk)


def test_an_ended_membership_by_id_is_ended_but_its_number_follows_the_person(membership, emma, sky):
    terminate(membership, actor=ACTOR, reason="wish")
    with pytest.raises(MembershipEnded):
        find_target(ACTOR, at=LATER, member_number=membership.number)
    anew = enrol(emma, program=sky, actor=ACTOR)
    with pytest.raises(MembershipEnded):
        find_target(ACTOR, at=LATER, membership_id=membership.pk)
    target = find_target(ACTOR, at=LATER, member_number=membership.number)
    assert (target.membership, target.redirected_from) == (anew, membership.pk)
    (found,) = find_by_member_number(ACTOR, membership.number)
    assert (found.customer, found.membership_id, found.redirected_from) == (emma, anew.pk, membership.pk)


def test_a_card_belongs_to_whoever_held_it_at_event_time(membership, johns, emma):
    card = Card.objects.order_by("pk")[0]
    john = johns.members.get().customer
    with clock.frozen(LATER):
        end_holding(card, actor=ACTOR, at=LATER)
        give_card(card, membership=johns, customer_id=john.pk, actor=ACTOR, at=LATER)
    assert holder_at(card.pk, NOON - timedelta(seconds=1)) is None
    assert holder_at(card.pk, LATER - timedelta(microseconds=1)).customer == emma
    assert holder_at(card.pk, LATER).customer == john
    assert find_target(ACTOR, at=NOON, card_number=card.number_id).membership == membership
    assert find_target(ACTOR, at=LATER, card_number=card.number_id).membership == johns


def test_a_lost_card_bars_events_from_then_on_only(membership):
    card = Card.objects.get()
    since = NOON + timedelta(hours=3)
    with clock.frozen(LATER):
        issuing.report(card, CardStatus.LOST, actor=ACTOR, since=since)
    before = find_target(ACTOR, at=since - timedelta(microseconds=1), card_number=card.number_id)
    assert before.membership == membership
    with pytest.raises(CardNotUsable) as refused:
        find_target(ACTOR, at=since, card_number=card.number_id)
    assert (refused.value.code, refused.value.status) == ("card_blocked", 422)


def test_a_replacement_is_in_the_same_hand_and_the_old_number_finds_it_for_staff(membership, emma):
    old = Card.objects.get()
    with clock.frozen(LATER):
        new = replace_card(old, actor=ACTOR, reason="worn")
    old.refresh_from_db()
    assert (old.status, old.successor, old.barred_from) == ("replaced", new, LATER)
    held = list(CardHolding.objects.order_by("pk").values_list("card", "customer", "held_from", "held_until"))
    assert held == [(old.pk, emma.pk, NOON, LATER), (new.pk, emma.pk, LATER, None)]
    assert find_target(ACTOR, at=LATER, card_number=new.number_id).person_id == emma.pk
    with pytest.raises(CardNotUsable):
        find_target(ACTOR, at=LATER, card_number=old.number_id)
    (found,) = find_by_card_number(ACTOR, old.number_id)
    assert found.membership_id == membership.pk


def test_a_card_nobody_holds_is_unknown(sky):
    card = issuing.issue_card(sky, actor=ACTOR, active=True)
    with pytest.raises(NotFound):
        find_target(ACTOR, at=clock.now(), card_number=card.number_id)


def test_a_chain_of_successors_is_followed_to_its_end(sky, membership, johns):
    # Ended whole memberships of nobody in particular lead along their successors.
    Member.objects.filter(membership=membership).get().delete()
    merged_into(membership, johns)
    target = find_target(ACTOR, at=LATER, membership_id=membership.pk)
    assert (target.membership, target.redirected_from) == (johns, membership.pk)
    assert target.person_id == johns.members.get().customer_id
