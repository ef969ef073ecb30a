"""What the desk offers for a membership, and what stands against it."""

import pytest

from activities.offers import offers_for_membership
from memberships.models import Membership
from programs.design import design_of
from programs.models import Program
from tests.changes import organization_pool, pool_of
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db
AGAINST = "its points are in the pool of an organization: leave that first"


def against(membership: Membership) -> dict[str, str]:
    offered = offers_for_membership(membership, design_of(membership.program_id), ACTOR)
    return {one.label: one.reason for one in offered if one.label in ("Merge", "Change the form", "Hand over")}


def test_from_the_pool_of_an_organization_nobody_merges_reforms_or_leads(miles: Program) -> None:
    _, (driver, _) = organization_pool(miles, "Dora Driver", "Emil Bell")
    assert against(driver) == {"Merge": AGAINST, "Change the form": AGAINST, "Hand over": AGAINST}


def test_friends_may(miles: Program) -> None:
    anna, _ = pool_of(miles)
    assert against(anna) == {"Merge": "", "Change the form": "", "Hand over": ""}
