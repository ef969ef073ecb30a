"""Clients of the API with any scopes and programs, and points to begin with."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from rest_framework.test import APIClient

from activities.calls import PointsCall
from activities.earning import earn_in_general
from common import clock
from gateway.authentication import ChannelAuth
from memberships.models import Membership
from programs.models import Program
from tests.activities.processes import Process, Start, started
from tests.factories import ACTOR

_keys = count(1)
Post = Callable[..., Any]


class Caller:
    """A channel with these scopes; `post` sends a new Idempotency-Key unless told which."""

    def __init__(self, scopes: set[str], programs: frozenset[int] | None) -> None:
        self.client = APIClient()
        until = clock.now() + timedelta(hours=1)
        auth = ChannelAuth(2, "till", frozenset(scopes), programs, 100_000, until)
        self.client.force_authenticate(AnonymousUser(), token=auth)

    def post(self, path: str, body: Any = None, *, key: str | None = "", **query: str) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key or f"key-{next(_keys)}"}
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return self.client.post(f"/api/{path}?{asked}", body or {}, format="json", headers=headers)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/{path}")


@pytest.fixture
def caller() -> Callable[..., Caller]:
    def make(*scopes: str, programs: tuple[Program, ...] | None = None) -> Caller:
        return Caller(set(scopes), None if programs is None else frozenset(one.pk for one in programs))

    return make


@pytest.fixture
def till(caller: Callable[..., Caller], db: None) -> Caller:
    return caller("points:redeem", "points:transfer", "points:earn")


def earned(membership: Membership, points: int, **values: Any) -> None:
    earn_in_general(PointsCall(membership.pk, points, **values), actor=ACTOR)


@pytest.fixture
def shop(caller: Callable[..., Caller], miles: Program) -> Caller:
    """A till of the program miles that sends activities."""
    return caller("activities:write", "points:earn", "points:redeem", programs=(miles,))


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a script in a process of its own; none outlives the test."""
    processes: list[Process] = []

    def begin(script: str, *arguments: str) -> Process:
        process = started(script, *arguments)
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()
