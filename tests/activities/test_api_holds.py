"""Holds over the API: place, show, capture, release."""

from datetime import timedelta

import pytest

from activities.expiring import expire_rested_memberships
from common import clock
from memberships.ending import terminate
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.models import Hold, Posting
from programs.models import Program
from tests.factories import ACTOR, account_of, make_program

from .conftest import Caller, earned

pytestmark = pytest.mark.django_db


def place(till: Caller, membership: Membership, points: int, **values: object) -> dict[str, object]:
    answer = till.post(f"memberships/{membership.pk}/holds", {"points": points, **values})
    assert answer.status_code == 201, answer.json()
    return answer.json()


def available(body: dict) -> tuple[int, int, int]:
    (shown,) = body["balances"]
    return shown["balance"], shown["available"], shown["held"]


def test_a_hold_is_placed_shown_captured_in_part_and_the_rest_is_free(till: Caller, michael_adams: Membership) -> None:
    earned(michael_adams, 500)
    placed = place(till, michael_adams, 200, expires_in=600, reference="cart 7")
    assert (placed["status"], placed["points"], placed["captured"], placed["reference"]) == ("open", 200, 0, "cart 7")
    assert (placed["membership"], placed["point_type"], placed["posting"]) == (michael_adams.pk, "miles", None)
    assert available(placed) == (500, 300, 200)
    shown = till.get(f"holds/{placed['id']}").json()
    assert shown == {name: value for name, value in placed.items() if name in shown}

    captured = till.post(f"holds/{placed['id']}/capture", {"points": 150}).json()
    assert (captured["status"], captured["captured"], captured["freed"]) == ("captured", 150, 50)
    assert captured["posting"]["entries"] == [{"point_type": "miles", "amount": -150, "balance_after": 350}]
    assert available(captured) == (350, 350, 0)
    again = till.post(f"holds/{placed['id']}/capture")
    assert (again.status_code, again.json()["code"]) == (409, "hold_not_open")
    assert account_of(michael_adams).balance == 350


def test_a_capture_is_carried_out_once_per_key(till: Caller, michael_adams: Membership) -> None:
    earned(michael_adams, 500)
    placed = place(till, michael_adams, 200)
    first, second = (till.post(f"holds/{placed['id']}/capture", key="capture") for _ in range(2))
    assert first.status_code == 200
    assert first.content == second.content
    assert Posting.objects.filter(kind="capture").count() == 1


def test_a_released_hold_leaves_no_posting(till: Caller, michael_adams: Membership) -> None:
    earned(michael_adams, 500)
    placed = place(till, michael_adams, 200)
    released = till.post(f"holds/{placed['id']}/release").json()
    assert (released["status"], released["freed"], released["posting"]) == ("released", 200, None)
    assert available(released) == (500, 500, 0)


def test_past_its_limit_a_hold_is_shown_as_lapsed(till: Caller, michael_adams: Membership) -> None:
    earned(michael_adams, 500)
    placed = place(till, michael_adams, 200, expires_in=600)
    with clock.frozen(clock.now() + timedelta(seconds=601)):
        assert till.get(f"holds/{placed['id']}").json()["status"] == "lapsed"
        assert till.post(f"holds/{placed['id']}/capture").json()["code"] == "hold_not_open"


def test_a_dry_run_of_a_hold_keeps_none(till: Caller, michael_adams: Membership) -> None:
    earned(michael_adams, 500)
    answer = till.post(f"memberships/{michael_adams.pk}/holds", {"points": 200}, key=None, dry_run="true").json()
    assert (answer["id"], answer["dry_run"], available(answer)) == (None, True, (500, 300, 200))
    assert Hold.objects.count() == 0


def test_a_suspended_membership_holds_nothing_new_but_captures_what_it_held(
    till: Caller, michael_adams: Membership
) -> None:
    earned(michael_adams, 500)
    placed = place(till, michael_adams, 200)
    suspend(michael_adams, actor=ACTOR, reason="checked")
    answer = till.post(f"memberships/{michael_adams.pk}/holds", {"points": 1})
    assert (answer.status_code, answer.json()["code"]) == (422, "membership_not_able")
    assert till.post(f"holds/{placed['id']}/capture").status_code == 200
    assert account_of(michael_adams).balance == 300


def test_a_hold_of_another_program_does_not_exist(caller, till: Caller, michael_adams: Membership) -> None:
    earned(michael_adams, 500)
    placed = place(till, michael_adams, 200)
    stranger = caller("points:redeem", programs=(make_program("sea"),))
    missing = stranger.get("holds/999999999")
    for answer in (stranger.get(f"holds/{placed['id']}"), stranger.post(f"holds/{placed['id']}/capture")):
        assert (answer.status_code, answer.json()["detail"]) == (404, missing.json()["detail"])
    assert Hold.objects.get(pk=placed["id"]).status == "open"


@pytest.mark.parametrize("wrong", [{"expires_in": 0}, {"expires_in": 10**9}, {"expires_in": "60"}, {"points": -1}])
def test_malformed_holds_are_refused(till: Caller, michael_adams: Membership, wrong: dict[str, object]) -> None:
    earned(michael_adams, 500)
    assert till.post(f"memberships/{michael_adams.pk}/holds", {"points": 1} | wrong).status_code == 400
    assert Hold.objects.count() == 0


def test_points_of_an_ended_membership_rest_then_expire_except_what_is_held(
    till: Caller, michael_adams: Membership, miles: Program
) -> None:
    earned(michael_adams, 500)
    placed = place(till, michael_adams, 200, expires_in=30 * 24 * 3600)
    with clock.frozen(clock.now() + timedelta(days=1)):
        terminate(michael_adams, actor=ACTOR, reason="asked to leave")
    michael_adams.refresh_from_db()
    rest = michael_adams.rests_until
    assert expire_rested_memberships(miles, actor=ACTOR, at=rest - timedelta(microseconds=1)) == 0
    Hold.objects.update(expires_at=rest + timedelta(days=1))
    assert expire_rested_memberships(miles, actor=ACTOR, at=rest) == 1
    posting = Posting.objects.get(kind="expire")
    assert (posting.reason_code, posting.cause_kind, posting.cause_id, posting.occurred_at) == (
        "membership_ended", "membership", michael_adams.pk, rest,
    )  # fmt: skip
    assert account_of(michael_adams).balance == 200
    assert expire_rested_memberships(miles, actor=ACTOR, at=rest) == 0
    with clock.frozen(rest):
        assert till.post(f"holds/{placed['id']}/capture").status_code == 200
    assert account_of(michael_adams).balance == 0
    assert expire_rested_memberships(miles, actor=ACTOR, at=rest) == 0
    michael_adams.refresh_from_db()
    assert michael_adams.rests_until is None
