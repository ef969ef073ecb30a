"""Sentences about effects with names instead of codes, and conditions in words instead of expressions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from activities.rules.telling import Told
from activities.rules.vocabulary import Vocabulary
from activities.rules.words import words_of


def named(told: Told, words: Vocabulary) -> Told:
    """The same, for people: names where the program still has what is meant, its codes otherwise."""
    condition = words_of({"condition": told.condition}, words).condition if told.condition else ""
    return replace(told, because=_because(told, words), condition=condition)


def _because(told: Told, words: Vocabulary) -> Mapping[str, Any]:
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
