"""The codes of a program that a rule may name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from activities.models import ActivityType, RewardItem
from programs.design import Design
from programs.models import AttributeDefinition, Benefit, Label, NoticeTemplate, Tier


@dataclass(frozen=True, slots=True)
class AttributeName:
    type: str
    choices: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Names:
    """`tiers` are the ranks of tiers by group; `rewards` those that are vouchers."""

    activity_types: frozenset[str] = frozenset()
    point_types: frozenset[str] = frozenset()
    default_point_type: str | None = None
    attributes: Mapping[str, AttributeName] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()
    tiers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    benefits: frozenset[str] = frozenset()
    rewards: frozenset[str] = frozenset()
    notices: frozenset[str] = frozenset()


def names_of(design: Design) -> Names:
    """Read once for each version of the design."""
    found = design.derived.get("rule_names")
    if not isinstance(found, Names):
        found = design.derived["rule_names"] = _read(design)
    return found


def _read(design: Design) -> Names:
    def codes(model: type[ActivityType | Benefit | Label | NoticeTemplate | RewardItem]) -> frozenset[str]:
        return frozenset(model.objects.filter(program=design.program).values_list("code", flat=True))

    tiers: dict[str, dict[str, int]] = {}
    rungs = Tier.objects.filter(group__program=design.program)
    for group, code, rank in rungs.values_list("group__code", "code", "rank"):
        tiers.setdefault(group, {})[code] = rank
    definitions = AttributeDefinition.objects.filter(program=design.program)
    return Names(
        activity_types=codes(ActivityType),
        point_types=frozenset(design.by_code),
        default_point_type=design.default.code if design.default else None,
        attributes={one.code: AttributeName(one.type, frozenset(map(str, one.choices))) for one in definitions},
        labels=codes(Label),
        tiers=tiers,
        benefits=codes(Benefit),
        rewards=frozenset(
            RewardItem.objects.filter(program=design.program, kind="voucher").values_list("code", flat=True)
        ),
        notices=codes(NoticeTemplate),
    )
