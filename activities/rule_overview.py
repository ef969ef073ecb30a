"""The rules of a program as its managers look at them: in groups, with what is in force, and what they did lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from django.db.models import Prefetch, QuerySet

from activities.models import (
    CampaignStatus,
    RewardRule,
    RuleEffect,
    RuleGroup,
    RuleStatus,
    RuleVersion,
)
from common import clock
from programs.models import Program

LATEST = 10


class InForce(Enum):
    DRAFT = "draft"
    NOW = "now"
    AHEAD = "ahead"
    OVER = "over"
    # Released, but its campaign does not run.
    RESTS = "rests"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class RuleView:
    """`version` is the one released last, None before. `changed`: what is written differs from it."""

    rule: RewardRule
    version: RuleVersion | None
    state: InForce
    changed: bool


@dataclass(frozen=True, slots=True)
class GroupView:
    group: RuleGroup
    rules: Sequence[RuleView]


def groups_of(program: Program) -> list[GroupView]:
    """Every group of the program in the order in which it is asked, each with its rules in theirs."""
    rules = RewardRule.objects.select_related("campaign").order_by("-priority", "pk")
    groups = RuleGroup.objects.filter(program=program).prefetch_related(Prefetch("rules", queryset=rules))
    found = list(groups.order_by("rank", "pk"))
    versions = _released([rule for group in found for rule in group.rules.all()])
    today = clock.program_now(program).astimezone(program.zone).date()
    return [
        GroupView(group, [_view(rule, versions.get(rule.pk), today) for rule in group.rules.all()]) for group in found
    ]


def rule_view(rule: RewardRule) -> RuleView:
    today = clock.program_now(rule.program).astimezone(rule.program.zone).date()
    return _view(rule, _released([rule]).get(rule.pk), today)


def versions_of(rule: RewardRule) -> list[RuleVersion]:
    """The newest first, with their retirements."""
    return list(RuleVersion.objects.filter(rule=rule).select_related("retirement").order_by("-version"))


def latest_effects(rule: RewardRule) -> list[RuleEffect]:
    found = _effects(rule).select_related("activity__membership", "activity__type", "point_type", "rule_version")
    return list(found[:LATEST])


def state_of(rule: RewardRule, version: RuleVersion | None, today: date) -> InForce:
    """Of what was released: a draft of something new changes nothing yet."""
    if rule.status == RuleStatus.RETIRED:
        return InForce.RETIRED
    if version is None or rule.status == RuleStatus.DRAFT:
        return InForce.DRAFT
    if version.valid_until is not None and version.valid_until < today:
        return InForce.OVER
    if version.valid_from is not None and version.valid_from > today:
        return InForce.AHEAD
    return InForce.NOW if _campaign_runs(rule, today) else InForce.RESTS


def _campaign_runs(rule: RewardRule, today: date) -> bool:
    campaign = rule.campaign
    if campaign is None:
        return True
    return campaign.status == CampaignStatus.RUNNING and campaign.valid_from <= today <= campaign.valid_until


def _view(rule: RewardRule, version: RuleVersion | None, today: date) -> RuleView:
    return RuleView(rule, version, state_of(rule, version, today), version is not None and _differs(rule, version))


def _differs(rule: RewardRule, version: RuleVersion) -> bool:
    names = ("name", "priority", "valid_from", "valid_until", "definition")
    return any(getattr(rule, name) != getattr(version, name) for name in names)


def _released(rules: Sequence[RewardRule]) -> dict[int, RuleVersion]:
    """The version each cites."""
    cited = {rule.pk: rule.released for rule in rules if rule.released is not None}
    found = RuleVersion.objects.filter(rule__in=cited, version__in=set(cited.values())).select_related("retirement")
    return {one.rule_id: one for one in found if one.version == cited[one.rule_id]}


def _effects(rule: RewardRule) -> QuerySet[RuleEffect]:
    versions = RuleVersion.objects.filter(rule=rule).values("pk")
    return RuleEffect.objects.filter(rule_version__in=versions).order_by("-pk")
