"""Who calls: tokens, scopes, programs, and how long a process believes what it read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oauth2_provider.models import AccessToken
from rest_framework.test import APIClient

from common import clock
from gateway import authentication
from gateway.authentication import find_channel
from gateway.models import Channel, ChannelProgram
from programs.models import Program

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.gateway.urls")]

Make = Callable[..., Any]


def test_a_token_shows_its_channel_scopes_and_programs(till: Channel, city_air: Program, token_of: Make) -> None:
    auth = find_channel(token_of(till))
    assert auth is not None
    assert (auth.channel_id, auth.code, auth.requests_per_minute) == (till.pk, "till", 6000)
    assert auth.scopes == {"points:earn", "points:redeem", "reports:read"}
    assert auth.programs == {city_air.pk}


def test_the_channel_is_found_by_one_select_and_then_remembered(till: Channel, token_of: Make) -> None:
    token = token_of(till)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        first = find_channel(token)
        second = find_channel(token)
    assert len(queries) == 1
    assert first is second


def test_may_asks_scope_and_program(till: Channel, city_air: Program, other_program: Program, token_of: Make) -> None:
    auth = find_channel(token_of(till))
    assert auth is not None
    assert auth.may("points:earn") and auth.may("points:earn", city_air.pk)
    assert not auth.may("points:earn", other_program.pk)
    assert not auth.may("customers:read")
    actor = auth.actor()
    assert (actor.kind, actor.user_id, actor.channel_id, actor.label) == ("channel", None, till.pk, "till")
    assert actor.may("points:redeem", city_air.pk) and not actor.may("points:approve", None)


def test_a_channel_of_all_programs_has_no_list(call_centre: Channel, city_air: Program, token_of: Make) -> None:
    auth = find_channel(token_of(call_centre))
    assert auth is not None and auth.programs is None
    assert auth.may("points:earn", city_air.pk)


def test_a_channel_without_programs_sees_none(till: Channel, city_air: Program, token_of: Make) -> None:
    ChannelProgram.objects.get(channel=till).delete()
    auth = find_channel(token_of(till))
    assert auth is not None and auth.programs == frozenset()
    assert not auth.may("points:earn", city_air.pk)


def test_a_token_says_no_more_than_its_channel_may_now(till: Channel, token_of: Make) -> None:
    auth = find_channel(token_of(till, scopes="points:earn customers:read"))
    assert auth is not None and auth.scopes == {"points:earn"}


def test_a_token_ends_at_its_time_even_while_remembered(till: Channel, token_of: Make) -> None:
    with clock.frozen(clock.now()) as start:
        token = token_of(till, seconds=60)
        assert find_channel(token) is not None
    with clock.frozen(start + timedelta(seconds=59)):
        assert find_channel(token) is not None
    with clock.frozen(start + timedelta(seconds=60)):
        assert find_channel(token) is None


def test_a_revoked_token_works_on_for_the_seconds_it_is_remembered(
    till: Channel, token_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = 1000.0
    monkeypatch.setattr(authentication.time, "monotonic", lambda: at)
    token = token_of(till)
    assert find_channel(token) is not None
    AccessToken.objects.all().delete()
    at = 1000.0 + authentication.CACHED_SECONDS
    assert find_channel(token) is not None
    at += 0.001
    assert find_channel(token) is None


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Bearer \x00", "Bearer " + "x" * 5000, "bearer ü"])
def test_a_made_up_token_is_answered_with_a_challenge(header: str, till: Channel) -> None:
    answer = APIClient().get("/api/verb", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer.json()["code"] in ("not_authenticated", "authentication_failed")


def test_no_token_is_answered_with_a_challenge() -> None:
    answer = APIClient().get("/api/verb")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


def test_a_missing_scope_is_refused(till: Channel, client_of: Make) -> None:
    answer = client_of(till, scopes="reports:read").get("/api/verb")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_the_view_meets_the_channel(till: Channel, city_air: Program, client_of: Make) -> None:
    answer = client_of(till).get("/api/verb")
    assert (answer.status_code, answer.json()) == (200, {"channel": till.pk, "programs": [city_air.pk]})


def test_a_token_of_a_built_in_channel_opens_nothing(token_of: Make) -> None:
    desk = Channel.objects.get(code="desk")
    assert find_channel(token_of(desk, scopes="points:earn")) is None
