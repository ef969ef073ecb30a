"""Each error as its problem, by real requests to small views."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError, connection, transaction
from django.http import Http404
from django.test import RequestFactory, override_settings
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from common.api import problems
from common.errors import Busy, Conflict, LoyaltyError, Malformed, register_constraint

requests = APIRequestFactory()


class InsufficientPoints(LoyaltyError):
    code = "insufficient_points"
    title = "Not enough points"


class TillAuthentication(BaseAuthentication):
    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        if "Authorization" not in request.headers:
            return None
        auth = SimpleNamespace(may=lambda scope, program: scope == "points:earn")
        return SimpleNamespace(is_authenticated=True), auth

    def authenticate_header(self, request: Any) -> str:
        return "Bearer"


class View(APIView):
    authentication_classes = (TillAuthentication,)
    throttle_classes = ()
    required_scopes = {"GET": "points:earn", "POST": "points:earn", "PUT": "points:adjust"}
    error: Exception | None = None

    def get(self, request: Any) -> Any:
        assert self.error is not None
        raise self.error

    def post(self, request: Any) -> Any:
        raise Malformed(f"read {request.data}")

    put = delete = post


def call(error: Exception | None = None, method: str = "get", auth: bool = True, **extra: Any) -> Any:
    headers = {"Authorization": "Bearer x"} if auth else {}
    request = getattr(requests, method)("/api/x", headers=headers | extra.pop("headers", {}), **extra)
    response = View.as_view(error=error)(request)
    response.render()
    return response


def body(response: Any) -> dict[str, Any]:
    assert response["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = json.loads(response.content)
    assert set(told) == {"type", "title", "status", "detail", "code", "facts", "errors"}
    assert told["status"] == response.status_code
    return told


def test_a_refusal_by_a_rule_tells_all_it_knows() -> None:
    error = InsufficientPoints(
        "Account 7 holds 300, 500 were asked.",
        facts={"available": 300},
        errors=[{"pointer": "/points", "code": "too_many", "detail": "at most 300"}],
    )
    assert body(call(error)) == {
        "type": "about:blank",
        "title": "Not enough points",
        "status": 422,
        "detail": "Account 7 holds 300, 500 were asked.",
        "code": "insufficient_points",
        "facts": {"available": 300},
        "errors": [{"pointer": "/points", "code": "too_many", "detail": "at most 300"}],
    }


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Conflict("x"), 409, "conflict"),
        (Http404("secret 5"), 404, "not_found"),
        (exceptions.NotFound("secret 5"), 404, "not_found"),
        (PermissionDenied("secret 5"), 403, "not_allowed"),
        (exceptions.ParseError(), 400, "malformed"),
        (exceptions.PermissionDenied(code="staff_only"), 403, "staff_only"),
        (ModelValidationError({"name": ["secret-free"]}), 400, "malformed"),
        (DataError("secret 5"), 400, "malformed"),
    ],
)
def test_each_error_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    response = call(error)
    assert (response.status_code, body(response)["code"]) == (status, code)
    assert b"secret 5" not in response.content


def test_what_is_foreign_answers_like_what_does_not_exist() -> None:
    assert call(Http404("No Membership matches")).content == call(exceptions.NotFound()).content


def test_faults_of_fields_have_json_pointers() -> None:
    response = call(
        exceptions.ValidationError(
            {
                "items": [{}, {"points": [exceptions.ErrorDetail("bad", code="max_value")]}],
                "a/b~c": ["odd"],
                "member": {"non_field_errors": ["together"]},
                "non_field_errors": ["whole"],
            }
        )
    )
    assert [(fault["pointer"], fault["code"], fault["detail"]) for fault in body(response)["errors"]] == [
        ("/items/1/points", "max_value", "bad"),
        ("/a~1b~0c", "invalid", "odd"),
        ("/member", "invalid", "together"),
        ("", "invalid", "whole"),
    ]
    assert body(response)["detail"] == "The request has 4 faults."


def test_throttled_says_how_long_to_wait() -> None:
    response = call(exceptions.Throttled(wait=12.3))
    assert (response.status_code, response["Retry-After"], body(response)["code"]) == (429, "13", "throttled")


def test_a_refusal_may_say_when_to_come_back() -> None:
    assert call(Busy())["Retry-After"] == "1"
    assert "Retry-After" not in call(Conflict())


def test_no_credentials_is_401_and_a_missing_scope_403() -> None:
    response = call(InsufficientPoints(), auth=False)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert body(response)["code"] == "not_authenticated"
    assert (call(method="put").status_code, body(call(method="put"))["code"]) == (403, "not_allowed")


def test_an_undeclared_method_is_denied_and_an_unknown_one_not_allowed() -> None:
    assert call(method="delete").status_code == 403
    response = call(method="patch")
    assert (response.status_code, body(response)["code"]) == (405, "method_not_allowed")
    assert set(response["Allow"].split(", ")) == {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"}


def test_only_json_is_spoken_and_understood() -> None:
    response = call(InsufficientPoints(), headers={"Accept": "text/html"})
    assert (response.status_code, body(response)["code"]) == (406, "not_acceptable")
    response = call(method="post", data="<a/>", content_type="application/xml")
    assert (response.status_code, body(response)["code"]) == (415, "unsupported_media_type")


def test_a_body_is_read_strictly() -> None:
    response = call(method="post", data=b'{"a": 1, "a": 2}', content_type="application/json")
    assert (response.status_code, body(response)["detail"]) == (
        400,
        "The name 'a' stands twice in one object.",
    )
    response = call(method="post", data=b'{"a": 1}', content_type="application/json")
    assert body(response)["detail"] == "read {'a': 1}"


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
def test_a_large_body_is_413() -> None:
    response = call(method="post", data=b'"' + b"x" * 200 + b'"', content_type="application/json")
    assert (response.status_code, body(response)["code"]) == (413, "too_large")


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
def test_a_lost_race_is_busy(state: str) -> None:
    response = call(planted(state, OperationalError))
    assert (response.status_code, response["Retry-After"], body(response)["code"]) == (409, "1", "busy")


@pytest.mark.django_db
@pytest.mark.parametrize("named", ["planted_rule", "planted_rule_102008"])
def test_a_known_constraint_is_told_in_words(named: str) -> None:
    register_constraint("planted_rule", "already_member", "This person is a member already.")
    response = call(planted("23505", IntegrityError, named))
    assert (response.status_code, body(response)["code"]) == (409, "already_member")
    assert body(response)["detail"] == "This person is a member already."


@pytest.mark.django_db
def test_a_constraint_may_ask_for_another_status() -> None:
    register_constraint("planted_422", "different_program", "Another program.", status=422)
    assert call(planted("23503", IntegrityError, "planted_422")).status_code == 422


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "kind"), [("42P01", ProgrammingError), ("23505", IntegrityError)])
def test_other_faults_of_the_database_are_raised_on(state: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        call(planted(state, kind, "nobody_knows"))


def test_what_nobody_expected_is_raised_on() -> None:
    with pytest.raises(ZeroDivisionError):
        call(ZeroDivisionError())


def planted(state: str, kind: type[Exception], constraint: str = "x") -> Exception:
    """The error as Django raises it, with PostgreSQL's own diagnosis."""
    with pytest.raises(kind) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{state}', CONSTRAINT = '{constraint}'; END $$"
        )
    return caught.value


@pytest.mark.parametrize(
    ("view", "arguments", "status"),
    [
        (problems.bad_request, [ValueError("secret")], 400),
        (problems.permission_denied, [PermissionDenied("secret")], 403),
        (problems.not_found, [Http404("secret")], 404),
        (problems.server_error, [], 500),
    ],
)
def test_outside_the_views_the_api_answers_with_problems_too(view: Any, arguments: list[Any], status: int) -> None:
    response = view(RequestFactory().get("/api/nowhere"), *arguments)
    assert (response.status_code, body(response)["status"]) == (status, status)
    assert b"secret" not in response.content
    page = view(RequestFactory().get("/desk/nowhere"), *arguments)
    assert (page.status_code, page["Content-Type"].split(";")[0]) == (status, "text/html")
