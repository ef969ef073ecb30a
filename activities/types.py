"""The activity types of a program; what points do by figures and what a till tells have one each from the start."""

from django.db import transaction

from activities.errors import UnknownActivityType
from activities.models import ActivityType, PointFlow
from common.history import create_with_history
from programs.design import Design
from programs.models import Program, bump_design

BUILT_IN = {
    "earn": PointFlow.EARN,
    "redeem": PointFlow.REDEEM,
    "purchase": PointFlow.NONE,
    "return": PointFlow.NONE,
    "interaction": PointFlow.NONE,
}


def create_built_in_types(program: Program) -> None:
    """Give a program the types every program has; harmless when it has them."""
    with transaction.atomic():
        known = set(ActivityType.objects.filter(program=program).values_list("code", flat=True))
        lacking = [
            ActivityType(program=program, code=code, name=code.capitalize(), flow=flow)
            for code, flow in BUILT_IN.items()
            if code not in known
        ]
        if lacking:
            create_with_history(lacking)
            bump_design(program.pk)


def activity_type(design: Design, code: str) -> ActivityType:
    """The type of that code; kept with the design's version."""
    types = activity_types(design)
    if code not in types:
        raise UnknownActivityType(
            f"{design.program.name} has no activity type “{code}”.", facts={"activity_types": sorted(types)}
        )
    return types[code]


def type_by_id(design: Design, type_id: int) -> ActivityType:
    """The type with that id, which is one of the program's."""
    by_id = design.derived.get("activity_types_by_id")
    if not isinstance(by_id, dict):
        by_id = design.derived["activity_types_by_id"] = {one.pk: one for one in activity_types(design).values()}
    found: ActivityType = by_id[type_id]
    return found


def activity_types(design: Design) -> dict[str, ActivityType]:
    """By code; kept with the design's version."""
    types = design.derived.get("activity_types")
    if not isinstance(types, dict):
        types = {t.code: t for t in ActivityType.objects.filter(program_id=design.program.pk)}
        design.derived["activity_types"] = types
    return types
