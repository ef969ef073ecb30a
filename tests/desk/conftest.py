"""Staff of every role, without a second factor."""

from typing import Any

import pytest

from staff.models import Role
from tests.desk.visitor import Visitor


@pytest.fixture(autouse=True)
def no_second_factor(settings: Any) -> None:
    settings.LOYALTY_TOTP = False


@pytest.fixture
def agent(db: None) -> Visitor:
    return Visitor(Role.SUPPORT_AGENT)


@pytest.fixture
def supervisor(db: None) -> Visitor:
    return Visitor(Role.SUPERVISOR)


@pytest.fixture
def auditor(db: None) -> Visitor:
    return Visitor(Role.AUDITOR)
