"""What each rule did, month by month: how often, for how many, which points and what they are worth.

Points are those the rule gave or took, whatever was returned since; months are those of the events, in the program's
zone. Counting reads every activity of a year, so the daily run keeps the figures of a grown program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from points.liability import bounds, this_month
from programs.design import Design, design_of
from programs.expiry import add_months
from programs.kept import figures_of
from programs.models import PointType, Program
from programs.money import value_of

NAME = "rules"
MONTHS = 12
DID = """
SELECT v.rule_id, to_char(a.occurred_at AT TIME ZONE %(zone)s, 'YYYY-MM'), e.point_type_id, count(*),
    count(DISTINCT a.membership_id), COALESCE(sum(e.points), 0)::bigint
FROM activities_memberactivity a
JOIN activities_ruleeffect e ON e.activity_id = a.id
JOIN activities_ruleversion v ON v.id = e.rule_version_id
WHERE a.program_id = %(program)s AND a.occurred_at >= %(since)s AND a.occurred_at < %(until)s
GROUP BY GROUPING SETS ((1, 2), (1, 2, 3)) HAVING GROUPING(e.point_type_id) = 1 OR e.point_type_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class RuleMonth:
    """`effects` of any kind, for so many `memberships`; `points` by type, signed."""

    month: date
    effects: int = 0
    memberships: int = 0
    points: Sequence[tuple[PointType, int]] = ()

    @property
    def worth(self) -> Decimal:
        """What the points are worth today, in the program's currency."""
        return sum((value_of(points, one.money_value) for one, points in self.points), Decimal(0))


@dataclass(frozen=True, slots=True)
class RuleMonths:
    """`months` from the oldest to the running one. `by_rule` holds rules that did something only."""

    months: Sequence[date]
    computed_at: datetime
    by_rule: Mapping[int, Mapping[date, RuleMonth]]

    def of(self, rule_id: int) -> list[RuleMonth]:
        """One for each month."""
        found = self.by_rule.get(rule_id, {})
        return [found.get(month) or RuleMonth(month) for month in self.months]


def months_of_rules(program: Program) -> RuleMonths:
    """Twelve months, the running one included. At most a day old where a program has grown."""
    design = design_of(program.pk)
    counted = figures_of(program, NAME, counts_of)
    return RuleMonths(_months(design), counted.at, _read(counted.figures, design))


def counts_of(program: Program) -> dict[str, Any]:
    """What the daily run keeps: by rule and month how often, for how many, and the points by type."""
    design = design_of(program.pk)
    months = _months(design)
    given: dict[str, Any] = {
        "program": program.pk,
        "zone": str(design.zone),
        "since": bounds(months[0], design)[0],
        "until": bounds(months[-1], design)[1],
    }
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        cursor.execute(DID, given)
        for rule, month, point_type, effects, memberships, points in cursor.fetchall():
            one = found.setdefault(str(rule), {}).setdefault(month, {"points": {}})
            if point_type is None:
                one |= {"effects": effects, "memberships": memberships}
            else:
                one["points"][str(point_type)] = points
    return found


def _months(design: Design) -> list[date]:
    last = this_month(design)
    return [add_months(last, 1 - MONTHS + n) for n in range(MONTHS)]


def _read(figures: Mapping[str, Any], design: Design) -> dict[int, dict[date, RuleMonth]]:
    return {
        int(rule): {one.month: one for one in (_month(text, read, design) for text, read in months.items())}
        for rule, months in figures.items()
    }


def _month(text: str, read: Mapping[str, Any], design: Design) -> RuleMonth:
    points = [(design.point_types[int(pk)], points) for pk, points in sorted(read["points"].items(), key=_by_id)]
    return RuleMonth(date.fromisoformat(f"{text}-01"), read["effects"], read["memberships"], points)


def _by_id(item: tuple[str, int]) -> int:
    return int(item[0])
