"""earn-points and redeem-points as a channel calls them."""

import json
from typing import Any

import pytest
from django.test import Client

from gateway.models import Channel, IdempotencyRecord
from memberships.models import Membership
from points.models import Posting
from tests.audit.helpers import assert_audit_clean
from tests.channels import bearer, channel_of
from tests.factories import account_of, make_membership, make_program

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def emma(transactional_db: None) -> Membership:
    return make_membership(make_program("miles"), "Emma Rodriguez")


@pytest.fixture
def till(emma: Membership) -> Channel:
    return channel_of("till", ["points:earn", "points:redeem"], emma.program)


def post(channel: Channel, path: str, body: Any, *, key: str | None = "k-1", raw: bytes | None = None) -> Any:
    headers = {"Authorization": bearer(channel)} | ({"Idempotency-Key": key} if key is not None else {})
    data = raw if raw is not None else json.dumps(body)
    return Client().post(f"/api/memberships/{path}", data, content_type="application/json", headers=headers)


def test_earning_answers_201_and_the_same_key_the_same_bytes(emma: Membership, till: Channel) -> None:
    first = post(till, f"{emma.pk}/earn-points", {"points": 120, "reference": "R-9"})
    again = post(till, f"{emma.pk}/earn-points", {"points": 120, "reference": "R-9"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json()["posting"]["entries"] == [{"point_type": "miles", "amount": 120, "balance_after": 120}]
    assert (Posting.objects.count(), IdempotencyRecord.objects.get().form) == (1, "earn/1")
    assert_audit_clean()


def test_the_same_key_with_another_body_is_refused_and_posts_nothing(emma: Membership, till: Channel) -> None:
    post(till, f"{emma.pk}/earn-points", {"points": 120})
    other = post(till, f"{emma.pk}/earn-points", {"points": 121})
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert account_of(emma).balance == 120


def test_without_a_key_nothing_is_posted(emma: Membership, till: Channel) -> None:
    answer = post(till, f"{emma.pk}/earn-points", {"points": 1}, key=None)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert Posting.objects.count() == 0


def test_a_dry_run_answers_as_if_and_keeps_nothing(emma: Membership, till: Channel) -> None:
    answer = post(till, f"{emma.pk}/earn-points?dry_run=true", {"points": 55}, key=None)
    body = answer.json()
    assert (answer.status_code, body["dry_run"], body["activity"], body["posting"]["id"]) == (201, True, None, None)
    assert body["balances"][0]["balance"] == 55
    assert (Posting.objects.count(), IdempotencyRecord.objects.count(), account_of(emma).balance) == (0, 0, 0)


def test_too_little_is_a_problem_with_its_figures_and_replayed_as_such(emma: Membership, till: Channel) -> None:
    post(till, f"{emma.pk}/earn-points", {"points": 100}, key="a")
    first = post(till, f"{emma.pk}/redeem-points", {"points": 101}, key="b")
    post(till, f"{emma.pk}/earn-points", {"points": 100}, key="c")
    again = post(till, f"{emma.pk}/redeem-points", {"points": 101}, key="b")
    assert first.status_code == again.status_code == 422
    assert first.headers["Content-Type"] == again.headers["Content-Type"] == "application/problem+json"
    assert first.content == again.content
    problem = first.json()
    assert (problem["code"], problem["facts"]) == (
        "insufficient_points", {"available": 100, "asked": 101, "point_type": "miles"},
    )  # fmt: skip
    assert set(problem) == {"type", "title", "status", "detail", "code", "facts", "errors"}
    assert account_of(emma).balance == 200


def test_a_membership_of_another_program_answers_like_none_at_all(emma: Membership, till: Channel) -> None:
    foreign = make_membership(make_program("other"), "John Miller")
    there = post(till, f"{foreign.pk}/earn-points", {"points": 5}, key="a")
    nowhere = post(till, f"{foreign.pk + 1000}/earn-points", {"points": 5}, key="b")
    assert there.status_code == nowhere.status_code == 404
    assert there.content == nowhere.content
    assert Posting.objects.count() == 0


def test_a_channel_without_the_scope_is_refused(emma: Membership) -> None:
    reader = channel_of("reader", ["memberships:read"], emma.program)
    answer = post(reader, f"{emma.pk}/earn-points", {"points": 5})
    assert answer.status_code == 403
    assert Posting.objects.count() == 0


@pytest.mark.parametrize(
    "raw",
    [
        b'{"points": 10.0}', b'{"points": "10"}', b'{"points": true}', b'{"points": 1e3}', b'{"points": 0}',
        b'{"points": -5}', b'{"points": 1000000000000001}', b'{"points": 99999999999999999999999}', b'{"points": null}',
        b"{}", b"[]", b"", b"{", b'{"points": 5, "extra": 1}', b'{"points": 5, "points": 6}',
        b'{"points": 5, "note": "a\\u0000b"}', b'{"points": 5, "occurred_at": "2026-01-01T00:00:00"}',
        b'{"points": 5, "occurred_at": "yesterday"}', b'{"points": 5, "member": "7"}', b'{"points": 5, "member": -1}',
        b'{"points": 5, "point_type": 7}', b'{"points": NaN}', b"\xff\xfe",
        b'{"points": 5, "reference": "' + b"x" * 81 + b'"}',
    ],
)  # fmt: skip
def test_malformed_input_is_400_and_changes_nothing(emma: Membership, till: Channel, raw: bytes) -> None:
    answer = post(till, f"{emma.pk}/earn-points", None, raw=raw)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert Posting.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"points": 5, "point_type": "gold"}, "no_point_type"),
        ({"points": 5, "occurred_at": "2020-01-01T00:00:00Z"}, "event_time_out_of_range"),
        ({"points": 5, "member": 9223372036854775807}, "not_a_member"),
    ],
)
def test_refused_by_a_rule_is_422_with_its_code(
    emma: Membership, till: Channel, body: dict[str, Any], code: str
) -> None:
    answer = post(till, f"{emma.pk}/earn-points", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert Posting.objects.count() == 0


def test_a_key_is_the_channels_own(emma: Membership, till: Channel) -> None:
    shop = channel_of("shop", ["points:earn"], emma.program)
    post(till, f"{emma.pk}/earn-points", {"points": 5})
    second = post(shop, f"{emma.pk}/earn-points", {"points": 5})
    assert second.status_code == 201
    assert account_of(emma).balance == 10


def test_a_transfer_is_answered_again_byte_for_byte_in_its_online_form(emma: Membership) -> None:
    centre = channel_of("centre", ["points:earn", "points:transfer"], emma.program)
    john = make_membership(emma.program, "John Miller")
    post(centre, f"{emma.pk}/earn-points", {"points": 100}, key="a")
    first = post(centre, f"{emma.pk}/transfer-points", {"to_membership": john.pk, "points": 30}, key="b")
    again = post(centre, f"{emma.pk}/transfer-points", {"to_membership": john.pk, "points": 30}, key="b")
    assert (first.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert IdempotencyRecord.objects.order_by("id").last().form == "transfer/1"
    assert (account_of(emma).balance, account_of(john).balance) == (70, 30)
    assert first.json()["posting"]["entries"] == [{"point_type": "miles", "amount": -30, "balance_after": 70}]
    assert_audit_clean()
