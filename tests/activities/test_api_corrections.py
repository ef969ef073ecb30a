"""Reversals, adjustments, statements and explanations as channels and staff call them."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from oauth2_provider.models import AccessToken
from rest_framework.test import APIClient

from activities.calls import PointsCall
from activities.earning import earn
from activities.models import MemberActivity
from activities.redeeming import redeem
from common import clock
from gateway.channels import create_channel, system_actor
from memberships.models import Membership, MembershipStatus
from points.models import Adjustment, Entry, Lot, PointAccount, Posting, Reversal
from programs.models import Program
from staff.models import Role, StaffRight, User
from tests.factories import ACTOR, account_of, counted, lots_of, make_membership, make_program, member_of

pytestmark = pytest.mark.django_db
TABLES = (Posting, Entry, Lot, Adjustment, Reversal)
_keys = count(1)
Client = Callable[..., Any]


def caller(client: APIClient) -> Client:
    """(method, path, body, **query) -> response; a new key with every POST unless one is given."""

    def call(method: str, path: str, body: Any = None, key: str | None = None, **query: Any) -> Any:
        if method == "get":
            return client.get(f"/api/{path}", query)
        headers = {} if query.get("dry_run") else {"Idempotency-Key": key or f"key-{next(_keys)}"}
        suffix = "?dry_run=true" if query.get("dry_run") else ""
        return client.post(f"/api/{path}{suffix}", body or {}, format="json", headers=headers)

    return call


@pytest.fixture
def channel(miles: Program) -> Client:
    """Adjusts, reverses and reads in `miles` only."""
    scopes = ["points:adjust", "memberships:read"]
    made, _ = create_channel("desk-2", name="Call centre", scopes=scopes, programs=[miles], actor=system_actor())
    token = AccessToken(application=made, scope=" ".join(scopes), expires=clock.now() + timedelta(hours=1))
    token._raw_token = "token-of-the-centre"
    token.save()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer token-of-the-centre")
    return caller(client)


def staff(name: str, role: str) -> Client:
    user = User.objects.create(username=name, is_staff=True)
    StaffRight.objects.create(user=user, role=role)
    client = APIClient()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return caller(client)


@pytest.fixture
def agent(db: None) -> Client:
    return staff("agnes", Role.SUPPORT_AGENT)


@pytest.fixture
def supervisor(db: None) -> Client:
    return staff("susan", Role.SUPERVISOR)


def earned(membership: Membership, points: int) -> dict[str, Any]:
    return earn(PointsCall(membership.pk, points), actor=ACTOR)


def redeemed(membership: Membership, points: int) -> dict[str, Any]:
    return redeem(PointsCall(membership.pk, points), actor=ACTOR)


class TestReverse:
    def test_a_reversal_answers_with_the_posting_and_the_balances(
        self, channel: Client, michael_adams: Membership
    ) -> None:
        earned(michael_adams, 100)
        sale = redeemed(michael_adams, 60)
        answer = channel("post", f"postings/{sale['posting']['id']}/reverse", {"reason": "cancelled", "points": 20})
        assert answer.status_code == 201, answer.json()
        body = answer.json()
        assert body["posting"]["kind"] == "reverse"
        assert body["posting"]["reverses"] == sale["posting"]["id"]
        assert body["posting"]["reason"] == "cancelled"
        assert body["posting"]["entries"] == [{"point_type": "miles", "amount": 20, "balance_after": 60}]
        assert (body["part"], body["in_full"], body["expired"]) == (1, False, [])
        assert body["reversed"] == [
            {
                "point_type": "miles", "asked": 20, "posted": 20, "debt": 0, "shortfall": 0, "cut": 0,
                "cut_from_refund": None,
            }
        ]  # fmt: skip
        assert {one["point_type"]: one["balance"] for one in body["balances"]} == {"miles": 60, "status": 0}
        assert MemberActivity.objects.get(pk=sale["activity"]).status == "processed"

    def test_everything_reversed_marks_the_activity(self, channel: Client, michael_adams: Membership) -> None:
        sale = earned(michael_adams, 100)
        path = f"postings/{sale['posting']['id']}/reverse"
        channel("post", path, {"reason": "returned", "points": 40})
        assert MemberActivity.objects.get().status == "processed"
        channel("post", path, {"reason": "returned"})
        assert MemberActivity.objects.get().status == "reversed"

    def test_the_same_key_reverses_once_and_answers_the_same(self, channel: Client, michael_adams: Membership) -> None:
        sale = earned(michael_adams, 100)
        path = f"postings/{sale['posting']['id']}/reverse"
        first = channel("post", path, {"reason": "returned", "points": 30}, key="once")
        again = channel("post", path, {"reason": "returned", "points": 30}, key="once")
        assert (again.status_code, again.content) == (201, first.content)
        assert again["Idempotent-Replayed"] == "true"
        assert channel("post", path, {"reason": "returned", "points": 31}, key="once").status_code == 422
        assert account_of(michael_adams).balance == 70

    def test_reversing_again_with_a_new_key_is_refused(self, channel: Client, michael_adams: Membership) -> None:
        sale = earned(michael_adams, 100)
        path = f"postings/{sale['posting']['id']}/reverse"
        channel("post", path, {"reason": "returned"})
        before = counted(*TABLES)
        answer = channel("post", path, {"reason": "returned"})
        assert (answer.status_code, answer.json()["code"]) == (422, "not_reversible")
        assert counted(*TABLES) == before

    def test_a_sentence_becomes_a_note_and_never_reaches_the_ledger(
        self, channel: Client, michael_adams: Membership
    ) -> None:
        sale = earned(michael_adams, 100)
        channel("post", f"postings/{sale['posting']['id']}/reverse", {"reason": "Mr Adams sent it back"})
        kept = Reversal.objects.get()
        assert (kept.reason_code, kept.note) == ("other", "Mr Adams sent it back")
        assert Posting.objects.get(pk=kept.posting_id).reason_code == "other"

    def test_a_dry_run_answers_as_if_and_keeps_nothing(self, channel: Client, michael_adams: Membership) -> None:
        sale = earned(michael_adams, 100)
        before = counted(*TABLES)
        answer = channel(
            "post", f"postings/{sale['posting']['id']}/reverse", {"reason": "returned", "points": 30}, dry_run=True
        ).json()
        assert (answer["dry_run"], answer["posting"]["id"]) == (True, None)
        assert answer["posting"]["entries"][0]["balance_after"] == 70
        assert counted(*TABLES) == before

    def test_a_foreign_posting_answers_like_none(self, channel: Client) -> None:
        foreign = earned(make_membership(make_program("other"), "Ole Olsen"), 50)
        shown = channel("post", f"postings/{foreign['posting']['id']}/reverse", {"reason": "returned"})
        unknown = channel("post", "postings/999999999/reverse", {"reason": "returned"})
        assert (shown.status_code, unknown.status_code) == (404, 404)
        assert shown.json() == unknown.json()

    def test_an_agent_of_staff_needs_the_right_to_reverse(
        self, agent: Client, supervisor: Client, michael_adams: Membership
    ) -> None:
        path = f"postings/{earned(michael_adams, 100)['posting']['id']}/reverse"
        assert agent("post", path, {"reason": "returned"}).status_code == 403
        assert account_of(michael_adams).balance == 100
        assert supervisor("post", path, {"reason": "returned"}).status_code == 201

    def test_a_suspended_membership_is_corrected_all_the_same(self, channel: Client, michael_adams: Membership) -> None:
        sale = earned(michael_adams, 100)
        michael_adams.status = MembershipStatus.SUSPENDED
        michael_adams.save()
        assert channel("post", f"postings/{sale['posting']['id']}/reverse", {"reason": "returned"}).status_code == 201

    def test_points_of_a_merged_membership_come_back_where_they_live_now(
        self, channel: Client, michael_adams: Membership, katrin_bauer: Membership
    ) -> None:
        earned(michael_adams, 100)
        sale = redeemed(michael_adams, 60)
        PointAccount.objects.filter(account_set=michael_adams.own_set_id).update(closed=True)
        michael_adams.status, michael_adams.end_reason = MembershipStatus.EXPIRED, "merged"
        michael_adams.ended_at, michael_adams.superseded_by = clock.now(), katrin_bauer
        michael_adams.save()
        body = channel("post", f"postings/{sale['posting']['id']}/reverse", {"reason": "cancelled"}).json()
        assert body["membership"] == katrin_bauer.pk
        assert lots_of(katrin_bauer) == [(60, 60)]
        assert lots_of(michael_adams) == [(100, 40)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "returned", "points": 0},
        {"reason": "returned", "points": -5},
        {"reason": "returned", "points": 1.0},
        {"reason": "returned", "points": "5"},
        {"reason": "returned", "points": True},
        {"reason": "returned", "extend_until": "soon"},
        {"reason": "returned", "colour": "red"},
    ],
)
def test_malformed_reversals_change_nothing(channel: Client, michael_adams: Membership, body: Any) -> None:
    sale = earned(michael_adams, 100)
    before = counted(*TABLES)
    answer = channel("post", f"postings/{sale['posting']['id']}/reverse", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert counted(*TABLES) == before


class TestAdjust:
    def test_below_the_limit_it_is_posted(self, agent: Client, michael_adams: Membership) -> None:
        path = f"memberships/{michael_adams.pk}/adjustments"
        answer = agent("post", path, {"points": 300, "reason_code": "goodwill", "note": "late"})
        assert answer.status_code == 201, answer.json()
        body = answer.json()
        assert (body["adjustment"]["status"], body["adjustment"]["points"]) == ("posted", 300)
        assert body["posting"]["entries"] == [{"point_type": "miles", "amount": 300, "balance_after": 300}]
        assert body["posting"]["reason"] == "goodwill"
        assert body["membership"] == michael_adams.pk
        assert Adjustment.objects.get().note == "late"

    def test_above_it_waits_until_a_second_person_approves(
        self, agent: Client, supervisor: Client, michael_adams: Membership
    ) -> None:
        path = f"memberships/{michael_adams.pk}/adjustments"
        asked = agent("post", path, {"points": 5000, "reason_code": "goodwill"})
        assert (asked.status_code, asked.json()["posting"]) == (202, None)
        pk = asked.json()["adjustment"]["id"]
        assert [one["id"] for one in supervisor("get", "adjustments", status="waiting").json()["results"]] == [pk]
        assert agent("post", f"adjustments/{pk}/approve").status_code == 403
        done = supervisor("post", f"adjustments/{pk}/approve", {"note": "checked"})
        assert done.status_code == 200, done.json()
        assert done.json()["posting"]["entries"][0]["balance_after"] == 5000
        assert supervisor("get", "adjustments", status="waiting").json()["results"] == []
        late = supervisor("post", f"adjustments/{pk}/refuse")
        assert (late.status_code, late.json()["code"]) == (409, "adjustment_decided")

    def test_the_requester_does_not_approve(self, supervisor: Client, michael_adams: Membership) -> None:
        path = f"memberships/{michael_adams.pk}/adjustments"
        pk = supervisor("post", path, {"points": 5000, "reason_code": "goodwill"}).json()["adjustment"]["id"]
        assert supervisor("post", f"adjustments/{pk}/approve").status_code == 403
        assert account_of(michael_adams).balance == 0

    def test_a_channel_neither_lists_nor_decides(
        self, channel: Client, agent: Client, michael_adams: Membership
    ) -> None:
        pk = agent(
            "post", f"memberships/{michael_adams.pk}/adjustments", {"points": 5000, "reason_code": "goodwill"}
        ).json()["adjustment"]["id"]
        assert channel("get", "adjustments").status_code == 403
        assert channel("post", f"adjustments/{pk}/approve").status_code == 403
        assert channel("post", f"adjustments/{pk}/refuse").status_code == 403

    def test_approval_works_in_a_locked_program_and_asking_does_not(
        self, agent: Client, supervisor: Client, michael_adams: Membership, miles: Program
    ) -> None:
        path = f"memberships/{michael_adams.pk}/adjustments"
        pk = agent("post", path, {"points": 5000, "reason_code": "goodwill"}).json()["adjustment"]["id"]
        miles.status = "locked"
        miles.save()
        refused = agent("post", path, {"points": 5, "reason_code": "goodwill"})
        assert (refused.status_code, refused.json()["code"]) == (422, "membership_not_able")
        assert supervisor("post", f"adjustments/{pk}/approve").status_code == 200

    def test_more_than_there_is_is_refused(self, agent: Client, michael_adams: Membership) -> None:
        answer = agent(
            "post", f"memberships/{michael_adams.pk}/adjustments", {"points": -1, "reason_code": "booked-wrongly"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_points")
        assert Adjustment.objects.count() == 0

    @pytest.mark.parametrize(
        "body",
        [
            {"points": 5},
            {"reason_code": "goodwill"},
            {"points": 0, "reason_code": "goodwill"},
            {"points": 1.5, "reason_code": "goodwill"},
            {"points": 5, "reason_code": "He was angry"},
            {"points": 5, "reason_code": "goodwill", "status": "posted"},
        ],
    )
    def test_malformed_input_changes_nothing(self, agent: Client, michael_adams: Membership, body: Any) -> None:
        answer = agent("post", f"memberships/{michael_adams.pk}/adjustments", body)
        assert answer.status_code == 400, answer.json()
        assert counted(*TABLES) == dict.fromkeys(counted(*TABLES), 0)


class TestReading:
    def test_balances_lots_and_activities(self, channel: Client, michael_adams: Membership) -> None:
        earned(michael_adams, 100)
        redeemed(michael_adams, 30)
        path = f"memberships/{michael_adams.pk}"
        balances = channel("get", f"{path}/balances").json()["results"]
        assert [(one["point_type"], one["balance"]) for one in balances] == [("miles", 70), ("status", 0)]
        (lot,) = channel("get", f"{path}/lots").json()["results"]
        assert (lot["amount"], lot["left"], lot["earner"]) == (100, 70, member_of(michael_adams))
        activities = channel("get", f"{path}/activities").json()["results"]
        assert [(one["type"], one["points"]) for one in activities] == [("redeem", 30), ("earn", 100)]

    def test_a_statement_in_pages(self, channel: Client, michael_adams: Membership) -> None:
        for points in (10, 20, 30):
            earned(michael_adams, points)
        path = f"memberships/{michael_adams.pk}/statement"
        first = channel("get", path, page_size=2).json()
        assert [one["amount"] for one in first["results"]] == [10, 20]
        assert first["accounts"] == [{"point_type": "miles", "pooled": False, "opening": 0, "closing": 60}]
        earned(michael_adams, 40)
        second = channel("get", first["next"].split("/api/")[1]).json()
        assert ([one["amount"] for one in second["results"]], second["next"]) == ([30], None)

    def test_a_day_means_through_its_end_in_the_programs_zone(self, channel: Client, michael_adams: Membership) -> None:
        earned(michael_adams, 10)
        path, today = f"memberships/{michael_adams.pk}/statement", clock.now().date()
        assert len(channel("get", path, **{"from": str(today), "to": str(today)}).json()["results"]) == 1
        tomorrow = str(today + timedelta(days=1))
        assert channel("get", path, **{"from": tomorrow}).json()["results"] == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("from", "yesterday"),
            ("to", "2031-02-30"),
            ("from", "2031-01-01T10:00:00"),
            ("cursor", "x"),
            ("cursor", "W10="),
        ],
    )
    def test_times_and_cursors_made_up_are_malformed(
        self, channel: Client, michael_adams: Membership, name: str, value: str
    ) -> None:
        answer = channel("get", f"memberships/{michael_adams.pk}/statement", **{name: value})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"?{name}")

    def test_an_explanation(self, channel: Client, michael_adams: Membership) -> None:
        earned(michael_adams, 100)
        body = channel("get", f"memberships/{michael_adams.pk}/explain").json()
        assert (body["point_type"], body["balance"], body["complete"]) == ("miles", 100, True)
        assert body["lots"][0]["came_by"][0]["posting"]["kind"] == "earn"
        assert channel("get", f"memberships/{michael_adams.pk}/explain", at="2020-01-01").json()["balance"] == 0

    @pytest.mark.parametrize("part", ["balances", "lots", "statement", "explain", "activities"])
    def test_a_foreign_membership_answers_like_none(self, channel: Client, part: str) -> None:
        foreign = make_membership(make_program("other"), "Ole Olsen")
        shown, unknown = channel("get", f"memberships/{foreign.pk}/{part}"), channel("get", f"memberships/99999/{part}")
        assert (shown.status_code, unknown.status_code) == (404, 404)
        assert shown.json() == unknown.json()
