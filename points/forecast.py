"""When the points that members have now will end, if nothing is spent meanwhile (domain 1.13).

Points of types that end without activity are told apart: they end then only if nothing happens. Held points do not
expire and are shown beside; pending ones are counted and named. What ends at a midnight belongs to the day before,
the last on which it can be spent. Points of ended memberships may go earlier, when their rest is over.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from common import clock
from points import forecast_sql as sql
from points.liability import in_order, query
from programs.design import Design, design_of
from programs.expiry import add_months, inactivity_ends_at, start_of_day
from programs.models import ExpiryPolicy, PointType, Program
from programs.money import value_of

NEXT_DAYS = 90
MONTHS = 24
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Ending:
    """Points by a date, points that end so only without activity, points held; `pending` is part of the first two."""

    dated: int = 0
    if_inactive: int = 0
    held: int = 0
    pending: int = 0

    @property
    def points(self) -> int:
        return self.dated + self.if_inactive

    def __add__(self, other: "Ending") -> "Ending":
        return Ending(
            self.dated + other.dated,
            self.if_inactive + other.if_inactive,
            self.held + other.held,
            self.pending + other.pending,
        )

    def __bool__(self) -> bool:
        return self != Ending()


@dataclass(frozen=True, slots=True)
class TypeForecast:
    """`overdue` waits for the run, `never` has no end; together with every day they are all points left."""

    point_type: PointType
    today: date
    by_day: dict[date, Ending] = field(default_factory=dict)
    overdue: Ending = Ending()
    never: Ending = Ending()
    balance: int = 0
    debt: int = 0

    def between(self, first: date, before: date | None) -> Ending:
        """What ends on these days, half-open; without `before` all days from `first` on."""
        chosen = (end for day, end in self.by_day.items() if day >= first and (before is None or day < before))
        return _sum(chosen)

    def months(self) -> list[tuple[date, Ending]]:
        """This month, what is left of it, and those after it; each by its first day."""
        first = self.today.replace(day=1)
        starts = [add_months(first, n) for n in range(MONTHS)]
        return [(start, self.between(max(start, self.today), add_months(start, 1))) for start in starts]

    def later(self) -> Ending:
        return self.between(add_months(self.today.replace(day=1), MONTHS), None)

    def weeks(self) -> list[tuple[date, date, Ending]]:
        """(first day, last day, what ends): seven days each from today on, the last one shorter."""
        end = self.today + timedelta(days=NEXT_DAYS)
        starts = [self.today + timedelta(days=n) for n in range(0, NEXT_DAYS, 7)]
        befores = [min(start + timedelta(days=7), end) for start in starts]
        return [
            (start, before - timedelta(days=1), self.between(start, before))
            for start, before in zip(starts, befores, strict=True)
        ]

    def next_days(self) -> Ending:
        return self.between(self.today, self.today + timedelta(days=NEXT_DAYS))

    def left(self) -> Ending:
        """All there is: its points and those held make up balance and debt together."""
        return _sum([*self.by_day.values(), self.overdue, self.never])

    def value(self, points: int) -> Decimal:
        return value_of(points, self.point_type.money_value)


@dataclass(frozen=True, slots=True)
class Forecast:
    design: Design
    computed_at: datetime
    types: tuple[TypeForecast, ...]


def forecast(design: Design) -> Forecast:
    """Every point type of the program as of now."""
    now = clock.program_now(design.program)
    inactive = [one.pk for one in design.point_types.values() if one.expiry_policy == ExpiryPolicy.INACTIVITY]
    given = {"program": design.program.pk, "now": now, "zone": design.zone.key, "inactive": inactive}
    found: dict[int, _Found] = {pk: _Found() for pk in design.point_types}
    for type_id, day, over, points, held, pending in query(sql.DATED, given):
        found[type_id].add(day, Ending(dated=points, held=held, pending=pending), over=over)
    for type_id, since, exempt_until, points, held, pending in query(sql.UNDATED, given):
        if since is None:
            found[type_id].never += Ending(dated=points, held=held, pending=pending)
            continue
        end = _ends(design, type_id, since, exempt_until)
        day = (end - INSTANT).astimezone(design.zone).date()
        found[type_id].add(day, Ending(if_inactive=points, held=held, pending=pending), over=end <= now)
    owed = {type_id: figures for type_id, *figures in query(sql.OWED, given)}
    today = now.astimezone(design.zone).date()
    types = tuple(_shown(one, today, found[one.pk], *owed.get(one.pk, (0, 0))) for one in in_order(design))
    return Forecast(design, now, types)


@dataclass(slots=True)
class _Found:
    by_day: dict[date, Ending] = field(default_factory=dict)
    overdue: Ending = Ending()
    never: Ending = Ending()

    def add(self, day: date, ending: Ending, *, over: bool) -> None:
        if over:
            self.overdue += ending
        else:
            self.by_day[day] = self.by_day.get(day, Ending()) + ending


def _shown(point_type: PointType, today: date, found: _Found, balance: int, debt: int) -> TypeForecast:
    return TypeForecast(point_type, today, found.by_day, found.overdue, found.never, balance, debt)


def _ends(design: Design, type_id: int, since: date, exempt_until: datetime | None) -> datetime:
    active = start_of_day(since, design.zone)
    end = inactivity_ends_at(design.point_types[type_id], last_activity=active, zone=design.zone)
    return max(end, exempt_until) if exempt_until else end


def _sum(endings: Iterable[Ending]) -> Ending:
    total = Ending()
    for one in endings:
        total += one
    return total


def next_days_of(program: Program) -> dict[str, int]:
    """Points per type, by its code, that end in the next 90 days."""
    found = forecast(design_of(program.pk))
    return {one.point_type.code: one.next_days().points for one in found.types}
