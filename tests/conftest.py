"""What every test may use: a clean memory of designs and tokens, and the named cast."""

from collections.abc import Iterator

import pytest

from gateway.authentication import forget_tokens
from memberships.models import Membership
from memberships.programs import forget_programs
from programs.design import forget_designs
from programs.models import Program
from tests.factories import make_membership, make_program


@pytest.fixture(autouse=True)
def nothing_kept_in_memory() -> Iterator[None]:
    forget_designs()
    forget_programs()
    forget_tokens()
    yield


@pytest.fixture
def miles(db: None) -> Program:
    """A released program: miles (redeemable, never expiring) and status (qualifying), tiers Blue and Gold."""
    return make_program("miles")


@pytest.fixture
def michael_adams(miles: Program) -> Membership:
    return make_membership(miles, "Michael Adams")


@pytest.fixture
def katrin_bauer(miles: Program) -> Membership:
    return make_membership(miles, "Katrin Bauer")
