"""Twenty released rules of which a purchase of the benchmark matches five, and one for simple activities."""

from typing import Any

from django.db import connection

from activities.models import ActivityType, PointFlow, RuleGroup
from activities.rules.releasing import create_rule, release_rule
from bench.world import World
from gateway.channels import system_actor
from programs.models import Label, Program, Tier, TierGroup

SHOP, AMOUNT = "Main Street", "120.50"
SIMPLE = "visit"
Action = dict[str, Any]

MATCHING: tuple[tuple[str, Action], ...] = (
    ("", {"do": "credit", "per": "1.00", "points": 1}),
    ("activity.amount >= 50", {"do": "multiply", "factor": "1.5"}),
    ("", {"do": "credit", "point_type": "status", "per": "10.00", "points": 1}),
    (f'activity.location == "{SHOP}"', {"do": "credit", "points": 10, "expires_days": 90}),
    ('activity.currency in ["EUR", "USD"]', {"do": "credit", "points": 5}),
)
OTHERS = (
    "activity.amount >= 1000",
    "activity.amount > 500 && activity.weekday in [6, 7]",
    "activity.amount < 10",
    'activity.location == "Harbor"',
    'activity.location.startsWith("Air")',
    'activity.location.contains("outlet")',
    'activity.currency == "CHF"',
    'activity.channel in ["web", "app"]',
    'activity.partner == "hotel"',
    'activity.date >= "2100-01-01"',
    "activity.month == 13",
    'member.type == "group"',
    "member.days_enrolled > 100000",
    'tier.ladder in ["gold"]',
    'labels.exists(one, one in ["vip"])',
)
STANDINGS = """
INSERT INTO memberships_tierstanding (membership_id, program_id, group_id, tier_id, since, source, reason)
SELECT m.id, m.program_id, %(group)s, %(tier)s, m.enrolled_at, 'enrolment', '' FROM memberships_membership m
WHERE m.program_id = %(program)s
"""


def make_rules(world: World) -> Program:
    """With a ladder that the status points feed, on whose lowest rung everybody stands."""
    program = Program.objects.get(pk=world.program)
    _ladder(program)
    Label.objects.create(program=program, code="vip", name="VIP")
    ActivityType.objects.create(program=program, code=SIMPLE, name="Visit", flow=PointFlow.NONE)
    group = RuleGroup.objects.create(program=program, code="all", name="All")
    for number, (condition, action) in enumerate(MATCHING, start=1):
        caps = [{"scope": "day", "points": 100_000}] if number == len(MATCHING) else []
        _release(program, group, f"matches-{number}", "purchase", condition, action, caps)
    for number, condition in enumerate(OTHERS, start=1):
        _release(program, group, f"other-{number}", "purchase", condition, {"do": "credit", "points": 1}, [])
    _release(program, group, "simple", SIMPLE, "", {"do": "credit", "per": "1.00", "points": 1}, [])
    return program


def _release(
    program: Program,
    group: RuleGroup,
    code: str,
    type_code: str,
    condition: str,
    action: Action,
    caps: list[dict[str, Any]],
) -> None:
    definition = {"activity_types": [type_code], "condition": condition, "actions": [action], "caps": caps}
    rule = create_rule(
        program, actor=system_actor(), code=code, name=code.capitalize(), group=group, definition=definition
    )
    release_rule(rule, actor=system_actor(), why="benchmark")


def _ladder(program: Program) -> None:
    status = program.point_types.get(code="status")
    ladder = TierGroup.objects.create(program=program, code="ladder", name="Ladder", point_type=status)
    lowest, *_ = [
        Tier.objects.create(group=ladder, code=code, name=code.capitalize(), rank=rank, threshold=threshold)
        for rank, (code, threshold) in enumerate((("blue", 0), ("silver", 5_000), ("gold", 50_000)))
    ]
    with connection.cursor() as cursor:
        cursor.execute(STANDINGS, {"program": program.pk, "group": ladder.pk, "tier": lowest.pk})
        cursor.execute("ANALYZE memberships_tierstanding")
