"""Staff in the browser call the API by their session, with CSRF, as themselves through the desk."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from gateway.models import IdempotencyRecord
from gateway.throttling import forget_permits
from loyalty_site.authentication import actor_of_user
from programs.models import Program
from staff.models import Role, StaffRight, User
from tests.gateway.urls import Verb

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.gateway.urls")]


@pytest.fixture(autouse=True)
def plain_login(settings: Any) -> None:
    settings.LOYALTY_TOTP = False
    settings.LOYALTY_LEDGER_KEY_LOOKUP = "tests.gateway.test_idempotency.known_to_ledger"
    forget_permits()


@pytest.fixture
def city_air() -> Program:
    return Program.objects.create(code="city-air", name="City Air", status="released")


def staff(name: str, program: Program | None = None, role: Role = Role.SUPPORT_AGENT) -> User:
    user = User.objects.create_user(name, is_staff=True)
    StaffRight.objects.create(user=user, role=role, program=program)
    return user


def session_of(user: User, *, checks: bool = False) -> APIClient:
    client = APIClient(enforce_csrf_checks=checks)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made: list[Any] = []

    def func(request: Any) -> Any:
        made.append(request.auth.actor())
        return 201, {"by": request.auth.actor().label}

    monkeypatch.setattr(Verb, "func", staticmethod(func), raising=False)
    return made


def post(client: APIClient, key: str = "k-1", **headers: str) -> Any:
    return client.post("/api/verb", {}, headers={"Idempotency-Key": key, **headers})


def test_staff_act_as_themselves_through_the_desk(city_air: Program, calls: list[Any]) -> None:
    user = staff("mia", city_air)
    assert post(session_of(user)).status_code == 201
    (actor,) = calls
    assert (actor.kind, actor.user_id, actor.channel_id, actor.label) == ("user", user.pk, 1, "mia")
    assert actor.programs == {city_air.pk}
    assert actor.may("points:earn", city_air.pk) and not actor.may("points:earn", city_air.pk + 1)
    assert actor.is_staff


def test_a_post_without_the_csrf_token_is_refused(calls: list[Any]) -> None:
    client = session_of(staff("mia"), checks=True)
    refused = post(client)
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert not calls and not IdempotencyRecord.objects.exists()
    client.cookies["csrftoken"] = "a" * 32
    assert post(client, **{"X-CSRFToken": "b" * 32}).status_code == 403
    assert post(client, **{"X-CSRFToken": "a" * 32}).status_code == 201
    assert len(calls) == 1


def test_a_role_without_the_action_is_refused(calls: list[Any]) -> None:
    assert post(session_of(staff("otto", role=Role.AUDITOR))).status_code == 403
    assert not calls


def test_two_members_of_staff_do_not_share_keys(calls: list[Any]) -> None:
    mia, otto = post(session_of(staff("mia"))), post(session_of(staff("otto")))
    assert (mia.json(), otto.json()) == ({"by": "mia"}, {"by": "otto"})
    assert "Idempotent-Replayed" not in otto
    assert len(calls) == 2


def test_a_customer_account_is_no_staff(calls: list[Any]) -> None:
    assert post(session_of(User.objects.create_user("guest"))).status_code == 401
    assert not calls


def test_where_second_factors_are_on_a_password_alone_opens_nothing(settings: Any, calls: list[Any]) -> None:
    settings.LOYALTY_TOTP = True
    assert post(session_of(staff("mia"))).status_code == 401
    assert not calls


def test_the_rules_get_the_same_actor_from_a_user(city_air: Program) -> None:
    user = staff("mia", city_air, Role.SUPERVISOR)
    actor = actor_of_user(user)
    assert (actor.kind, actor.user_id, actor.channel_id, actor.programs) == ("user", user.pk, 1, {city_air.pk})
    assert actor.may("points:approve", city_air.pk)
