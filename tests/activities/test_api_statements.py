"""Statements as a channel reads them: cursors that nobody gave out."""

import base64
from collections.abc import Callable

import pytest

from activities.calls import PointsCall
from activities.earning import earn_in_general
from memberships.models import Membership
from tests.factories import ACTOR

from .conftest import Caller

pytestmark = pytest.mark.django_db
AT = '"2026-01-01T00:00:00+00:00"'


@pytest.mark.parametrize(
    "made_up",
    [f"[{AT}, [[Infinity, 1]]]", f"[{AT}, [[1, Infinity]]]", "[" * 2_900, "1", f"[{AT}, 1]", f'[{AT}, [["x", 1]]]'],
)
def test_a_made_up_cursor_is_malformed(caller: Callable[..., Caller], michael_adams: Membership, made_up: str) -> None:
    earn_in_general(PointsCall(michael_adams.pk, 5), actor=ACTOR)
    cursor = base64.urlsafe_b64encode(made_up.encode()).decode()
    answer = caller("memberships:read").get(f"memberships/{michael_adams.pk}/statement?cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.json()["errors"][0]["pointer"] == "?cursor"
