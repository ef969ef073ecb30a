"""The values of the names that expressions use, for one activity of one membership."""

import calendar
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from activities.rules.facts import ActivityFacts, AttributeFact, MemberState
from activities.rules.language.checking import Path, variable
from activities.rules.language.kinds import FLAG, NUMBER, TEXT

# Of an attribute without a value; `has(attributes.x)` tells it from one that has this value.
WITHOUT_VALUE: Mapping[str, Any] = {NUMBER.name: 0.0, TEXT.name: "", FLAG.name: False}
WITHOUT_TIER = -1.0


def variables(paths: Iterable[Path], state: MemberState, activity: ActivityFacts) -> dict[str, Any]:
    return {variable(path): ROOTS[path[0]](path, state, activity) for path in paths}


def plain(value: AttributeFact) -> Any:
    """An attribute's value as expressions see it."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def _of_activity(path: Path, state: MemberState, activity: ActivityFacts) -> Any:
    return ACTIVITY[path[1]](activity)


def _of_member(path: Path, state: MemberState, activity: ActivityFacts) -> Any:
    return MEMBER[path[1]](state, activity)


def _attribute(path: Path, state: MemberState, activity: ActivityFacts) -> Any:
    value = state.attributes.get(path[1])
    return WITHOUT_VALUE[path[2]] if value is None else plain(value)


ROOTS: dict[str, Callable[[Path, MemberState, ActivityFacts], Any]] = {
    "activity": _of_activity,
    "member": _of_member,
    "attributes": _attribute,
    "given": lambda path, state, _: path[1] in state.attributes,
    "tier": lambda path, state, _: state.tiers.get(path[1], ""),
    "rank": lambda path, state, _: float(state.ranks.get(path[1], WITHOUT_TIER)),
    "points": lambda path, state, _: float(state.points.get(path[1], 0)),
    "labels": lambda path, state, _: sorted(state.labels),
}


def _carried(activity: ActivityFacts) -> dict[str, Any]:
    return {
        name: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in activity.attributes.items()
        if value is not None
    }


def _items(activity: ActivityFacts) -> list[dict[str, Any]]:
    return [
        {"sku": one.sku, "category": one.category, "quantity": float(one.quantity), "amount": float(one.amount)}
        for one in activity.items
    ]


ACTIVITY: dict[str, Callable[[ActivityFacts], Any]] = {
    "type": lambda activity: activity.type,
    "points": lambda activity: float(activity.points or 0),
    "amount": lambda activity: float(activity.amount or 0),
    "currency": lambda activity: activity.currency,
    "channel": lambda activity: activity.channel,
    "partner": lambda activity: activity.partner,
    "location": lambda activity: activity.location,
    "attributes": _carried,
    "items": _items,
    "date": lambda activity: activity.local.date().isoformat(),
    "month": lambda activity: float(activity.local.month),
    "day": lambda activity: float(activity.local.day),
    "weekday": lambda activity: float(activity.local.isoweekday()),
    "hour": lambda activity: float(activity.local.hour),
}


def _enrolled(state: MemberState, activity: ActivityFacts) -> date:
    """The local day of enrolment; of an event before it, the event's day."""
    return min(state.enrolled_at.astimezone(activity.local.tzinfo).date(), activity.local.date())


def _days(state: MemberState, activity: ActivityFacts) -> float:
    return float((activity.local.date() - _enrolled(state, activity)).days)


def _months(state: MemberState, activity: ActivityFacts) -> float:
    since, day = _enrolled(state, activity), activity.local.date()
    return float((day.year - since.year) * 12 + day.month - since.month - (day.day < since.day))


def _birthday(state: MemberState, activity: ActivityFacts) -> bool:
    """Who is born on 29 February has the 28th in other years."""
    month, born, year = state.birth_month, state.birth_day, activity.local.year
    if (month, born) == (2, 29) and not calendar.isleap(year):
        born = 28
    return (activity.local.month, activity.local.day) == (month, born)


MEMBER: dict[str, Callable[[MemberState, ActivityFacts], Any]] = {
    "type": lambda state, _: state.type,
    "is_main": lambda state, _: state.is_main,
    "days_enrolled": _days,
    "months_enrolled": _months,
    "birth_month": lambda state, _: float(state.birth_month),
    "birth_day": lambda state, _: float(state.birth_day),
    "birthday_today": _birthday,
    "language": lambda state, _: state.language,
}
