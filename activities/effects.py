"""What rules did and why, as sentences: for an activity, a posting, the lines of a statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from activities.models import RuleEffect
from activities.rules.telling import Told, sentence, told_of, why
from activities.rules.vocabulary import Vocabulary, vocabulary_of
from activities.rules.words import words_of
from points.models import Posting
from programs.design import design_of


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
    return [_line(one, vocabulary_of(design_of(one.program_id))) for one in effects]


def effects_of_activity(activity_id: int) -> list[EffectLine]:
    found = RuleEffect.objects.filter(activity=activity_id).select_related("rule_version", "point_type")
    return effect_lines(found.order_by("position"))


def effects_of_postings(posting_ids: Iterable[int]) -> dict[int, list[EffectLine]]:
    """By posting what rules did by it; they are found through the activities that caused the postings."""
    ids = set(posting_ids)
    causes = Posting.objects.filter(pk__in=ids, cause_kind="activity").values("cause_id")
    rows = RuleEffect.objects.filter(activity__in=causes, posting__in=ids).select_related("rule_version", "point_type")
    found: dict[int, list[EffectLine]] = {}
    for line in effect_lines(rows.order_by("activity", "position")):
        found.setdefault(line.effect.posting_id or 0, []).append(line)
    return found


def _line(effect: RuleEffect, words: Vocabulary) -> EffectLine:
    version = effect.rule_version
    told = told_of(effect)
    told = replace(told, because=_named(told, words))
    if told.condition:
        told = replace(told, condition=words_of(version.definition, words).condition)
    return EffectLine(effect, version.rule_id, version.name, version.version, sentence(told), why(told))


def _named(told: Told, words: Vocabulary) -> Mapping[str, Any]:
    """The figures with the names of what they speak of, where the program still has them."""
    ladder = words.ladders.get(str(told.because.get("group")))
    attributes = {code: one.name for code, one in words.attributes.items()}
    names: dict[str, Mapping[str, str]] = {
        "label": words.labels,
        "benefit": words.benefits,
        "reward": words.rewards,
        "notice": words.notices,
        "attribute": attributes,
        "tier": ladder.tiers if ladder else {},
    }
    if told.action == "change_tier":
        names["former"] = names["tier"]
    return {key: names.get(key, {}).get(str(value), value) for key, value in told.because.items()}
