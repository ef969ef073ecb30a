"""What the rules of a program may name, by its code and in words: for forms, checks of names and sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Model

from activities.models import ActivityType, RewardItem, RewardKind
from programs.design import Design
from programs.models import (
    AttributeDefinition,
    AttributeType,
    Benefit,
    Label,
    NoticeTemplate,
    Partner,
    Tier,
)

Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ladder:
    """A tier group, its rungs from the lowest up; `ranks` by the code of the rung."""

    name: str
    tiers: Names
    ranks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    type: AttributeType
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Codes with their names, in the order in which they are offered; `rewards` are the vouchers among them."""

    currency: str
    activity_types: Names
    point_types: Names
    default_type: str | None = None
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    labels: Names = field(default_factory=dict)
    benefits: Names = field(default_factory=dict)
    rewards: Names = field(default_factory=dict)
    notices: Names = field(default_factory=dict)
    partners: Names = field(default_factory=dict)

    def point_name(self, code: str | None) -> str:
        """The default type's where none is named; the code where nothing has it."""
        asked = code or self.default_type
        return "" if asked is None else self.point_types.get(asked, asked)


def vocabulary_of(design: Design) -> Vocabulary:
    """Kept with the design's version."""
    found = design.derived.get("rule_vocabulary")
    if not isinstance(found, Vocabulary):
        found = _read(design)
        design.derived["rule_vocabulary"] = found
    return found


def _read(design: Design) -> Vocabulary:
    program = design.program
    types = sorted(design.point_types.values(), key=lambda one: (not one.is_default, one.name))
    return Vocabulary(
        currency=program.currency,
        activity_types=_names(ActivityType, program.pk),
        point_types={one.code: one.name for one in types},
        default_type=design.default.code if design.default else None,
        ladders=_ladders(program.pk),
        attributes={
            one.code: Attribute(one.name, AttributeType(one.type), tuple(one.choices))
            for one in AttributeDefinition.objects.filter(program=program.pk).order_by("name")
        },
        labels=_names(Label, program.pk),
        benefits=_names(Benefit, program.pk),
        rewards=_names(RewardItem, program.pk, kind=RewardKind.VOUCHER),
        notices=_notices(program.pk),
        partners=_names(Partner, program.pk),
    )


def _names(model: type[Model], program_id: int, **only: str) -> Names:
    rows = model._default_manager.filter(program_id=program_id, **only)
    return dict(rows.order_by("name", "code").values_list("code", "name"))


def _ladders(program_id: int) -> Mapping[str, Ladder]:
    found: dict[str, Ladder] = {}
    tiers = Tier.objects.filter(group__program=program_id).select_related("group")
    for tier in tiers.order_by("group__name", "group_id", "rank"):
        ladder = found.setdefault(tier.group.code, Ladder(tier.group.name, {}, {}))
        found[tier.group.code] = Ladder(
            ladder.name, {**ladder.tiers, tier.code: tier.name}, {**ladder.ranks, tier.code: tier.rank}
        )
    return found


def _notices(program_id: int) -> Names:
    """By the subject of the English text, where there is one."""
    texts = NoticeTemplate.objects.filter(program=program_id, is_active=True).order_by("code", "language")
    found: dict[str, str] = {}
    for text in texts:
        if text.code not in found or text.language == "en":
            found[text.code] = text.subject
    return found
