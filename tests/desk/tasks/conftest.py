"""Who works at the desk."""

from typing import Any

import pytest

from programs.models import Program
from staff.models import Role
from tests.desk.tasks.working import Desk


@pytest.fixture(autouse=True)
def no_second_factor(settings: Any) -> None:
    settings.LOYALTY_TOTP = False


@pytest.fixture
def agent(miles: Program) -> Desk:
    return Desk("agnes", Role.SUPPORT_AGENT)


@pytest.fixture
def supervisor(miles: Program) -> Desk:
    return Desk("susan", Role.SUPERVISOR)


@pytest.fixture
def auditor(miles: Program) -> Desk:
    return Desk("otto", Role.AUDITOR)
