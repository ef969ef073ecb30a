"""A program whose ladders the tests of tiers climb: Michael Adams's airline."""

from datetime import datetime, timedelta
from typing import Any

from activities.calls import PointsCall
from activities.earning import earn
from memberships.models import Membership, TierReview, TierStanding
from programs.models import PointType, Program, Tier, TierGroup
from tests.factories import ACTOR, make_membership, make_program

RUNGS = (("silver", 0), ("gold", 1_000), ("diamond", 5_000))


def make_airline(code: str = "air", **values: Any) -> Program:
    """Its ladder has three rungs, fed by `status` points of a calendar year unless said otherwise; Berlin's time."""
    group_values = {name: values.pop(name) for name in ("period", "period_months", "downgrade") if name in values}
    program = make_program(code, **({"time_zone": "Europe/Berlin", "late_grace": timedelta(days=60)} | values))
    ladder = TierGroup.objects.get(program=program)
    Tier.objects.filter(group=ladder).delete()
    for rank, (name, threshold) in enumerate(RUNGS):
        Tier.objects.create(group=ladder, code=name, name=name.title(), rank=rank, threshold=threshold)
    for name, value in group_values.items():
        setattr(ladder, name, value)
    ladder.save()
    status = PointType.objects.get(program=program, code="status")
    status.name = "Tier Miles"
    status.save()
    return program


def member_since(program: Program, at: datetime, name: str = "Michael Adams") -> Membership:
    return make_membership(program, name, at=at)


def earn_status(membership: Membership, points: int, *, at: datetime | None = None) -> dict[str, Any]:
    return earn(PointsCall(membership.pk, points, "status", occurred_at=at), actor=ACTOR)


def tier_of(membership: Membership) -> str:
    """The code of the rung it stands on; fails where it is not exactly one."""
    return TierStanding.objects.get(membership=membership, ended_at__isnull=True).tier.code


def story_of(membership: Membership) -> list[tuple[str, str]]:
    """(tier, source) of every standing, the oldest first."""
    rows = TierStanding.objects.filter(membership=membership).order_by("since", "pk")
    return [(row.tier.code, str(row.source)) for row in rows]


def reviews_of(membership: Membership) -> list[tuple[int, int, str, str]]:
    """(again, figure, before, after) in the order they were made."""
    rows = TierReview.objects.filter(membership=membership).select_related("before", "after").order_by("pk")
    return [(row.again, int(row.figure), _code(row.before), _code(row.after)) for row in rows]


def _code(tier: Tier | None) -> str:
    return "" if tier is None else tier.code
