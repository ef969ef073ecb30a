"""A till of one program, a call centre of all, and a way to call as them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from oauth2_provider.models import AccessToken
from rest_framework.test import APIClient

from common import clock
from gateway.authentication import forget_tokens
from gateway.channels import all_scopes, create_channel, system_actor
from gateway.models import Channel
from gateway.throttling import forget_permits
from programs.models import Program


@pytest.fixture(autouse=True)
def forgetful_process() -> Iterator[None]:
    """Nothing of one test lives on in this process's caches."""
    forget_tokens()
    forget_permits()
    yield
    forget_tokens()
    forget_permits()


@pytest.fixture
def city_air() -> Program:
    return Program.objects.create(code="city-air", name="City Air", status="released")


@pytest.fixture
def other_program() -> Program:
    return Program.objects.create(code="other", name="Other", status="released")


@pytest.fixture
def till(city_air: Program) -> Channel:
    channel, _ = create_channel(
        "till",
        name="Till",
        scopes=["points:earn", "points:redeem", "reports:read"],
        actor=system_actor(),
        programs=[city_air],
    )
    return channel


@pytest.fixture
def call_centre() -> Channel:
    channel, _ = create_channel(
        "call-centre", name="Call centre", scopes=all_scopes(), actor=system_actor(), all_programs=True
    )
    return channel


TokenOf = Callable[..., str]


@pytest.fixture
def token_of() -> TokenOf:
    def make(channel: Channel, *, scopes: str | None = None, seconds: int = 3600, text: str | None = None) -> str:
        token = AccessToken(
            application=channel,
            scope=" ".join(channel.scope_list) if scopes is None else scopes,
            expires=clock.now() + timedelta(seconds=seconds),
        )
        token._raw_token = text or f"token-of-{channel.code}-{AccessToken.objects.count()}"
        raw = str(token._raw_token)
        token.save()
        return raw

    return make


@pytest.fixture
def client_of(token_of: TokenOf) -> Callable[..., APIClient]:
    def make(channel: Channel, **options: Any) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(channel, **options)}")
        return client

    return make


@pytest.fixture
def in_threads() -> Callable[..., list[Any]]:
    """Run the function in n threads that start together; its results or exceptions, in order."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    def run(n: int, func: Callable[[int], Any]) -> list[Any]:
        barrier = Barrier(n)

        def one(index: int) -> Any:
            barrier.wait(timeout=10)
            try:
                return func(index)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(n) as pool:
            futures = [pool.submit(one, index) for index in range(n)]
            return [future.exception() or future.result() for future in futures]

    return run
