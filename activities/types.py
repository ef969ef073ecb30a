"""The activity types of a program; what points do by figures and what a till tells have one each from the start."""

from activities.errors import UnknownActivityType
from activities.models import ActivityType, PointFlow
from programs.design import Design
from programs.models import Program

BUILT_IN = {
    "earn": PointFlow.EARN,
    "redeem": PointFlow.REDEEM,
    "purchase": PointFlow.NONE,
    "return": PointFlow.NONE,
    "interaction": PointFlow.NONE,
}


def create_built_in_types(program: Program) -> None:
    """Give a program the types every program has; harmless when it has them."""
    for code, flow in BUILT_IN.items():
        if not ActivityType.objects.filter(program=program, code=code).exists():
            ActivityType.objects.create(program=program, code=code, name=code.capitalize(), flow=flow)


def activity_type(design: Design, code: str) -> ActivityType:
    """The type of that code; kept with the design's version."""
    types = design.derived.get("activity_types")
    if not isinstance(types, dict):
        types = {t.code: t for t in ActivityType.objects.filter(program_id=design.program.pk)}
        design.derived["activity_types"] = types
    if code not in types:
        raise UnknownActivityType(
            f"{design.program.name} has no activity type “{code}”.", facts={"activity_types": sorted(types)}
        )
    found: ActivityType = types[code]
    return found
