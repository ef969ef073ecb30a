"""Input no schema generates: broken bytes, look-alikes of types, odd queries. Refused as a problem.

Nothing is changed; a refusal for good may be kept under its key.
"""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.test import Client

from gateway.models import IdempotencyRecord
from tests.api.rows import ROWS, Row
from tests.api.test_authorization import channel, nothing_changed
from tests.api.world import Side, make_side

pytestmark = pytest.mark.django_db(transaction=True)

BROKEN = [
    b"",
    b"{",
    b"\xff\xfe",
    b'{"points": NaN}',
    b'{"points": 1e999}',
    b'{"points": 1, "points": 2}',
    b'{"note": "\\u0000"}',
    b'{"note": "\\ud800"}',
    b"[" * 5000,
    b'{"a":' * 30 + b"1" + b"}" * 30,
    b"[]",
    b"null",
    b'"text"',
    b"17",
    b'{"no_such_field": 1}',
    b"{" + b" " * (3 * 1024 * 1024) + b"}",
]
NO_POINTS = [0, -5, 1.0, 1.5, "5", True, None, [], {}, 10**15 + 1, 2**63, 10**400]
QUERIES = [
    "memberships?page_size=0",
    "memberships?page_size=201",
    "memberships?page_size=1e2",
    "memberships?page_size=",
    "memberships?cursor=made-up",
    "memberships?cursor=cD0lMDA=",
    "memberships?status=happy",
    "memberships?customer=abc",
    "membership-changes?status=draft",
    "membership-changes?kind=divorce",
    "membership-changes?membership=abc",
    "membership-changes?cursor=made-up",
    "customers?ordering=email",
    "customers?customer_since_from=yesterday",
    "customers?kind=%00",
    "customers?name=%00",
    "customers/lookup",
    "customers/lookup?email=a@b.example&phone=1",
    "customers/lookup?phone=%00",
    "events?after=-1",
    "events?after=99999999999999999999",
    "events?limit=all",
    "memberships/{membership}/statement?from=2026-02-30",
    "memberships/{membership}/statement?to=2026-01-01T00:00:00",
    "memberships/{membership}/statement?from=0000-00-00",
    "memberships/{membership}/statement?cursor=%00",
    "memberships/{membership}/explain?at=soon",
    "memberships/{membership}/lots?page_size=-1",
]


NUMBERED = ("membership", "hold", "posting", "change", "transaction")
_keys = count(1)


@pytest.fixture
def side(transactional_db: None) -> Side:
    return make_side("miles")


@pytest.fixture
def headers(side: Side) -> dict[str, str]:
    return channel("ours", side)


def writing() -> Iterator[Row]:
    """Calls with a body."""
    return (row for row in ROWS if row.writes and row.method != "DELETE" and not row.for_staff)


def send(row: Row, side: Side, raw: bytes, headers: dict[str, str], content_type: str = "application/json") -> Any:
    key = {"Idempotency-Key": f"key-{next(_keys)}"} if row.method == "POST" else {}
    return Client().generic(row.method, row.path(side.ids), raw, content_type=content_type, headers=headers | key)


def assert_problem(response: Any, told: Any, *statuses: int) -> None:
    assert response.status_code in statuses, (told, response.content[:300])
    assert response["Content-Type"] == "application/problem+json", told
    assert response.json()["status"] == response.status_code, told


def test_broken_bodies_are_refused(side: Side, headers: dict[str, str]) -> None:
    for row in writing():
        # An empty body is none at all, and right where nothing has to be said.
        broken = [raw for raw in BROKEN if raw or (row.body and row.method == "POST")]
        with nothing_changed(IdempotencyRecord):
            for raw in broken:
                assert_problem(send(row, side, raw, headers), (row.call, raw[:40]), 400, 413)


def test_other_formats_than_json_are_refused(side: Side, headers: dict[str, str]) -> None:
    with nothing_changed(IdempotencyRecord):
        for row in writing():
            for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
                assert_problem(send(row, side, b"points=5", headers, content_type), (row.call, content_type), 415)


def test_what_only_looks_like_points_is_refused(side: Side, headers: dict[str, str]) -> None:
    with nothing_changed(IdempotencyRecord):
        for row in writing():
            if "points" in row.body and not row.call.endswith("adjustments"):
                for points in NO_POINTS:
                    raw = json.dumps(row.filled(side.ids) | {"points": points}).encode()
                    assert_problem(send(row, side, raw, headers), (row.call, str(points)[:40]), 400)


def test_odd_queries_are_refused(side: Side, headers: dict[str, str]) -> None:
    for query in QUERIES:
        response = Client().get("/api/" + query.format(**side.ids), headers=headers)
        assert_problem(response, query, 400)


def test_ids_beyond_the_database_name_nothing(side: Side, headers: dict[str, str]) -> None:
    for number in (0, 2**63 - 1, 2**63, 10**40):
        for row in ROWS:
            if not row.for_staff and any(f"{{{name}}}" in row.call for name in NUMBERED):
                ids = side.ids | dict.fromkeys(NUMBERED, number)
                response = send(row, Side(side.program, ids), json.dumps(row.filled(side.ids)).encode(), headers)
                assert_problem(response, (row.call, number), 400 if number >= 2**63 else 404, 404)
