"""What a decision has come to so far, and what one rule does in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from activities.rules.errors import RuleFailed
from activities.rules.expressions import Compiled, context_of
from activities.rules.facts import NOT_USED, ActivityFacts, AttributeFact, MemberState, Use, UseKey
from activities.rules.language.checking import Path
from activities.rules.values import variables
from common.records import record
from programs.expiry import end_of_day

if TYPE_CHECKING:
    from activities.rules.compiled import CompiledRule

MOST_POINTS = 10**9
MOST_EFFECTS = 50


@record
class Effect:
    """One consequence for the membership. `because` holds figures and codes as JSON takes them, so that the effect
    can be told from its row alone; `expires_at` None: by the point type's own rule."""

    rule: "CompiledRule"
    position: int
    action: str
    because: Mapping[str, Any]
    point_type: str | None = None
    points: int | None = None
    expires_at: datetime | None = None
    group: str = ""
    tier: str = ""
    only_up: bool = True
    attribute: str = ""
    value: AttributeFact | None = None
    benefit: str = ""
    until: datetime | None = None
    label: str = ""
    reward: str = ""
    notice: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Working:
    """Rules read the facts as they were before the activity; what adds up (points credited for `multiply`, an
    attribute added to twice, points already taken) is kept here."""

    def __init__(self, state: MemberState, activity: ActivityFacts, *, reads: frozenset[Path], calls: bool) -> None:
        self.state = state
        self.activity = activity
        self.effects: list[Effect] = []
        self.credited: dict[str, int] = {}
        self.available: dict[str, int] = dict(state.points)
        self.attributes: dict[str, AttributeFact] = dict(state.attributes)
        self.labels: set[str] = set(state.labels)
        self.tiers: dict[str, str] = dict(state.tiers)
        self.ranks: dict[str, int] = dict(state.ranks)
        self.uses: dict[UseKey, Use] = {}
        self.spent: dict[int, int] = {}
        self._reads, self._calls = reads, calls

    @cached_property
    def context(self) -> Any:
        """Made when the first expression is computed: many rules have none."""
        return context_of(variables(self._reads, self.state, self.activity), calls=self._calls)

    def used(self, key: UseKey) -> Use:
        return self.state.uses.get(key, NOT_USED)

    def budget_left(self, campaign_id: int) -> int | None:
        left = self.state.budgets.get(campaign_id)
        return None if left is None else left - self.spent.get(campaign_id, 0)


@dataclass
class Turn:
    """One rule being applied. `limits` are the points it may still give, by what limits them."""

    working: Working
    rule: "CompiledRule"
    limits: dict[str, int]
    points: int = 0
    own: str = ""

    def compute(self, expression: Compiled) -> Any:
        return expression.run(self.working.context)

    def until(self, days: int | None) -> datetime | None:
        """The midnight that ends the last of so many days after the activity."""
        if days is None:
            return None
        local = self.working.activity.local
        return end_of_day(local.date() + timedelta(days=days), zone_of(self.working.activity))

    def add(self, action: str, because: Mapping[str, Any], **payload: Any) -> None:
        effects = self.working.effects
        if len(effects) >= MOST_EFFECTS:
            raise RuleFailed("too_many_effects", f"One activity has at most {MOST_EFFECTS} effects.")
        told = {**because, "own": self.own} if self.own else because
        effects.append(Effect(self.rule, len(effects) + 1, action, told, **payload))

    def credit(
        self,
        action: str,
        points: int,
        because: Mapping[str, Any],
        *,
        point_type: str,
        expires_at: datetime | None = None,
    ) -> None:
        """Give the points, or what caps and budget leave of them."""
        if not 0 <= points <= MOST_POINTS:
            what = "a negative number of" if points < 0 else f"{points:,}"
            raise RuleFailed("nonsense_points", f"It gives {what} points; 0 to {MOST_POINTS:,} are taken.")
        given, cut = self._within(points)
        if given == 0:
            return
        self.points += given
        self.working.credited[point_type] = self.working.credited.get(point_type, 0) + given
        if self.rule.campaign_id is not None:
            self.working.spent[self.rule.campaign_id] = self.working.spent.get(self.rule.campaign_id, 0) + given
        told = {**because, **cut} if cut else because
        self.add(action, told, point_type=point_type, points=given, expires_at=expires_at)

    def _within(self, points: int) -> tuple[int, dict[str, Any]]:
        if not self.limits:
            return points, {}
        name, most = min(self.limits.items(), key=lambda limit: limit[1])
        left = max(0, most - self.points)
        return (points, {}) if points <= left else (left, {"asked": points, "limit": name, "left": left})

    def debit(self, points: int, because: Mapping[str, Any], *, point_type: str, all_there_is: bool) -> None:
        if not 0 <= points <= MOST_POINTS:
            what = "a negative number of" if points < 0 else f"{points:,}"
            raise RuleFailed("nonsense_points", f"It takes {what} points; 0 to {MOST_POINTS:,} can be taken.")
        available = max(0, self.working.available.get(point_type, 0))
        taken = points if points <= available else available if all_there_is else 0
        if taken == 0:
            return
        self.working.available[point_type] = available - taken
        short = {"asked": points, "left": available} if taken < points else {}
        self.add("debit", {**because, **short}, point_type=point_type, points=-taken)

    def set_attribute(
        self, action: str, code: str, value: AttributeFact, because: Mapping[str, Any], *, is_free: bool = False
    ) -> None:
        """`is_free`: a text without fixed choices may be personal, and effects are never erased: it is not told."""
        former = self.working.attributes.get(code)
        if former == value and type(former) is type(value):
            return
        self.working.attributes[code] = value
        values = {} if is_free else {"value": as_json(value), "former": as_json(former)}
        self.add(action, {**because, "attribute": code, **values}, attribute=code, value=value)


def as_json(value: AttributeFact | None) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else value


def zone_of(activity: ActivityFacts) -> ZoneInfo:
    zone = activity.local.tzinfo
    if not isinstance(zone, ZoneInfo):
        raise TypeError("ActivityFacts.local is a time in the program's zone.")
    return zone
