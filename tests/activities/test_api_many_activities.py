"""POST /api/activities with items and mode, what rules made of activities, and processing again."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from activities.models import ActivityStatus, MemberActivity, RuleEffect
from activities.queueing import process_waiting
from activities.rules import shown
from gateway.models import Event, IdempotencyRecord
from memberships.models import Membership
from points.models import Posting
from programs.models import Label, Partner, Program
from tests.activities.conftest import Caller
from tests.activities.ruling import PER_EURO, effects_of, in_force, purchase, release, waiting
from tests.activities.till import MADE
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, counted, make_membership, make_program
from tests.temporary import temporary_card

pytestmark = pytest.mark.django_db
PURCHASE = {"type": "purchase", "amount": "120.00", "currency": "EUR"}


# One activity, with what rules read and what they did.


def test_a_purchase_is_answered_with_effects_and_balances(shop: Caller, michael_adams: Membership) -> None:
    in_force(michael_adams.program, PER_EURO, code="basic", name="Basic points")
    answer = shop.post("activities", PURCHASE | {"membership": michael_adams.pk})
    body, activity = answer.json(), MemberActivity.objects.get()
    assert (answer.status_code, body["status"], body["problem"]) == (201, "processed", None)
    (effect,) = body["effects"]
    assert {name: effect[name] for name in ("rule", "version", "action", "point_type", "points")} == {
        "rule": "basic",
        "version": 1,
        "action": "credit",
        "point_type": "miles",
        "points": 120,
    }
    assert "Basic points" in effect["because"] and "120" in effect["because"]
    assert body["posting"]["entries"] == [{"point_type": "miles", "amount": 120, "balance_after": 120}]
    assert [(one["point_type"], one["balance"]) for one in body["balances"]] == [("miles", 120)]
    assert (str(activity.amount), activity.currency, activity.channel_id) == ("120.00", "EUR", 2)
    assert_audit_clean()


def test_an_effect_says_its_condition_in_words_and_beside_them_as_an_expression(
    shop: Caller, michael_adams: Membership
) -> None:
    program = michael_adams.program
    Label.objects.create(program=program, code="vip", name="Very important")
    condition = "activity.amount >= 100.0"
    in_force(program, {"do": "credit", "points": 7}, code="big", name="Big basket", condition=condition)
    in_force(program, {"do": "add_label", "label": "vip"}, code="label", name="Label", condition="true && true")
    (first, second) = shop.post("activities", PURCHASE | {"membership": michael_adams.pk}).json()["effects"]
    assert first["because"] == "Big basket, version 1, gave 7 Miles because Amount is at least 100 EUR."
    assert first["condition"] == condition
    # Written by hand: there are no other words for it.
    assert second["because"] == "Label, version 1, added the label Very important because true && true."
    assert second["condition"] == "true && true"
    pk = MemberActivity.objects.get().pk
    assert shown.effects_of([pk]) == {pk: [first, second]}


def test_rules_read_attributes_and_the_partner(shop: Caller, michael_adams: Membership) -> None:
    Partner.objects.create(program=michael_adams.program, code="hotel", name="Hotel")
    condition = 'activity.attributes.nights >= 2 && activity.partner == "hotel"'
    in_force(michael_adams.program, {"do": "credit", "points": 7}, condition=condition)
    body = PURCHASE | {"membership": michael_adams.pk, "partner": "hotel"}
    assert shop.post("activities", body | {"attributes": {"nights": 3}}).json()["effects"][0]["points"] == 7
    assert shop.post("activities", body | {"attributes": {"nights": 1}}).json()["effects"] == []
    assert list(MemberActivity.objects.order_by("pk").values_list("attributes", "partner__code")) == [
        ({"nights": 3}, "hotel"),
        ({"nights": 1}, "hotel"),
    ]


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"partner": "nobody"}, 422, "unknown_partner"),
        ({"attributes": {"a": [1]}}, 400, "malformed"),
        ({"amount": "1.005"}, 400, "malformed"),
        ({"amount": "-1.00"}, 400, "malformed"),
        ({"amount": True}, 400, "malformed"),
        ({"currency": "euro"}, 400, "malformed"),
        ({"mode": "later"}, 400, "malformed"),
    ],
)
def test_what_rules_could_not_read_is_refused(
    shop: Caller, michael_adams: Membership, more: dict[str, Any], status: int, code: str
) -> None:
    purchase(michael_adams.program)
    before = counted(*MADE)
    answer = shop.post("activities", PURCHASE | {"membership": michael_adams.pk} | more)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert counted(*MADE) == before


def test_an_inactive_partner_is_refused(shop: Caller, michael_adams: Membership) -> None:
    Partner.objects.create(program=michael_adams.program, code="hotel", name="Hotel", is_active=False)
    purchase(michael_adams.program)
    answer = shop.post("activities", PURCHASE | {"membership": michael_adams.pk, "partner": "hotel"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_partner")


def test_a_failing_rule_is_told_and_the_activity_waits(shop: Caller, michael_adams: Membership) -> None:
    rule = in_force(michael_adams.program, {"do": "credit", "expression": "1 / (activity.amount - 120.0)"}, code="odd")
    answer = shop.post("activities", PURCHASE | {"membership": michael_adams.pk})
    body = answer.json()
    assert (answer.status_code, body["status"], body["effects"], body["posting"]) == (201, "failed", [], None)
    assert (body["problem"]["rule"], body["problem"]["version"]) == ("odd", 1)
    assert Posting.objects.count() == 0

    release(rule, since=datetime(2020, 1, 2, tzinfo=UTC), actions=[PER_EURO])
    again = shop.post(f"activities/{body['id']}/reprocess")
    assert (again.status_code, again.json()["status"], again.json()["problem"]) == (200, "processed", None)
    assert [one["points"] for one in again.json()["effects"]] == [120]
    twice = shop.post(f"activities/{body['id']}/reprocess")
    assert (twice.status_code, twice.json()["code"]) == (409, "not_failed")
    assert account_of(michael_adams).balance == 120
    assert_audit_clean()


def test_earning_by_figures_is_followed_by_rules_that_name_it(shop: Caller, michael_adams: Membership) -> None:
    in_force(
        michael_adams.program,
        {"do": "credit", "expression": "activity.points * 2"},
        {"do": "credit", "points": 3, "point_type": "status"},
        types=("earn",),
    )
    body = shop.post("activities", {"type": "earn", "points": 10, "membership": michael_adams.pk}).json()
    assert [(one["point_type"], one["points"]) for one in body["effects"]] == [("miles", 20), ("status", 3)]
    assert [(one["point_type"], one["balance"]) for one in body["balances"]] == [("miles", 30), ("status", 3)]
    answer = shop.post(f"memberships/{michael_adams.pk}/earn-points", {"points": 5})
    assert answer.json()["balances"][0]["balance"] == 45
    own, ruled = Posting.objects.filter(cause_id=body["id"]).order_by("pk")
    assert MemberActivity.objects.get(pk=body["id"]).posting_id == own.pk == body["posting"]["id"]
    assert set(RuleEffect.objects.filter(activity=body["id"]).values_list("posting", flat=True)) == {ruled.pk}
    assert_audit_clean()


def test_points_by_figures_stay_where_a_rule_fails(shop: Caller, michael_adams: Membership) -> None:
    in_force(michael_adams.program, {"do": "credit", "expression": "1 / (activity.points - 10.0)"}, types=("earn",))
    body = shop.post("activities", {"type": "earn", "points": 10, "membership": michael_adams.pk}).json()
    assert (body["status"], body["posting"]["entries"][0]["amount"]) == ("failed", 10)
    assert account_of(michael_adams).balance == 10
    assert_audit_clean()


# Up to a thousand in one call.


def test_items_are_taken_or_refused_each_by_itself_and_answered_in_order(shop: Caller, miles: Program) -> None:
    emma = make_membership(miles, "Emma Stone")
    in_force(miles, PER_EURO)
    elsewhere = make_membership(make_program("other"), "Ben Cole")
    card = temporary_card(miles)
    items = [
        PURCHASE | {"membership": emma.pk},
        PURCHASE | {"membership": elsewhere.pk},
        PURCHASE | {"card_number": card.number_id},
        {"type": "redeem", "points": 1000, "membership": emma.pk},
        PURCHASE | {"membership": emma.pk, "amount": "x"},
        {"type": "redeem", "points": 20, "membership": emma.pk},
    ]
    answer = shop.post("activities", {"items": items}, key="batch-1")
    results = answer.json()["results"]
    assert answer.status_code == 200
    told = [(one["index"], one["status"], one.get("problem", {}).get("code")) for one in results]
    assert told == [
        (0, 201, None),
        (1, 404, "not_found"),
        (2, 201, None),
        (3, 422, "insufficient_points"),
        (4, 400, "malformed"),
        (5, 201, None),
    ]
    assert results[4]["problem"]["errors"][0]["pointer"] == "/amount"
    assert account_of(emma).balance == 100
    before = counted(*MADE)
    repeated = shop.post("activities", {"items": items}, key="batch-1")
    assert repeated.content == answer.content and repeated.headers["Idempotent-Replayed"] == "true"
    assert counted(*MADE) == before
    assert_audit_clean()


@pytest.mark.parametrize("count", [60, pytest.param(1_000, marks=pytest.mark.deep)])
def test_up_to_a_thousand_are_answered_in_order(shop: Caller, michael_adams: Membership, count: int) -> None:
    purchase(michael_adams.program)
    items = [PURCHASE | {"membership": michael_adams.pk, "reference": f"R{i}"} for i in range(count)]
    answer = shop.post("activities", {"items": items, "mode": "queued"})
    results = answer.json()["results"]
    assert [one["index"] for one in results] == list(range(count))
    assert {(one["status"], one["activity"]["status"]) for one in results} == {(202, "received")}
    references = dict(MemberActivity.objects.values_list("pk", "reference"))
    assert [references[one["activity"]["id"]] for one in results] == [f"R{i}" for i in range(count)]


def test_more_than_a_thousand_none_and_other_things_are_no_items(shop: Caller, michael_adams: Membership) -> None:
    purchase(michael_adams.program)
    items = [PURCHASE | {"membership": michael_adams.pk, "reference": f"R{i}"} for i in range(1_000)]
    before = counted(*MADE)
    refused = shop.post("activities", {"items": [*items, items[0]]})
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
    assert shop.post("activities", {"items": []}).status_code == 400
    assert shop.post("activities", {"items": [1]}).status_code == 400
    assert shop.post("activities", {"items": items[:1], "type": "earn"}).status_code == 400
    assert counted(*MADE) == before


def test_a_dry_run_of_items_keeps_nothing(shop: Caller, michael_adams: Membership) -> None:
    in_force(michael_adams.program, PER_EURO)
    before = counted(*MADE, IdempotencyRecord, RuleEffect)
    body = shop.post("activities", {"items": [PURCHASE | {"membership": michael_adams.pk}]}, dry_run="true").json()
    (result,) = body["results"]
    assert (body["dry_run"], result["status"], result["activity"]["id"]) == (True, 201, None)
    assert result["activity"]["effects"][0]["points"] == 120
    assert counted(*MADE, IdempotencyRecord, RuleEffect) == before


# Queued.


def test_what_is_queued_waits_and_is_processed_like_any_other(shop: Caller, michael_adams: Membership) -> None:
    program = michael_adams.program
    in_force(program, PER_EURO)
    answer = shop.post("activities", PURCHASE | {"membership": michael_adams.pk, "mode": "queued"})
    body = answer.json()
    assert (answer.status_code, body["status"], body["effects"], body["posting"]) == (202, "received", [], None)
    assert Event.objects.filter(kind="activity.received", subject_id=body["id"]).count() == 1
    assert account_of(michael_adams).balance == 0
    assert process_waiting(program, actor=ACTOR) == {"processed": 1}
    assert account_of(michael_adams).balance == 120
    assert Posting.objects.get().channel_id == 2
    assert_audit_clean()


def test_earning_may_wait_and_redeeming_may_not(shop: Caller, michael_adams: Membership) -> None:
    program, name = michael_adams.program, {"membership": michael_adams.pk, "mode": "queued"}
    assert shop.post("activities", {"type": "earn", "points": 10} | name).status_code == 202
    for body in ({"type": "redeem", "points": 10}, {"type": "earn", "points": 10, "point_type": "status"}):
        answer = shop.post("activities", body | name)
        assert (answer.status_code, answer.json()["code"]) == (422, "not_queued")
    assert MemberActivity.objects.count() == 1
    process_waiting(program, actor=ACTOR)
    activity, posting = MemberActivity.objects.get(), Posting.objects.get()
    assert (activity.status, activity.posting_id, account_of(michael_adams).balance) == ("processed", posting.pk, 10)
    assert_audit_clean()


# What a membership did.


def test_the_activities_of_a_membership_say_what_rules_made_of_them(
    caller: Callable[..., Caller], michael_adams: Membership
) -> None:
    program = michael_adams.program
    in_force(program, PER_EURO, code="basic")
    in_force(program, {"do": "credit", "expression": "1 / (activity.amount - 40.0)"}, code="odd")
    for amount in ("100.00", "40.00"):
        waiting(michael_adams, amount, attributes={"nights": 2})
    process_waiting(program, actor=ACTOR)
    process_waiting(program, actor=ACTOR)
    reader = caller("memberships:read", programs=(program,))
    failed, done = reader.get(f"memberships/{michael_adams.pk}/activities").json()["results"]
    assert (failed["status"], failed["effects"], failed["problem"]["rule"]) == ("failed", [], "odd")
    assert (done["status"], done["amount"], done["currency"], done["attributes"]) == (
        "processed",
        "100.00",
        "EUR",
        {"nights": 2},
    )
    assert [one["points"] for one in done["effects"]] == [100]
    assert done["posting"] == Posting.objects.get().pk


def test_a_foreign_activity_is_not_there(caller: Callable[..., Caller], michael_adams: Membership) -> None:
    failed = waiting(michael_adams, status=ActivityStatus.FAILED, problem={"code": "x", "detail": "y"})
    stranger = caller("activities:write", programs=(make_program("other"),))
    assert stranger.post(f"activities/{failed.pk}/reprocess").status_code == 404
    assert stranger.post("activities/999999/reprocess").status_code == 404
    assert effects_of(failed) == []
