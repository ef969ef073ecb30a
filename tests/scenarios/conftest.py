"""The world of the cases: one program with a clock of its own, two members, a till and staff."""

from collections.abc import Iterator

import pytest

from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.factories import make_membership

from . import telling
from .changing import desk
from .telling import Caller, earned


@pytest.fixture
def sky(transactional_db: None) -> Program:
    return telling.open_program("sky")


@pytest.fixture
def michael(sky: Program) -> Membership:
    return make_membership(sky, "Michael Adams")


@pytest.fixture
def katrin(sky: Program) -> Membership:
    return make_membership(sky, "Katrin Bauer")


@pytest.fixture
def till(sky: Program) -> Caller:
    return telling.channel("till", sky)


@pytest.fixture
def agent(transactional_db: None) -> Caller:
    return telling.staff("agnes", Role.SUPPORT_AGENT)


@pytest.fixture
def supervisor(transactional_db: None) -> Caller:
    return telling.staff("susan", Role.SUPERVISOR)


@pytest.fixture
def centre(sky: Program) -> Caller:
    return desk(sky)


@pytest.fixture
def a(centre: Caller, katrin: Membership) -> Membership:
    """300 redeemable, 50 qualifying."""
    earned(centre, katrin, 300)
    earned(centre, katrin, 50, point_type="status")
    return katrin


@pytest.fixture
def b(centre: Caller, sky: Program) -> Membership:
    """200 redeemable, 10 qualifying."""
    john = make_membership(sky, "John Miller")
    earned(centre, john, 200)
    earned(centre, john, 10, point_type="status")
    return john


@pytest.fixture(autouse=True)
def ends_clean(transactional_db: None) -> Iterator[None]:
    """Whatever the story did, every invariant holds at its end."""
    yield
    assert_audit_clean()
