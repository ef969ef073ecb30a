"""Actions of one's own: a function registered by name, that answers which effects an activity has (docs/rules.md).

It speaks the language of definitions: it answers actions as they stand in one, `[{"do": "credit", "points": 50}]`,
which are read, bounded and capped like any other.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.conf import settings

from activities.rules.actions import BUILT_IN
from activities.rules.actions.base import Action, Plain
from activities.rules.errors import RuleFailed, RuleRefused
from activities.rules.facts import ActivityFacts, MemberState
from activities.rules.names import Names
from activities.rules.reader import Fields, Mistakes
from activities.rules.working import Turn

OwnFunction = Callable[[ActivityFacts, MemberState, Mapping[str, Any]], Sequence[Mapping[str, Any]]]
PARAMETER_KINDS: dict[type, str] = {int: "a whole number", Decimal: "a number", str: "a text", bool: "true or false"}
LARGEST = 10**15


@dataclass(frozen=True, slots=True)
class Registered:
    function: OwnFunction
    parameters: Mapping[str, type]
    points_read: frozenset[str]


_registered: dict[str, Registered] = {}
_loaded: set[str] = set()


def own_action(
    name: str, *, parameters: Mapping[str, type] | None = None, points_read: Sequence[str] = ()
) -> Callable[[OwnFunction], OwnFunction]:
    """Register a function under a name; `parameters` are int, Decimal, str or bool, each one required.

    `points_read` are codes of the point types whose balance it looks at in `state.points`.
    """
    wanted = dict(parameters or {})
    if unknown := [kind for kind in wanted.values() if kind not in PARAMETER_KINDS]:
        raise TypeError(f"An own action's parameters are int, Decimal, str or bool, not {unknown[0].__name__}.")

    def register(function: OwnFunction) -> OwnFunction:
        former = _registered.get(name)
        if former is not None and former.function.__module__ != function.__module__:
            raise ValueError(f"Another module has registered the own action “{name}”.")
        _registered[name] = Registered(function, wanted, frozenset(points_read))
        return function

    return register


def own_actions() -> Mapping[str, Registered]:
    """Those of the modules that the setting LOYALTY_OWN_ACTIONS names."""
    for module in getattr(settings, "LOYALTY_OWN_ACTIONS", ()):
        if module not in _loaded:
            importlib.import_module(module)
            _loaded.add(module)
    return _registered


@dataclass(frozen=True)
class Own(Plain):
    do: ClassVar[str] = "own"
    labels_read: ClassVar[bool] = True
    attributes_read: ClassVar[bool] = True
    tiers_read: ClassVar[bool] = True
    name: str
    parameters: Mapping[str, Any]
    names: Names

    @property
    def points_read(self) -> frozenset[str]:  # type: ignore[override]
        registered = own_actions().get(self.name)
        return registered.points_read if registered else frozenset()

    @classmethod
    def read(cls, fields: Fields) -> Self:
        name = fields.code("name", own_actions(), "own action") or ""
        given = Fields(fields.raw("parameters") or {}, f"{fields.pointer}/parameters", fields.names, fields.mistakes)
        wanted = own_actions()[name].parameters if name else {}
        parameters = {one: _parameter(given, one, kind) for one, kind in wanted.items()}
        if name:
            given.end()
        return cls(name, parameters, fields.names)

    def act(self, turn: Turn) -> None:
        registered = own_actions().get(self.name)
        if registered is None:
            raise RuleFailed("unknown_own_action", f"There is no own action “{self.name}” any more.")
        turn.own = self.name
        for raw in self._answer(registered, turn):
            self._read(raw).act(turn)
        turn.own = ""

    def _answer(self, registered: Registered, turn: Turn) -> Sequence[Mapping[str, Any]]:
        try:
            return list(registered.function(turn.working.activity, turn.working.state, self.parameters))
        except RuleFailed:
            raise
        # Whatever another's code raises stops one activity, not the wave it is in.
        except Exception as error:  # noqa: BLE001
            detail = f"The own action “{self.name}” failed: {type(error).__name__}: {str(error)[:120]}"
            raise RuleFailed("own_action_failed", detail) from error

    def _read(self, raw: Mapping[str, Any]) -> Action:
        mistakes = Mistakes()
        action = read_action(raw, "", self.names, mistakes, BUILT_IN)
        try:
            mistakes.refuse()
        except RuleRefused as refused:
            detail = f"The own action “{self.name}” answered what is no action: {refused.message}"
            raise RuleFailed("own_action_wrong", detail) from None
        if action is None:
            raise RuleFailed("own_action_wrong", f"The own action “{self.name}” answered what is no action.")
        return action


def read_action(
    raw: Any, pointer: str, names: Names, mistakes: Mistakes, known: Mapping[str, type[Action]]
) -> Action | None:
    """One action out of JSON; None where its kind is not known."""
    fields = Fields(raw, pointer, names, mistakes)
    if not isinstance(raw, Mapping):
        return None
    do = fields.code("do", known, "action")
    if do is None:
        return None
    action = known[do].read(fields)
    fields.end()
    return action


def _parameter(given: Fields, name: str, kind: type) -> Any:
    if kind is int:
        return given.integer(name, -LARGEST, LARGEST, required=True)
    if kind is Decimal:
        return given.decimal(name, str(-LARGEST), str(LARGEST), places=4, required=True)
    value = given.raw(name, required=True)
    if value is not None and (not isinstance(value, kind) or isinstance(value, str) and len(value) > 200):
        given.wrong(name, "invalid", f"{PARAMETER_KINDS[kind]} is needed here.".capitalize())
    return value
