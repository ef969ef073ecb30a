"""A channel sees the design of its own programs; the others do not exist."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from oauth2_provider.models import AccessToken
from rest_framework.test import APIClient

from common import clock
from common.actor import Actor
from gateway.authentication import forget_tokens
from gateway.channels import create_channel, system_actor
from programs import life
from programs.models import PointType, Program, TierGroup

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(program: Program, sandbox: Program) -> APIClient:
    """Sells for `summit` only."""
    channel, _ = create_channel("till", name="Till", scopes=["points:earn"], programs=[program], actor=system_actor())
    token = AccessToken(application=channel, scope="points:earn", expires=clock.now() + timedelta(hours=1))
    token._raw_token = "token-of-the-till"
    token.save()
    forget_tokens()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer token-of-the-till")
    return client


def test_only_the_own_programs_are_listed(till: APIClient, program: Program, designer: Actor) -> None:
    life.release_terms(life.write_terms(program, actor=designer, title="Terms", text="Be kind."), actor=designer)
    life.write_terms(program, actor=designer, title="Draft", text="Be kinder.")
    answer = till.get("/api/programs").json()
    assert [one["code"] for one in answer["results"]] == ["summit"]
    terms = answer["results"][0].pop("terms")
    assert (terms["version"], terms["title"], terms["text"], terms["must_accept"]) == (1, "Terms", "Be kind.", True)
    assert answer["results"][0] == {
        "code": "summit",
        "name": "Summit Club",
        "business_unit": "",
        "brand_color": "#3b5bdb",
        "time_zone": "Europe/Vienna",
        "currency": "EUR",
        "status": "draft",
        "valid_from": None,
        "valid_until": None,
        "activation": "at_enrolment",
        "is_sandbox": False,
    }
    assert till.get("/api/programs/summit").json()["terms"]["version"] == 1


@pytest.mark.parametrize("part", ["", "/point-types", "/tiers"])
def test_foreign_and_unknown_programs_answer_alike(till: APIClient, part: str) -> None:
    foreign, unknown = till.get(f"/api/programs/trial{part}"), till.get(f"/api/programs/nowhere{part}")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content


def test_point_types_tell_their_expiry(till: APIClient, add_type: Callable[..., PointType]) -> None:
    add_type(
        "miles", is_default=True, expiry_policy="after_months", expiry_length=18, expiry_rounding="quarter",
        pending_days=3, money_value="0.012500",
    )  # fmt: skip
    assert till.get("/api/programs/summit/point-types").json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "code": "miles",
                "name": "Miles",
                "kind": "redeemable",
                "default": True,
                "expiry": {"policy": "after_months", "length": 18, "rounding": "quarter", "last_day": None},
                "pending_days": 3,
                "money_value": "0.012500",
                "currency": "EUR",
            }
        ],
    }


def test_tiers_stand_in_order(till: APIClient, ladder: TierGroup) -> None:
    results: list[dict[str, Any]] = till.get("/api/programs/summit/tiers").json()["results"]
    assert [(one["group"], one["code"], one["rank"], one["threshold"]) for one in results] == [
        ("main", "blue", 0, 0),
        ("main", "silver", 1, 1000),
        ("main", "gold", 2, 5000),
    ]
    assert results[0]["point_type"] == "status"
    assert results[0]["period"] == "calendar_year"


@pytest.mark.parametrize("path", ["/api/programs", "/api/programs/summit", "/api/programs/summit/tiers"])
def test_nothing_is_written_and_nobody_unknown_reads(till: APIClient, path: str) -> None:
    assert till.post(path, {}, format="json").status_code == 405
    assert APIClient().get(path).status_code == 401
