"""What an activity received makes: first uses, postings, whose it is (cases 57, 62, 73)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from activities.models import ActivityType, MemberActivity, PointFlow
from cards import issuing
from common import clock
from gateway.models import Event
from memberships.lifecycle import suspend, suspend_member
from memberships.models import CardHolding, Member, Membership
from memberships.overriding import allow_redemption
from points.models import Posting
from programs.models import Program, ProgramStatus
from tests.activities.conftest import Caller
from tests.activities.till import earn_by, main_card, refused, visit
from tests.audit.helpers import assert_audit_clean
from tests.changes import group_of, organization_pool, people_of
from tests.factories import ACTOR, account_of, make_membership
from tests.temporary import temporary_card

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


# Cases of the reference.


def test_case_57_the_first_use_finds_the_program_and_makes_membership_set_and_posting(shop: Caller) -> None:
    card = temporary_card(Program.objects.get())
    answer = shop.post("activities", earn_by(card, reference="R-1", location="Berlin"))
    made, body = Membership.objects.get(), answer.json()
    assert answer.status_code == 201
    activity, posting = MemberActivity.objects.get(), Posting.objects.get()
    assert body | {"occurred_at": "", "posting": "", "balances": ""} == {
        "id": activity.pk,
        "type": "earn",
        "status": "processed",
        "membership": made.pk,
        "redirected_from": None,
        "member": None,
        "occurred_at": "",
        "late": False,
        "posting": "",
        "effects": [],
        "balances": "",
        "problem": None,
    }
    assert body["posting"]["id"] == posting.pk
    assert body["posting"]["entries"] == [{"point_type": "miles", "amount": 50, "balance_after": 50}]
    (balance,) = body["balances"]
    assert (balance["point_type"], balance["balance"], balance["available"]) == ("miles", 50, 50)
    assert (made.type, made.status, made.program.code) == ("anonymous", "active", "miles")
    assert (activity.membership_id, activity.card_id, activity.customer_id) == (made.pk, card.pk, None)
    assert (activity.posting_id, activity.points, activity.reference) == (posting.pk, 50, "R-1")
    assert (posting.for_set_id, posting.person_id) == (made.own_set_id, None)
    assert CardHolding.objects.get().held_from == activity.occurred_at
    assert_audit_clean()


def test_case_57_the_second_use_finds_the_membership_the_first_one_made(shop: Caller, miles: Program) -> None:
    card = temporary_card(miles)
    first, second = (shop.post("activities", earn_by(card)).json() for _ in range(2))
    assert first["membership"] == second["membership"] == Membership.objects.get().pk
    assert account_of(Membership.objects.get()).balance == 100


def test_case_62_a_card_past_its_end_is_refused_with_the_reason(caller: Callable[..., Caller], miles: Program) -> None:
    desk = caller("activities:write", "points:earn", "cards:read", programs=(miles,))
    with clock.frozen(NOON):
        card = temporary_card(miles, valid_until=date(2026, 3, 12))
    with clock.frozen(datetime(2026, 3, 13, 0, 0, tzinfo=UTC)):
        problem = refused(desk, earn_by(card), 422, "card_blocked")
    assert problem["facts"]["valid_until"] == "2026-03-12"
    assert "2026-03-13" in problem["detail"]
    assert not Membership.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_case_62_validity_is_that_of_the_time_of_the_event(shop: Caller, miles: Program) -> None:
    with clock.frozen(NOON):
        card = temporary_card(miles, valid_until=date(2026, 3, 12))
    with clock.frozen(datetime(2026, 3, 14, 8, 0, tzinfo=UTC)):
        answer = shop.post("activities", earn_by(card, occurred_at="2026-03-12T23:59:59Z"))
        assert (answer.status_code, answer.json()["late"]) == (201, True)
        refused(shop, earn_by(temporary_card(miles), occurred_at="2026-03-12T23:59:59Z"), 404, "not_found")


@pytest.mark.parametrize("status", [ProgramStatus.LOCKED, ProgramStatus.CLOSED])
def test_case_62_a_program_that_is_not_released_is_refused_with_the_reason(
    shop: Caller, miles: Program, status: str
) -> None:
    card = temporary_card(miles)
    miles.status = status
    miles.save()
    problem = refused(shop, earn_by(card), 422, "program_not_released")
    assert problem["facts"] == {"program": "miles", "program_status": status}


def test_case_73_an_activity_of_an_organization_membership_is_refused(shop: Caller, miles: Program) -> None:
    umbrella, _ = organization_pool(miles, "Ann Clark")
    visit(miles)
    for body in ({"type": "earn", "points": 5}, {"type": "redeem", "points": 5}, {"type": "visit"}):
        for name in ({"membership": umbrella.pk}, {"member_number": umbrella.number}):
            problem = refused(shop, body | name, 422, "membership_not_able")
            assert problem["facts"]["type"] == "organization"


# What an activity does.


def test_a_sale_redeems_by_the_card(shop: Caller, michael_adams: Membership) -> None:
    number = main_card(michael_adams).number_id
    shop.post("activities", {"type": "earn", "points": 100, "card_number": number})
    body = shop.post("activities", {"type": "redeem", "points": 30, "card_number": number}).json()
    assert body["posting"]["entries"] == [{"point_type": "miles", "amount": -30, "balance_after": 70}]
    problem = refused(shop, {"type": "redeem", "points": 71, "card_number": number}, 422, "insufficient_points")
    assert problem["facts"] == {"available": 70, "asked": 71, "point_type": "miles"}
    assert_audit_clean()


def test_an_anonymous_card_earns_and_redeems_by_exception_only(shop: Caller, miles: Program) -> None:
    card = temporary_card(miles)
    shop.post("activities", earn_by(card, 100))
    refused(shop, earn_by(card, 30, type="redeem"), 422, "membership_not_able")
    allow_redemption(Membership.objects.get(), actor=ACTOR, reason="gift in store")
    assert shop.post("activities", earn_by(card, 30, type="redeem")).status_code == 201
    assert account_of(Membership.objects.get()).balance == 70
    assert_audit_clean()


def test_an_unused_card_that_redeems_makes_no_membership(shop: Caller, miles: Program) -> None:
    card = temporary_card(miles)
    refused(shop, earn_by(card, 5, type="redeem"), 422, "membership_not_able")
    card.refresh_from_db()
    assert (card.status, Membership.objects.count()) == ("created", 0)


def test_a_type_without_points_is_recorded_and_posts_nothing(shop: Caller, michael_adams: Membership) -> None:
    visit(michael_adams.program)
    body = shop.post(
        "activities", {"type": "visit", "membership": michael_adams.pk, "location": "Berlin", "note": "asked"}
    ).json()
    row = MemberActivity.objects.get()
    assert (body["id"], body["posting"], body["balances"], body["effects"]) == (row.pk, None, [], [])
    assert (row.status, row.points, row.posting_id, row.location, row.note) == (
        "processed",
        None,
        None,
        "Berlin",
        "asked",
    )
    assert Posting.objects.count() == 0
    event = Event.objects.get(kind="activity.processed")
    facts = {"type": "visit", "membership": michael_adams.pk, "effects": 0, "points": {}}
    assert (event.subject_id, event.facts) == (row.pk, facts)
    assert_audit_clean()


def test_points_are_told_where_the_type_posts_some_and_nowhere_else(shop: Caller, michael_adams: Membership) -> None:
    visit(michael_adams.program)
    name = {"membership": michael_adams.pk}
    refused(shop, {"type": "earn"} | name, 422, "points_needed")
    refused(shop, {"type": "visit", "points": 5} | name, 422, "points_not_taken")
    refused(shop, {"type": "visit", "point_type": "miles"} | name, 422, "points_not_taken")
    refused(shop, {"type": "party", "points": 5} | name, 422, "unknown_activity_type")


def test_a_type_of_the_programs_own_earns_like_the_built_in_one(shop: Caller, michael_adams: Membership) -> None:
    ActivityType.objects.create(program=michael_adams.program, code="review", name="Review", flow=PointFlow.EARN)
    body = shop.post("activities", {"type": "review", "points": 5, "membership": michael_adams.pk}).json()
    assert (body["type"], body["posting"]["kind"]) == ("review", "earn")
    assert MemberActivity.objects.get().type.code == "review"
    assert_audit_clean()


# Whose it is.


def test_a_suspended_members_card_is_not_taken_and_the_others_are(shop: Caller, miles: Program) -> None:
    group = group_of(miles)
    mia, max_ = people_of(group)
    cards = {one.customer_id: one.card for one in CardHolding.objects.filter(membership=group)}
    suspend_member(Member.objects.get(customer=max_), actor=ACTOR, reason="doubt")
    problem = refused(shop, earn_by(cards[max_]), 422, "membership_not_able")
    assert (problem["facts"]["capability"], problem["facts"]["member_suspended"]) == ("use_card", True)
    assert shop.post("activities", earn_by(cards[mia])).json()["member"] == mia


def test_where_a_suspended_membership_may_earn_its_card_is_still_not_taken(
    shop: Caller, michael_adams: Membership
) -> None:
    program = michael_adams.program
    program.capability_overrides = {"suspended": {"earn": True}}
    program.save()
    card = main_card(michael_adams)
    suspend(michael_adams, actor=ACTOR, reason="doubt")
    assert refused(shop, earn_by(card), 422, "membership_not_able")["facts"]["capability"] == "use_card"
    assert shop.post("activities", {"type": "earn", "points": 5, "membership": michael_adams.pk}).status_code == 201


def test_the_card_names_its_holder_and_no_other_member(shop: Caller, miles: Program) -> None:
    group = group_of(miles)
    mia, max_ = people_of(group)
    card = CardHolding.objects.get(customer=max_).card
    assert shop.post("activities", earn_by(card)).json()["member"] == max_
    assert shop.post("activities", {"type": "earn", "points": 5, "membership": group.pk}).json()["member"] == mia
    assert Posting.objects.order_by("pk").first().person_id == max_


@pytest.mark.django_db(transaction=True)
def test_a_late_sale_belongs_to_the_day_it_was_made(shop: Caller, miles: Program) -> None:
    """The loss was reported for noon: what was sold before counts, what was sold after does not."""
    with clock.frozen(NOON - timedelta(hours=4)):
        emma = make_membership(miles, "Emma Stone")
    card = main_card(emma)
    with clock.frozen(NOON + timedelta(hours=1)):
        issuing.report(card, issuing.CardStatus.LOST, actor=ACTOR, since=NOON)
    with clock.frozen(NOON + timedelta(hours=2)):
        before = shop.post("activities", earn_by(card, 7, occurred_at="2026-03-10T11:59:59Z"))
        assert (before.status_code, before.json()["late"]) == (201, True)
        answer = shop.post("activities", earn_by(card, 7, occurred_at="2026-03-10T12:00:00Z"))
        assert answer.status_code in (404, 422)
    assert account_of(emma).balance == 7
    assert Posting.objects.get().occurred_at == NOON - timedelta(seconds=1)


def test_an_earlier_sale_of_an_anonymous_card_that_comes_in_later_counts(shop: Caller, miles: Program) -> None:
    with clock.frozen(NOON):
        card = temporary_card(miles)
    with clock.frozen(NOON + timedelta(hours=5)):
        shop.post("activities", earn_by(card, 10))
        answer = shop.post("activities", earn_by(card, 5, occurred_at="2026-03-10T13:00:00Z"))
    assert (answer.status_code, answer.json()["late"]) == (201, True)
    assert account_of(Membership.objects.get()).balance == 15
    assert CardHolding.objects.get().held_from == NOON + timedelta(hours=1)
    assert_audit_clean()
