"""Sentences about effects with names instead of codes, and conditions in words instead of expressions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import get_language

from activities.rules.telling import FIGURES, Told
from activities.rules.vocabulary import Vocabulary, vocabulary_of
from activities.rules.words import words_of
from programs.design import Design

NAMED = frozenset({"label", "benefit", "reward", "notice", "attribute", "tier"})


def named(told: Told, design: Design) -> Told:
    """The same, for people: names where the program still has what is meant, its codes otherwise."""
    condition = "" if told.because.keys() & FIGURES else condition_told(told.condition, design)
    return replace(told, because=_because(told, vocabulary_of(design)), condition=condition)


def condition_told(expression: str, design: Design) -> str:
    """A condition in words, in the language of the moment; one that was written by hand as it stands. Kept with the
    design, as a till is told it with every sale."""
    if not expression:
        return ""
    kept: Any = design.derived.setdefault("conditions_told", {})
    asked = (get_language(), expression)
    if asked not in kept:
        kept[asked] = words_of({"condition": expression}, vocabulary_of(design)).condition
    told: str = kept[asked]
    return told


def _because(told: Told, words: Vocabulary) -> Mapping[str, Any]:
    if not told.because.keys() & NAMED:
        return told.because
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
