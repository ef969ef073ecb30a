"""Rules in force, and activities that wait for them."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from activities.models import (
    ActivityStatus,
    ActivityType,
    GroupMode,
    MemberActivity,
    PointFlow,
    RewardRule,
    RuleEffect,
    RuleGroup,
    RuleRetirement,
    RuleStatus,
    RuleVersion,
)
from activities.processing import process
from activities.rules.wave import Processed
from common import clock
from memberships.models import Member, Membership
from programs.models import Program
from tests.factories import ACTOR

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
PER_EURO = {"do": "credit", "per": "1.00", "points": 1}
_codes = count(1)


def purchase(program: Program) -> ActivityType:
    found: ActivityType = ActivityType.objects.get_or_create(
        program=program, code="purchase", defaults={"name": "Purchase", "flow": PointFlow.NONE}
    )[0]
    return found


def in_force(
    program: Program,
    *actions: dict[str, Any],
    types: tuple[str, ...] = ("purchase",),
    condition: str = "",
    caps: tuple[dict[str, Any], ...] = (),
    since: datetime = EPOCH,
    until: datetime | None = None,
    group: str = "all",
    **values: Any,
) -> RewardRule:
    """A rule with one version in force since then."""
    purchase(program)
    mode = GroupMode.EXCLUSIVE if group.startswith("one") else GroupMode.ADDITIVE
    of_group = RuleGroup.objects.get_or_create(program=program, code=group, defaults={"name": group, "mode": mode})[0]
    definition = {
        "activity_types": list(types),
        "condition": condition,
        "actions": list(actions),
        "caps": list(caps),
    }
    code = values.pop("code", None) or f"rule-{next(_codes)}"
    defaults: dict[str, Any] = {"name": code.replace("-", " "), "definition": definition, "group": of_group}
    rule: RewardRule = RewardRule.objects.create(program=program, code=code, **(defaults | values))
    release(rule, since=since, until=until)
    return rule


def release(rule: RewardRule, *, since: datetime, until: datetime | None = None, **changed: Any) -> RuleVersion:
    """Another version, with what changed in the definition; the former one ends then."""
    former = RuleVersion.objects.filter(rule=rule).order_by("-version").first()
    if former is not None:
        RuleRetirement.objects.create(rule_version=former, retired_at=since)
    number = former.version + 1 if former else 1
    rule.definition = rule.definition | changed
    version: RuleVersion = RuleVersion.objects.create(
        rule=rule,
        program=rule.program,
        version=number,
        name=rule.name,
        priority=rule.priority,
        definition=rule.definition,
        released_at=since,
    )
    if until is not None:
        RuleRetirement.objects.create(rule_version=version, retired_at=until)
    rule.released, rule.status = number, RuleStatus.RELEASED
    rule.save()
    return version


def waiting(membership: Membership, amount: str = "100.00", **values: Any) -> MemberActivity:
    """A purchase that was received and waits."""
    now = clock.program_now(membership.program)
    member = Member.objects.filter(membership=membership, ended_at__isnull=True).order_by("pk").first()
    defaults: dict[str, Any] = {
        "type": purchase(membership.program),
        "customer_id": member.customer_id if member else None,
        "channel_id": 2,
        "status": ActivityStatus.RECEIVED,
        "amount": amount,
        "currency": "EUR",
        "occurred_at": now,
        "recorded_at": now,
    }
    made: MemberActivity = MemberActivity.objects.create(
        program=membership.program, membership=membership, **(defaults | values)
    )
    made.refresh_from_db()
    return made


def effects_of(activity: MemberActivity) -> list[tuple[str, str | None, int | None]]:
    """(action, point type, points) of each effect, in their order."""
    rows = RuleEffect.objects.filter(activity=activity).order_by("position")
    return list(rows.values_list("action", "point_type__code", "points"))


def done(activity: MemberActivity) -> Processed:
    return process([activity], actor=ACTOR)[activity.pk]


def process_all(*activities: MemberActivity) -> list[int]:
    """The points each was credited, processed as one wave."""
    found = process(list(activities), actor=ACTOR)
    return [sum(one.points or 0 for one in found[activity.pk].decided) for activity in activities]
