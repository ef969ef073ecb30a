"""What rules did and why, as sentences: for an activity, a posting, the lines of a statement."""

from collections.abc import Iterable
from dataclasses import dataclass

from activities.models import RuleEffect
from activities.rules.naming import named
from activities.rules.telling import sentence, told_of, why
from points.models import Posting
from programs.design import Design, design_of


@dataclass(frozen=True, slots=True)
class EffectLine:
    """`said`: "Double points, version 3, gave 50 Miles because ..."; `why` is what follows the "because"."""

    effect: RuleEffect
    rule_id: int
    rule: str
    version: int
    said: str
    why: str

    @property
    def points(self) -> int | None:
        return self.effect.points


def effect_lines(effects: Iterable[RuleEffect]) -> list[EffectLine]:
    """In the order given, each with `rule_version` and `point_type` read; names instead of codes."""
    return [_line(one, design_of(one.program_id)) for one in effects]


def effects_of_activity(activity_id: int) -> list[EffectLine]:
    found = RuleEffect.objects.filter(activity=activity_id).select_related("rule_version", "point_type")
    return effect_lines(found.order_by("position"))


def effects_of_activities(activity_ids: Iterable[int]) -> dict[int, list[EffectLine]]:
    """By activity, in their order; one without any is left out."""
    rows = RuleEffect.objects.filter(activity__in=list(activity_ids)).order_by("activity", "position")
    found: dict[int, list[EffectLine]] = {}
    for line in effect_lines(rows.select_related("rule_version", "point_type")):
        found.setdefault(line.effect.activity_id, []).append(line)
    return found


def effects_of_postings(posting_ids: Iterable[int]) -> dict[int, list[EffectLine]]:
    """By posting what rules did by it; they are found through the activities that caused the postings."""
    ids = set(posting_ids)
    causes = Posting.objects.filter(pk__in=ids, cause_kind="activity").values("cause_id")
    rows = RuleEffect.objects.filter(activity__in=causes, posting__in=ids).select_related("rule_version", "point_type")
    found: dict[int, list[EffectLine]] = {}
    for line in effect_lines(rows.order_by("activity", "position")):
        found.setdefault(line.effect.posting_id or 0, []).append(line)
    return found


def _line(effect: RuleEffect, design: Design) -> EffectLine:
    version = effect.rule_version
    told = named(told_of(effect), design)
    return EffectLine(effect, version.rule_id, version.name, version.version, sentence(told), why(told))
