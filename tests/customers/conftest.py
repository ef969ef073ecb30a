"""Two people the business knows, and who acts."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from oauth2_provider.models import AccessToken
from rest_framework.test import APIClient

from common import clock
from common.actor import Actor
from customers.creating import create_customer
from customers.models import (
    Address,
    ContactPreference,
    Customer,
    CustomerNumber,
    DuplicateCustomer,
    Identification,
    Message,
    StaffCustomer,
)
from gateway.authentication import forget_tokens
from gateway.channels import create_channel, system_actor
from gateway.models import Event
from programs.models import Program


@pytest.fixture
def agent() -> Actor:
    return Actor("user", 21, 1, "ann", may=lambda action, program_id: True, programs=None)


@pytest.fixture
def michael_adams(db: None, agent: Actor) -> Customer:
    return create_customer(
        first_name="Michael",
        last_name="Adams",
        birth_date=date(1980, 4, 5),
        email="Michael.Adams@Example.com",
        phone="+43 664 1234567",
        actor=agent,
        details={
            "identifications": [{"kind": "passport", "country": "AT", "number": "P 123-456"}],
            "addresses": [{"kind": "home", "lines": "Ring 1", "postal_code": "1010", "city": "Wien", "country": "AT"}],
            "preferences": {"email": True, "sms": False},
        },
    )


@pytest.fixture
def katrin_bauer(db: None, agent: Actor) -> Customer:
    return create_customer(first_name="Katrin", last_name="Bauer", email="katrin@example.org", actor=agent)


@pytest.fixture
def everything() -> Callable[[], Any]:
    """All rows of customers, their history and events: what a refused call must leave alone."""

    def read() -> Any:
        audited = (Customer, Identification, Address, ContactPreference, DuplicateCustomer, StaffCustomer)
        models = (*audited, CustomerNumber, Message, Event)
        rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
        return rows, [list(model.history.order_by("history_id").values()) for model in audited]

    return read


@pytest.fixture
def client_with(db: None) -> Callable[..., APIClient]:
    """A client of a real channel with these scopes, by a real token."""

    def make(*scopes: str, code: str = "web-shop", programs: tuple[Program, ...] = ()) -> APIClient:
        channel, _ = create_channel(code, name=code, scopes=scopes, programs=programs, actor=system_actor())
        token = AccessToken(application=channel, scope=" ".join(scopes), expires=clock.now() + timedelta(hours=1))
        token._raw_token = f"token-of-{code}"
        token.save()
        forget_tokens()
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer token-of-{code}")
        return client

    return make


@pytest.fixture
def shop(client_with: Callable[..., APIClient]) -> APIClient:
    return client_with("customers:read", "customers:write")


@pytest.fixture
def probe(settings: Any) -> str:
    """The name of a text that says `what` and the language it is drawn in."""
    (engine,) = settings.TEMPLATES
    own = Path(__file__).parent / "templates"
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], own]}]
    return "probe"
