"""What a rule says: for which activities, on which condition, what follows, how often (domain 1.11).

{"activity_types": ["purchase"],
 "condition": "activity.amount >= 50 && activity.weekday in [6, 7]",
 "actions": [{"do": "credit", "per": "1.00", "points": 2}],
 "caps": [{"scope": "day", "points": 500}]}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from activities.models import CapScope
from activities.rules.actions import BUILT_IN, Action
from activities.rules.expressions import Compiled
from activities.rules.language.checking import Path
from activities.rules.names import Names, names_of
from activities.rules.own import Own, read_action
from activities.rules.reader import Fields, Mistakes, elements
from programs.design import Design

ACTIONS: dict[str, type[Action]] = {**BUILT_IN, Own.do: Own}
MOST_TYPES = 20
MOST_ACTIONS = 10
MOST_OF_CAP = 10**15


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so often, and so many points in all, over its scope."""

    scope: CapScope
    times: int | None
    points: int | None


@dataclass(frozen=True)
class Definition:
    """`condition` None: always."""

    activity_types: frozenset[str]
    condition: Compiled | None
    actions: tuple[Action, ...]
    caps: tuple[Cap, ...]

    @cached_property
    def reads(self) -> frozenset[Path]:
        """The paths its expressions ask for."""
        return frozenset().union(*(one.reads for one in self.computed))

    @cached_property
    def computed(self) -> tuple[Compiled, ...]:
        found = [one for action in self.actions for one in action.expressions().values()]
        return (*found, self.condition) if self.condition is not None else tuple(found)

    @cached_property
    def counts_home_money(self) -> bool:
        """Whether it counts amounts without asking in which currency: those of the program's are meant."""
        if ("activity", "currency") in self.reads:
            return False
        of_items = any(("activity", "items") in one.reads and ".amount" in one.source for one in self.computed)
        return of_items or ("activity", "amount") in self.reads or any(one.counts_money for one in self.actions)


def read_definition(raw: Any, *, design: Design) -> Definition:
    """Raises RuleRefused with every mistake in it."""
    return read_with_names(raw, names_of(design))


def read_with_names(raw: Any, names: Names) -> Definition:
    mistakes = Mistakes()
    fields = Fields(raw, "", names, mistakes)
    types = _types(fields, names, mistakes)
    condition = _condition(fields)
    actions = [
        read_action(one, f"/actions/{index}", names, mistakes, ACTIONS)
        for index, one in enumerate(elements(fields.raw("actions"), "/actions", mistakes, least=1, most=MOST_ACTIONS))
    ]
    caps = _caps(fields, names, mistakes)
    fields.end()
    mistakes.refuse()
    return Definition(types, condition, tuple(one for one in actions if one is not None), caps)


def _types(fields: Fields, names: Names, mistakes: Mistakes) -> frozenset[str]:
    given = elements(fields.raw("activity_types"), "/activity_types", mistakes, least=1, most=MOST_TYPES)
    offered = ", ".join(sorted(names.activity_types))
    for index, code in enumerate(given):
        if not isinstance(code, str) or code not in names.activity_types:
            detail = f"There is no activity type “{str(code)[:40]}”; there are: {offered}."
            mistakes.add(f"/activity_types/{index}", "unknown_code", detail)
    return frozenset(code for code in given if isinstance(code, str))


def _condition(fields: Fields) -> Compiled | None:
    text = fields.raw("condition")
    if text is None or isinstance(text, str) and not text.strip():
        return None
    return fields.expression("condition", "bool")


def _caps(fields: Fields, names: Names, mistakes: Mistakes) -> tuple[Cap, ...]:
    given = fields.raw("caps")
    found: list[Cap] = []
    for index, raw in enumerate([] if given is None else elements(given, "/caps", mistakes, least=0, most=3)):
        cap = _cap(Fields(raw, f"/caps/{index}", names, mistakes))
        if cap is not None and cap.scope in {one.scope for one in found}:
            mistakes.add(f"/caps/{index}/scope", "twice", f"There is a cap by {cap.scope} already.")
        elif cap is not None:
            found.append(cap)
    return tuple(found)


def _cap(fields: Fields) -> Cap | None:
    scope = fields.code("scope", CapScope.values, "scope")
    times, points = fields.integer("times", 1, MOST_OF_CAP), fields.integer("points", 1, MOST_OF_CAP)
    if not fields.has("times") and not fields.has("points"):
        fields.wrong("", "required", "A cap limits times, points, or both.")
    fields.end()
    return Cap(CapScope(scope), times, points) if scope else None


def computed(definition: Definition) -> Mapping[str, Compiled]:
    """Every expression of it by its pointer, for pages that show them."""
    found = {} if definition.condition is None else {"/condition": definition.condition}
    for index, action in enumerate(definition.actions):
        found |= {f"/actions/{index}/{name}": one for name, one in action.expressions().items()}
    return found
