"""A program's tiers, attributes, labels and partners by id, as rules name them: kept with the design's version."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from activities.rules.facts import AttributeFact
from programs.attributes import default_of, definitions_of
from programs.design import Design
from programs.models import Label, Partner, Tier

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rung:
    """A tier by the codes that rules know it by."""

    group: str
    code: str
    rank: int


def rungs(design: Design) -> dict[int, Rung]:
    def load() -> dict[int, Rung]:
        tiers = Tier.objects.filter(group__program_id=design.program.pk).select_related("group")
        return {one.pk: Rung(one.group.code, one.code, one.rank) for one in tiers}

    return _kept(design, "rungs", load)


def lowest_rungs(design: Design) -> dict[str, Rung]:
    """By ladder: where a membership stands for whom no other standing is known."""

    def load() -> dict[str, Rung]:
        by_rank = sorted(rungs(design).values(), key=lambda one: -one.rank)
        return {one.group: one for one in by_rank}

    return _kept(design, "lowest_rungs", load)


def attribute_codes(design: Design) -> dict[int, str]:
    return _kept(design, "attribute_codes", lambda: {one.pk: code for code, one in definitions_of(design).items()})


def attribute_defaults(design: Design) -> dict[str, AttributeFact]:
    """The values of attributes that have a default, for memberships without a value of their own."""

    def load() -> dict[str, AttributeFact]:
        definitions = definitions_of(design)
        return {code: value for code, one in definitions.items() if (value := default_of(one)) is not None}

    return _kept(design, "attribute_defaults", load)


def label_codes(design: Design) -> dict[int, str]:
    def load() -> dict[int, str]:
        return dict(Label.objects.filter(program_id=design.program.pk).values_list("pk", "code"))

    return _kept(design, "label_codes", load)


def partner_codes(design: Design) -> dict[int, str]:
    def load() -> dict[int, str]:
        return dict(Partner.objects.filter(program_id=design.program.pk).values_list("pk", "code"))

    return _kept(design, "partner_codes", load)


def _kept(design: Design, name: str, load: Callable[[], T]) -> T:
    key = f"catalog/{name}"
    if key not in design.derived:
        design.derived[key] = load()
    found: T = design.derived[key]  # type: ignore[assignment]
    return found
