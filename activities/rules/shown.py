"""Effects as the API shows them (interfaces 3.1): just decided, or read from their rows."""

from collections.abc import Iterable
from typing import Any

from activities.models import RuleEffect
from activities.rules.deciding import Effect
from activities.rules.naming import named
from activities.rules.telling import Told, sentence, told_of, told_of_decided
from programs.design import Design, design_of


def effect_shape(effect: Effect, design: Design) -> dict[str, Any]:
    """The API's <effect> of what was just decided."""
    rule, code = effect.rule, effect.point_type
    told = told_of_decided(effect, unit=design.by_code[code].name if code else "")
    return _shape(rule.code, code, told, design)


def effects_of(activity_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """By activity its effects as they are stored, in their order; activities without any are left out."""
    rows = RuleEffect.objects.filter(activity__in=list(activity_ids)).order_by("activity_id", "position")
    found: dict[int, list[dict[str, Any]]] = {}
    for one in rows.select_related("rule_version__rule", "point_type"):
        found.setdefault(one.activity_id, []).append(stored_shape(one))
    return found


def stored_shape(row: RuleEffect) -> dict[str, Any]:
    """The same of one that was written; with `rule_version.rule` and `point_type` read."""
    code, version = row.point_type.code if row.point_type else None, row.rule_version
    return _shape(version.rule.code, code, told_of(row), design_of(row.program_id))


def _shape(rule: str, point_type: str | None, told: Told, design: Design) -> dict[str, Any]:
    posted = {} if point_type is None else {"point_type": point_type, "points": told.points}
    conditional = {"condition": told.condition} if told.condition else {}
    because = sentence(named(told, design))
    return {"rule": rule, "version": told.version, "action": told.action, **posted, "because": because, **conditional}
