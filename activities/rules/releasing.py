"""Write rules, release them version by version, retire them (domain 1.11).

What is written changes nothing before it is released. A release ends the version before it at the same instant, so
that a late event is judged by the one of its time.
"""

from datetime import date, datetime
from typing import Any

from activities.models import (
    Campaign,
    RewardRule,
    RuleGroup,
    RuleRetirement,
    RuleStatus,
    RuleVersion,
)
from activities.rules.definition import read_definition
from activities.rules.designing import check_code, check_days, check_text, designing
from activities.rules.errors import RuleRefused, RuleUnchanged, RuleWrongStatus
from activities.rules.reader import Mistakes
from common import clock
from common.actor import Actor
from common.db import lock_rows
from gateway.events import record_event
from programs.design import design_of
from programs.models import Program

PRIORITIES = range(-1000, 1001)
VERSIONED = ("name", "priority", "valid_from", "valid_until", "definition")


def create_rule(
    program: Program,
    *,
    actor: Actor,
    code: str,
    name: str,
    group: RuleGroup,
    definition: Any,
    description: str = "",
    campaign: Campaign | None = None,
    priority: int = 0,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> RewardRule:
    """A draft; raises RuleRefused with every mistake in it."""
    with designing(program, actor, "rule written"):
        rule = RewardRule(
            program=program,
            code=code,
            name=name,
            group=group,
            definition=definition,
            description=description,
            campaign=campaign,
            priority=priority,
            valid_from=valid_from,
            valid_until=valid_until,
        )
        mistakes = Mistakes()
        check_code(code, mistakes, taken=RewardRule.objects.filter(program=program, code=code).exists())
        _check(rule, mistakes)
        rule.save()
        return rule


def change_rule(
    rule: RewardRule,
    *,
    actor: Actor,
    name: str,
    group: RuleGroup,
    definition: Any,
    description: str = "",
    campaign: Campaign | None = None,
    priority: int = 0,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> RewardRule:
    """Write it anew; what is released goes on as it is. Group and campaign count for released versions too, so they
    are fixed while one is in force."""
    with designing(rule.program, actor, "rule rewritten"):
        row = _locked(rule)
        if row.status == RuleStatus.RELEASED and (group.pk, campaign and campaign.pk) != (
            row.group_id,
            row.campaign_id,
        ):
            raise RuleWrongStatus(
                f"“{row.name}” is released in its group and campaign: retire it, or copy it to change them."
            )
        row.name, row.group, row.campaign, row.description = name, group, campaign, description
        row.definition, row.priority = definition, priority
        row.valid_from, row.valid_until = valid_from, valid_until
        _check(row, Mistakes())
        row.save()
        return row


def copy_rule(rule: RewardRule, *, actor: Actor, code: str, name: str) -> RewardRule:
    """A draft of its own with what the rule says as written."""
    return create_rule(
        rule.program,
        actor=actor,
        code=code,
        name=name,
        group=rule.group,
        definition=rule.definition,
        description=rule.description,
        campaign=rule.campaign,
        priority=rule.priority,
        valid_from=rule.valid_from,
        valid_until=rule.valid_until,
    )


def release_rule(rule: RewardRule, *, actor: Actor, why: str) -> RuleVersion:
    """Put what is written in force as the next version, from now on; a retired rule begins again."""
    with designing(rule.program, actor, why):
        row = _locked(rule)
        _check(row, Mistakes())
        former = _version_in_force(row)
        if former is not None and all(getattr(former, name) == getattr(row, name) for name in VERSIONED):
            raise RuleUnchanged(f"Version {former.version} of “{row.name}” says the same and is in force.")
        now = clock.program_now(row.program)
        last = row.versions.order_by("-version").first()
        version = RuleVersion.objects.create(
            rule=row,
            program=row.program,
            version=last.version + 1 if last else 1,
            released_at=now,
            released_by_id=actor.user_id,
            why=why[:200],
            **{name: getattr(row, name) for name in VERSIONED},
        )
        if former is not None:
            _retire(former, now, actor, why)
        row.released, row.status = version.version, RuleStatus.RELEASED
        row.save()
        facts = {"rule": row.code, "version": version.version}
        record_event("rule.released", program_id=row.program_id, subject_id=row.pk, facts=facts)
        return version


def retire_rule(rule: RewardRule, *, actor: Actor, why: str) -> RewardRule:
    """End the version in force; events from before it are judged by it still."""
    with designing(rule.program, actor, why):
        row = _locked(rule)
        version = _version_in_force(row)
        if version is None:
            raise RuleWrongStatus(f"“{row.name}” is {row.get_status_display()}: only a released rule can be retired.")
        _retire(version, clock.program_now(row.program), actor, why)
        row.status = RuleStatus.RETIRED
        row.save()
        facts = {"rule": row.code, "version": version.version}
        record_event("rule.retired", program_id=row.program_id, subject_id=row.pk, facts=facts)
        return row


def _locked(rule: RewardRule) -> RewardRule:
    (row,) = lock_rows(RewardRule.objects.filter(pk=rule.pk).select_related("program", "group", "campaign"))
    return row


def _version_in_force(row: RewardRule) -> RuleVersion | None:
    if row.status != RuleStatus.RELEASED:
        return None
    return row.versions.get(version=row.released or 0)


def _retire(version: RuleVersion, at: datetime, actor: Actor, why: str) -> None:
    RuleRetirement.objects.create(rule_version=version, retired_at=at, retired_by_id=actor.user_id, why=why[:200])


def _check(rule: RewardRule, mistakes: Mistakes) -> None:
    """Raises RuleRefused with every mistake, those found before too."""
    check_text("name", rule.name, mistakes, most=120, required=True)
    check_text("description", rule.description, mistakes, most=500)
    check_days(rule.valid_from, rule.valid_until, mistakes)
    if rule.priority not in PRIORITIES:
        mistakes.add("/priority", "out_of_range", f"From {PRIORITIES[0]} to {PRIORITIES[-1]}.")
    for name in ("group", "campaign"):
        other = getattr(rule, name)
        if other is not None and other.program_id != rule.program_id:
            mistakes.add(f"/{name}", "different_program", f"This {name} belongs to another program.")
    try:
        read_definition(rule.definition, design=design_of(rule.program_id))
    except RuleRefused as refused:
        mistakes.found += refused.errors
        mistakes.at |= refused.facts["at"]
    mistakes.refuse()
