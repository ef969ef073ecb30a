"""Effects as the API shows them (interfaces 3.1): just decided, or read from their rows."""

from collections.abc import Iterable
from typing import Any

from activities.models import RuleEffect
from activities.rules.deciding import Effect


def effect_shape(effect: Effect) -> dict[str, Any]:
    """The API's <effect> of what was just decided."""
    rule, code = effect.rule, effect.point_type
    told = _told(rule.name, rule.version, effect.points)
    return _shape(rule.code, rule.version, effect.action, code, effect.points, told)


def effects_of(activity_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """By activity its effects as they are stored, in their order; activities without any are left out."""
    rows = RuleEffect.objects.filter(activity__in=list(activity_ids)).order_by("activity_id", "position")
    found: dict[int, list[dict[str, Any]]] = {}
    for one in rows.select_related("rule_version__rule", "point_type"):
        code, version = one.point_type.code if one.point_type else None, one.rule_version
        told = _told(version.name, version.version, one.points)
        shape = _shape(version.rule.code, version.version, one.action, code, one.points, told)
        found.setdefault(one.activity_id, []).append(shape)
    return found


def _told(rule: str, version: int, points: int | None) -> str:
    return f"rule {rule} version {version}" + ("" if points is None else f" gave {points}")


def _shape(
    rule: str, version: int, action: str, point_type: str | None, points: int | None, because: str
) -> dict[str, Any]:
    posted = {} if point_type is None else {"point_type": point_type, "points": points}
    return {"rule": rule, "version": version, "action": action, **posted, "because": because}
