"""A released program with rules of its own, and who designs it."""

from collections.abc import Callable
from typing import Any

import pytest

from activities.models import ActivityType, GroupMode, RewardRule, RuleGroup
from activities.rules.releasing import create_rule
from common.actor import Actor
from programs.models import Label, Program
from tests.factories import ACTOR, make_program

GIVE = {"activity_types": ["purchase"], "actions": [{"do": "credit", "points": 50}]}


@pytest.fixture
def club(db: None) -> Program:
    program = make_program("club")
    for code in ("purchase", "check-in"):
        ActivityType.objects.get_or_create(program=program, code=code, defaults={"name": code.title()})
    Label.objects.create(program=program, code="vip", name="VIP")
    return program


@pytest.fixture
def group(club: Program) -> RuleGroup:
    return RuleGroup.objects.create(program=club, code="bonus", name="Bonus", mode=GroupMode.ADDITIVE, rank=1)


@pytest.fixture
def stranger() -> Actor:
    """May read, and design nothing."""
    return Actor("user", 8, 1, "sam", may=lambda action, program_id: action == "reports:read", programs=None)


@pytest.fixture
def write(club: Program, group: RuleGroup) -> Callable[..., RewardRule]:
    def write(code: str = "double", **given: Any) -> RewardRule:
        values = {"name": "Double points", "group": group, "definition": GIVE, **given}
        return create_rule(club, actor=ACTOR, code=code, **values)

    return write
