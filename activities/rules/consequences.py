"""What rules do besides points: attributes, labels, tiers, benefits, vouchers, notices - for a whole wave at once.

Where several effects of one activity meet in one thing, the last one counts; a tier only rises where its rule says so.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from activities.rules.deciding import Effect
from activities.rules.wave import Decided
from activities.vouchers import VoucherIssue, issue_many
from common.actor import Actor
from memberships.attributes import set_many
from memberships.benefits import RuleGrant, grant_many
from memberships.labels import add_many, remove_many
from memberships.ladders import feeding
from memberships.models import LabelSource
from memberships.notifying import notify_members
from memberships.standings import RuleStanding, stand_by_rule_many
from memberships.tiering import climb_many
from points.drafts import Posted, WrittenEntry
from programs.design import Design

LONGEST_REASON = 120
Pair = tuple[int, str]


def follow(wave: Sequence[Decided], *, design: Design, actor: Actor, now: datetime) -> None:
    """Write it, under the locks of the memberships."""
    effects = list(_effects(wave))
    _set_attributes(effects, design=design, actor=actor, now=now)
    _label(effects, design=design, actor=actor, now=now)
    _stand(effects, design=design, actor=actor, now=now)
    _grant(effects, design=design, actor=actor, now=now)
    issues = [
        VoucherIssue(membership_id=one.membership.pk, reward=effect.reward, activity_id=one.activity.pk, at=now)
        for one, effect in effects
        if effect.reward
    ]
    if issues:
        issue_many(issues, design=design, actor=actor)
    _notify(effects, design=design)


def reason_of(effect: Effect) -> str:
    return f"{effect.rule.name} (v{effect.rule.version})"[-LONGEST_REASON:]


def _effects(wave: Sequence[Decided]) -> Iterator[tuple[Decided, Effect]]:
    return ((one, effect) for one in wave for effect in one.decision.effects)


def _set_attributes(effects: Sequence[tuple[Decided, Effect]], *, design: Design, actor: Actor, now: datetime) -> None:
    last = {(one.membership.pk, effect.attribute): effect for one, effect in effects if effect.attribute}
    by_reason: dict[str, dict[Pair, Any]] = defaultdict(dict)
    for key, effect in last.items():
        by_reason[reason_of(effect)][key] = effect.value
    for reason, values in by_reason.items():
        set_many(values, design=design, at=now, actor=actor, reason=reason)


def _label(effects: Sequence[tuple[Decided, Effect]], *, design: Design, actor: Actor, now: datetime) -> None:
    last = {(one.membership.pk, effect.label): effect for one, effect in effects if effect.label}
    added: dict[str, list[Pair]] = defaultdict(list)
    removed: dict[str, list[Pair]] = defaultdict(list)
    for pair, effect in last.items():
        (removed if effect.action == "remove_label" else added)[reason_of(effect)].append(pair)
    for reason, pairs in removed.items():
        remove_many(pairs, design=design, at=now, actor=actor, reason=reason)
    for reason, pairs in added.items():
        add_many(pairs, design=design, at=now, actor=actor, source=LabelSource.RULE, reason=reason)


def _stand(effects: Sequence[tuple[Decided, Effect]], *, design: Design, actor: Actor, now: datetime) -> None:
    """One after the other where a membership has several in one ladder, each judged by where the last one left it."""
    rounds: dict[int, list[RuleStanding]] = defaultdict(list)
    met: dict[Pair, int] = defaultdict(int)
    for one, effect in effects:
        if effect.tier:
            ladder = (one.membership.pk, effect.group)
            rounds[met[ladder]].append(
                RuleStanding(
                    membership_id=one.membership.pk,
                    group=effect.group,
                    tier=effect.tier,
                    only_up=effect.only_up,
                    until=effect.until,
                    reason=reason_of(effect),
                    since=one.activity.occurred_at,
                )
            )
            met[ladder] += 1
    for wanted in rounds.values():
        stand_by_rule_many(wanted, design=design, at=now, actor=actor)


def _grant(effects: Sequence[tuple[Decided, Effect]], *, design: Design, actor: Actor, now: datetime) -> None:
    last = {(one.membership.pk, effect.benefit): effect for one, effect in effects if effect.benefit}
    grants = [
        RuleGrant(membership_id=pk, benefit=code, until=effect.until, reason=reason_of(effect))
        for (pk, code), effect in last.items()
    ]
    if grants:
        grant_many(grants, design=design, at=now, actor=actor)


def climb(wave: Sequence[Decided], credited: Mapping[int, Posted], *, design: Design, actor: Actor) -> None:
    """Raise memberships by what now qualifies for their tiers: by rules, or `credited` (by activity) by figures."""
    fed = feeding(design)
    codes = {design.point_types[pk].code for pk in fed.point_types}
    events = {
        one.membership.pk: one.activity.occurred_at
        for one in wave
        if any(
            (effect.point_type in codes and effect.points) or effect.attribute in fed.attributes
            for effect in one.decision.effects
        )
        or any(entry.point_type_id in fed.point_types for entry in _entries(credited.get(one.activity.pk)))
    }
    if events:
        climb_many(events, design=design, actor=actor)


def _entries(posted: Posted | None) -> Sequence[WrittenEntry]:
    return () if posted is None else posted.entries


def _notify(effects: Sequence[tuple[Decided, Effect]], *, design: Design) -> None:
    by_code: dict[str, list[tuple[Decided, Effect]]] = defaultdict(list)
    for one, effect in effects:
        if effect.notice:
            by_code[effect.notice].append((one, effect))
    for code, ones in by_code.items():
        notify_members(
            design.program,
            code,
            {one.membership.pk: _notice_facts(one, effect, design) for one, effect in ones},
            once={one.membership.pk: f"effect:{one.activity.pk}:{effect.position}" for one, effect in ones},
            cause={one.membership.pk: ("activity", one.activity.pk) for one, _ in ones},
        )


def _notice_facts(one: Decided, effect: Effect, design: Design) -> dict[str, Any]:
    """What the rule says of itself, in names for people."""
    credited = [each.point_type for each in one.decision.effects if each.rule is effect.rule and (each.points or 0) > 0]
    code = credited[0] if credited else None
    return {
        **effect.facts,
        "activity": one.type.name,
        "point_type": design.by_code[code].name if code else None,
    }
