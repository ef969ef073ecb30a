"""The cast of changes at the desk, each reachable by e-mail."""

import pytest

from customers.models import Customer
from memberships.models import Membership
from programs.models import Program
from tests.changes import group_of, pair, pool_of


def with_mail(*memberships: Membership) -> None:
    """Codes and links reach every member."""
    for one in Customer.objects.filter(members__membership__in=memberships):
        one.email = one.email_key = f"c{one.pk}@example.com"
        one.save()


@pytest.fixture
def anna_and_ben(miles: Program) -> list[Membership]:
    found = pair(miles, "Anna Bauer", "Ben Miller")
    with_mail(*found)
    return found


@pytest.fixture
def katrin_and_john(miles: Program) -> list[Membership]:
    found = pool_of(miles, "Katrin Bauer", "John Miller")
    with_mail(*found)
    return found


@pytest.fixture
def moores(miles: Program) -> Membership:
    found = group_of(miles, "Mia Moore", "Max Moore", "Moe Moore")
    with_mail(found)
    return found
