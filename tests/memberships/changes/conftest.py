"""The cast of changes: two who are on their own, two who share an account, and a family of three."""

import pytest

from memberships.models import Membership
from programs.models import Program
from tests.changes import group_of, pair, pool_of


@pytest.fixture
def anna_and_ben(miles: Program) -> list[Membership]:
    """Two standard memberships."""
    return pair(miles, "Anna Bauer", "Ben Miller")


@pytest.fixture
def katrin_and_john(miles: Program) -> list[Membership]:
    """Two shared memberships on a pool that Katrin owns."""
    return pool_of(miles, "Katrin Bauer", "John Miller")


@pytest.fixture
def moores(miles: Program) -> Membership:
    """A group of three: Mia is the main member, Max and Moe take part."""
    return group_of(miles, "Mia Moore", "Max Moore", "Moe Moore")
