"""A program as marketing would draft it, and who designs it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from common.actor import Actor
from programs.models import PointKind, PointType, Program, Tier, TierGroup


def _may(action: str, program_id: int | None) -> bool:
    return True


@pytest.fixture
def designer() -> Actor:
    return Actor("user", 7, 1, "dora", may=_may, programs=None)


@pytest.fixture
def stranger() -> Actor:
    """May read, and design nothing."""
    return Actor("user", 8, 1, "sam", may=lambda action, program_id: action == "reports:read", programs=None)


@pytest.fixture
def program(db: None) -> Program:
    return Program.objects.create(code="summit", name="Summit Club", time_zone="Europe/Vienna")


@pytest.fixture
def sandbox(db: None) -> Program:
    return Program.objects.create(
        code="trial", name="Trial", is_sandbox=True, clock_offset=timedelta(hours=1), time_zone="UTC"
    )


@pytest.fixture
def add_type(program: Program) -> Callable[..., PointType]:
    def add(code: str, kind: str = PointKind.REDEEMABLE, **values: Any) -> PointType:
        return PointType.objects.create(program=program, code=code, name=code.title(), kind=kind, **values)

    return add


@pytest.fixture
def ladder(program: Program, add_type: Callable[..., PointType]) -> TierGroup:
    """blue from 0, silver from 1,000, gold from 5,000 points of a calendar year."""
    status = add_type("status", PointKind.QUALIFYING)
    group = TierGroup.objects.create(program=program, code="main", name="Main", point_type=status)
    for rank, (code, threshold) in enumerate([("blue", 0), ("silver", 1000), ("gold", 5000)]):
        Tier.objects.create(group=group, code=code, name=code.title(), rank=rank, threshold=threshold)
    return group
