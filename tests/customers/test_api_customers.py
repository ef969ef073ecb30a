"""Customers over HTTP, through the real authentication and the real gate of writes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from customers.models import Customer

pytestmark = pytest.mark.django_db
URL = "/api/customers"
EMMA = {"first_name": "Emma", "last_name": "Moore", "email": "emma@example.com"}


def post(client: APIClient, body: Any, key: str = "k1", query: str = "") -> Any:
    return client.post(f"{URL}{query}", body, format="json", headers={"Idempotency-Key": key})


def patch(client: APIClient, customer: Customer, body: Any, **headers: str) -> Any:
    return client.patch(f"{URL}/{customer.pk}", body, format="json", headers=headers)


def assert_problem(response: Any, status: int, code: str) -> Any:
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    problem = json.loads(response.content)
    assert (problem["status"], problem["code"]) == (status, code)
    return problem


def test_a_customer_in_its_shape(shop: APIClient, michael_adams: Customer) -> None:
    response = shop.get(f"{URL}/{michael_adams.pk}")
    assert response.status_code == 200
    assert response["ETag"]
    assert response.json() == {
        "id": michael_adams.pk,
        "number": michael_adams.number,
        "kind": "person",
        "first_name": "Michael",
        "last_name": "Adams",
        "name": "Michael Adams",
        "birth_date": "1980-04-05",
        "email": "Michael.Adams@Example.com",
        "phone": "+43 664 1234567",
        "language": "en",
        "status": "active",
        "customer_since": michael_adams.customer_since.isoformat(),
        "credit_limit": None,
        "outstanding_balance": "0.00",
        "currency": "EUR",
        "payment_terms": None,
        "notes": None,
        "contact_changed_at": response.json()["contact_changed_at"],
        "merged_into": None,
        "identifications": [{"kind": "passport", "country": "AT", "number": "P 123-456", "valid_until": None}],
        "addresses": [{"kind": "home", "lines": "Ring 1", "postal_code": "1010", "city": "Wien", "country": "AT"}],
        "preferences": {"email": True, "sms": False},
    }


def test_a_customer_is_made_once_per_key(shop: APIClient, everything: Callable[[], Any]) -> None:
    body = EMMA | {
        "credit_limit": "100.50",
        "addresses": [{"lines": "High St 1", "city": "London", "country": "GB"}],
        "identifications": [{"kind": "id_card", "number": "X-1"}],
        "preferences": {"post": True},
    }
    first = post(shop, body)
    assert first.status_code == 201
    made = json.loads(first.content)
    assert (made["name"], made["credit_limit"], made["preferences"]) == ("Emma Moore", "100.50", {"post": True})
    assert made["addresses"][0]["kind"] == "home"
    row = Customer.objects.get()
    assert (made["id"], made["number"]) == (row.pk, row.number)
    assert row.history.get().history_channel == "web-shop"
    before = everything()
    again = post(shop, body)
    assert (again.status_code, again["Idempotent-Replayed"], again.content) == (201, "true", first.content)
    assert_problem(post(shop, body | {"last_name": "Miller"}), 422, "key_reused")
    assert everything() == before


def test_a_key_is_needed(shop: APIClient, everything: Callable[[], Any]) -> None:
    before = everything()
    response = shop.post(URL, EMMA, format="json")
    assert response.status_code == 400
    assert everything() == before


def test_a_likely_duplicate_is_shown_masked(
    shop: APIClient, michael_adams: Customer, everything: Callable[[], Any]
) -> None:
    before = everything()
    body = {"last_name": "Adams", "email": "MICHAEL.ADAMS@example.com"}
    problem = assert_problem(post(shop, body), 409, "likely_duplicate")
    assert problem["facts"]["candidates"] == [
        {
            "id": michael_adams.pk,
            "number": michael_adams.number,
            "name": "M*** A***",
            "email": "m***@e***.com",
            "matched_on": ["email"],
        }
    ]
    assert everything() == before
    assert post(shop, body | {"allow_duplicate": True}, key="k2").status_code == 201
    assert Customer.objects.count() == 2


def test_a_dry_run_answers_and_keeps_nothing(shop: APIClient, everything: Callable[[], Any]) -> None:
    before = everything()
    response = shop.post(f"{URL}?dry_run=true", EMMA, format="json")
    assert response.status_code == 201
    shown = response.json()
    assert (shown["dry_run"], shown["id"], shown["number"], shown["name"]) == (True, None, None, "Emma Moore")
    assert everything() == before


def test_a_dry_change_keeps_nothing(shop: APIClient, michael_adams: Customer, everything: Callable[[], Any]) -> None:
    before = everything()
    response = shop.patch(f"{URL}/{michael_adams.pk}?dry_run=true", {"first_name": "Mike"}, format="json")
    assert (response.status_code, response.json()["name"], response.json()["dry_run"]) == (200, "Mike Adams", True)
    assert response.json()["id"] == michael_adams.pk
    assert everything() == before


def test_a_change_needs_the_present_version(
    shop: APIClient, michael_adams: Customer, everything: Callable[[], Any]
) -> None:
    tag = shop.get(f"{URL}/{michael_adams.pk}")["ETag"]
    changed = patch(shop, michael_adams, {"first_name": "Mike"}, **{"If-Match": tag})
    assert (changed.status_code, changed.json()["name"]) == (200, "Mike Adams")
    assert changed["ETag"] == shop.get(f"{URL}/{michael_adams.pk}")["ETag"] != tag
    before = everything()
    assert_problem(patch(shop, michael_adams, {"first_name": "Micha"}, **{"If-Match": tag}), 412, "stale")
    assert everything() == before
    new = patch(shop, michael_adams, {"preferences": {"sms": True}, "phone": None}, **{"If-Match": changed["ETag"]})
    assert (new.json()["preferences"], new.json()["phone"]) == ({"email": True, "sms": True}, None)


ADDRESS = {"lines": "Ring 1", "city": "Wien", "country": "AT"}
BAD: list[tuple[Any, list[str]]] = [
    ({"last_name": 7}, ["/last_name"]),
    ({"last_name": ["x"]}, ["/last_name"]),
    ({"last_name": "x" * 300}, ["/last_name"]),
    ({"first_name": "a\tb"}, ["/first_name"]),
    ({"email": "nobody"}, ["/email"]),
    ({"email": True}, ["/email"]),
    ({"phone": 436641234567}, ["/phone"]),
    ({"phone": "++"}, ["/phone"]),
    ({"kind": "robot"}, ["/kind"]),
    ({"birth_date": "1980-02-30"}, ["/birth_date"]),
    ({"birth_date": "1980-02-03T00:00:00Z"}, ["/birth_date"]),
    ({"birth_date": 19800203}, ["/birth_date"]),
    ({"birth_date": "2980-02-03"}, ["/birth_date"]),
    ({"customer_since": "0000-00-00"}, ["/customer_since"]),
    ({"credit_limit": 100.5}, ["/credit_limit"]),
    ({"credit_limit": "-1.00"}, ["/credit_limit"]),
    ({"credit_limit": "NaN"}, ["/credit_limit"]),
    ({"credit_limit": "1e400"}, ["/credit_limit"]),
    ({"credit_limit": "1.001"}, ["/credit_limit"]),
    ({"outstanding_balance": None}, ["/outstanding_balance"]),
    ({"currency": "euro"}, ["/currency"]),
    ({"language": ""}, ["/language"]),
    ({"notes": "x" * 10_001}, ["/notes"]),
    ({"addresses": {}}, ["/addresses"]),
    ({"addresses": [ADDRESS, 5]}, ["/addresses/1"]),
    ({"addresses": [ADDRESS | {"floor": 3}]}, ["/addresses/0/floor"]),
    ({"addresses": [ADDRESS | {"country": "Austria"}]}, ["/addresses/0/country"]),
    ({"addresses": [ADDRESS | {"country": "a1"}]}, ["/addresses/0/country"]),
    ({"addresses": [ADDRESS] * 21}, ["/addresses"]),
    ({"identifications": [{"kind": "passport"}]}, ["/identifications/0/number"]),
    ({"identifications": [{"kind": "passport", "number": "-"}]}, ["/identifications/0/number"]),
    ({"preferences": {"pigeon": True}}, ["/preferences/pigeon"]),
    ({"preferences": {"email": "yes"}}, ["/preferences/email"]),
    ({"nickname": "Mike", "shoe/size": 43}, ["/nickname", "/shoe~1size"]),
    ({"id": 5, "number": "C1", "status": "erased"}, ["/id", "/number", "/status"]),
]


@pytest.mark.parametrize(("body", "pointers"), BAD)
def test_malformed_input_is_named_and_nothing_changes(
    shop: APIClient, michael_adams: Customer, everything: Callable[[], Any], body: dict[str, Any], pointers: list[str]
) -> None:
    before = everything()
    for response in (post(shop, {"last_name": "Moore", **body}), patch(shop, michael_adams, body)):
        problem = assert_problem(response, 400, "malformed")
        assert sorted({fault["pointer"] for fault in problem["errors"]}) == pointers
    assert everything() == before


def test_a_customer_needs_a_name(shop: APIClient, katrin_bauer: Customer, everything: Callable[[], Any]) -> None:
    before = everything()
    for response in (
        post(shop, {}),
        post(shop, {"last_name": None}, key="k2"),
        post(shop, {"kind": "organization", "name": " "}, key="k3"),
        patch(shop, katrin_bauer, {"first_name": None, "last_name": ""}),
    ):
        assert_problem(response, 400, "malformed")
    assert everything() == before


@pytest.mark.parametrize("body", [[], "text", 5, None, [EMMA]])
def test_a_body_is_an_object(shop: APIClient, everything: Callable[[], Any], body: Any) -> None:
    before = everything()
    assert post(shop, body).status_code == 400
    assert everything() == before


def test_broken_json_and_surrogates_are_malformed(shop: APIClient, everything: Callable[[], Any]) -> None:
    before = everything()
    for raw in (
        "{",
        '{"last_name": "a\\u0000b"}',
        '{"last_name": "a\\ud800"}',
        '{"last_name": "a", "last_name": "b"}',
        "\ufeff",
        '{"a": NaN}',
    ):
        key = {"Idempotency-Key": raw.encode().hex()}
        response = shop.generic("POST", URL, raw.encode(), content_type="application/json", headers=key)
        assert response.status_code == 400, raw
    assert everything() == before


@pytest.mark.parametrize(
    ("method", "path", "scopes", "status"),
    [
        ("get", URL, ["customers:write"], 403),
        ("get", URL, ["customers:read"], 200),
        ("post", URL, ["customers:read", "points:earn"], 403),
        ("get", f"{URL}/1", ["memberships:read"], 403),
        ("patch", f"{URL}/1", ["customers:read"], 403),
        ("delete", f"{URL}/1", ["customers:read", "customers:write"], 405),
        ("put", f"{URL}/1", ["customers:read", "customers:write"], 405),
        ("get", f"{URL}/999999999999999999999999", ["customers:read"], 404),
        ("get", f"{URL}/0", ["customers:read"], 404),
    ],
)
def test_scopes_and_methods(
    client_with: Callable[..., APIClient], method: str, path: str, scopes: list[str], status: int
) -> None:
    client = client_with(*scopes)
    response = getattr(client, method)(path, format="json", headers={"Idempotency-Key": "k"})
    assert response.status_code == status


def test_nobody_gets_in_without_a_token(db: None) -> None:
    assert APIClient().get(URL).status_code == 401


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("email=MICHAEL.adams@example.COM", ["Michael Adams"]),
        ("phone=%2B436641234567", ["Michael Adams"]),
        ("document=p123456", ["Michael Adams"]),
        ("name=katrin%20BAUER", ["Katrin Bauer"]),
        ("kind=organization", []),
        ("status=active", ["Katrin Bauer", "Michael Adams"]),
        ("ordering=id", ["Michael Adams", "Katrin Bauer"]),
        ("email=%20", ["Katrin Bauer", "Michael Adams"]),
        ("name=%3F", []),
        ("customer_since_from=2999-01-01", []),
        ("email=katrin@example.org&status=closed", []),
    ],
)
def test_lists_are_filtered(
    shop: APIClient, michael_adams: Customer, katrin_bauer: Customer, query: str, names: list[str]
) -> None:
    response = shop.get(f"{URL}?{query}")
    assert response.status_code == 200
    assert sorted(response.json()) == ["next", "previous", "results"]
    assert [one["name"] for one in response.json()["results"]] == names


@pytest.mark.parametrize(
    "query",
    ["status=gone", "kind=robot", "ordering=notes", "page_size=201", "page_size=0", "cursor=x", "email=a%00b",
     "customer_since_from=soon"],
)  # fmt: skip
def test_malformed_queries_are_refused(shop: APIClient, michael_adams: Customer, query: str) -> None:
    assert_problem(shop.get(f"{URL}?{query}"), 400, "malformed")


def test_pages_join_without_loss(shop: APIClient, michael_adams: Customer, katrin_bauer: Customer) -> None:
    first = shop.get(f"{URL}?page_size=1").json()
    second = shop.get(first["next"]).json()
    assert [first["results"][0]["id"], second["results"][0]["id"]] == [katrin_bauer.pk, michael_adams.pk]
    assert second["next"] is None
