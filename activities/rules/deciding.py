"""What follows from an activity: the rules asked in order, nothing read or written (domain 1.11)."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import field
from datetime import date
from functools import lru_cache

from activities.models import CapScope, Eligibility
from activities.rules.compiled import CompiledRule
from activities.rules.errors import RuleFailed
from activities.rules.facts import NOT_USED, ActivityFacts, MemberState, Use, UseKey
from activities.rules.language.checking import Path
from activities.rules.working import Effect, Turn, Working
from common.records import record

__all__ = ["Decision", "Effect", "carry_forward", "decide"]


@record
class Decision:
    """`uses` and `spent` (by campaign) are what this activity adds to the counts it was decided with."""

    effects: tuple[Effect, ...] = ()
    uses: Mapping[UseKey, Use] = field(default_factory=dict)
    spent: Mapping[int, int] = field(default_factory=dict)


NOTHING = Decision()
NO_KEYS: dict[CapScope, UseKey] = {}


def decide(state: MemberState, activity: ActivityFacts, rules: Sequence[CompiledRule]) -> Decision:
    """The rules in the order given; of an exclusive group the first that applies. Raises RuleFailed and nothing else.

    A rule whose cap or campaign budget is used up counts as one that does not match.
    """
    due = tuple(rule for rule in rules if activity.type in rule.activity_types)
    if not due:
        return NOTHING
    reads, calls = _asked(due)
    working = Working(state, activity, reads=reads, calls=calls)
    done: set[int] = set()
    for rule in due:
        if rule.group_id not in done and _apply(rule, working) and rule.exclusive:
            done.add(rule.group_id)
    return Decision(tuple(working.effects), working.uses, working.spent)


@lru_cache(maxsize=512)
def _asked(rules: tuple[CompiledRule, ...]) -> tuple[frozenset[Path], bool]:
    """The paths their expressions read, and whether one of them calls a function of ours."""
    sound = [rule.definition for rule in rules if rule.definition is not None]
    calls = any(one.calls for definition in sound for one in definition.computed)
    return frozenset().union(*(definition.reads for definition in sound)), calls


def _apply(rule: CompiledRule, working: Working) -> bool:
    """Whether it matched. One that matched without any effect is not counted as used."""
    if rule.eligibility is not None and not _meant(rule, working.state):
        return False
    try:
        definition = rule.definition or rule.sound()
        if working.activity.foreign and definition.counts_home_money:
            return False
        limits = _limits(rule, working) if rule.limited else {}
        if limits is None:
            return False
        if definition.condition is not None and not definition.condition.run(working.context):
            return False
        turn, before = Turn(working, rule, limits), len(working.effects)
        for action in definition.actions:
            action.act(turn)
    except RuleFailed as failed:
        raise failed.of(rule.code, rule.version) from failed.__cause__
    if len(working.effects) > before:
        for key in _keys(rule, working).values():
            working.uses[key] = Use(1, turn.points)
    return True


def _meant(rule: CompiledRule, state: MemberState) -> bool:
    """Whether the rule's campaign is for this membership."""
    match rule.eligibility:
        case Eligibility.ALL:
            return True
        case Eligibility.LABEL:
            return rule.label in state.labels
    return rule.campaign_id in state.campaigns


def _keys(rule: CompiledRule, working: Working) -> dict[CapScope, UseKey]:
    """Where the rule's uses are counted, by the scope of its caps."""
    caps = rule.definition.caps if rule.definition else ()
    if not caps:
        return NO_KEYS
    return {cap.scope: key_of(cap.scope, rule.rule_id, working.state, working.activity.local.date()) for cap in caps}


def key_of(scope: CapScope, rule_id: int, state: MemberState, day: date) -> UseKey:
    match scope:
        case CapScope.DAY:
            return UseKey(rule_id, state.membership_id, day)
        case CapScope.MEMBER:
            return UseKey(rule_id, state.membership_id, None)
    return UseKey(rule_id, None, None)


def _limits(rule: CompiledRule, working: Working) -> dict[str, int] | None:
    """The points it may still give, by what limits them; None: it is used up."""
    limits: dict[str, int] = {}
    keys = _keys(rule, working)
    for cap in rule.sound().caps:
        used = working.used(keys[cap.scope])
        if cap.times is not None and used.times >= cap.times:
            return None
        if cap.points is not None:
            limits[cap.scope] = cap.points - used.points
    if rule.campaign_id is not None and (left := working.budget_left(rule.campaign_id)) is not None:
        limits["budget"] = left
    return limits if all(left > 0 for left in limits.values()) else None


def carry_forward(
    decision: Decision, uses: MutableMapping[UseKey, Use], budgets: MutableMapping[int, int | None]
) -> None:
    """Count a decision, so that the next one of the same wave is judged with it."""
    for key, added in decision.uses.items():
        before = uses.get(key, NOT_USED)
        uses[key] = Use(before.times + added.times, before.points + added.points)
    for campaign_id, points in decision.spent.items():
        left = budgets.get(campaign_id)
        if left is not None:
            budgets[campaign_id] = left - points


def points_of(effects: Iterable[Effect]) -> dict[str, int]:
    """The signed sum by code of the point type."""
    found: dict[str, int] = {}
    for effect in effects:
        if effect.point_type is not None and effect.points is not None:
            found[effect.point_type] = found.get(effect.point_type, 0) + effect.points
    return found
