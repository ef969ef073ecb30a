"""Whose turn it is in a pool: where a rule takes points or looks at a balance, its members wait in one line.

What one member's activity leaves in the pool is what the next one's is judged by, so they go in order of their events,
as they did at the till. A type of activity waits that any version of a rule asks points for; others pass it by only
before it, as credits alone come to the same in any order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from activities.models import MemberActivity
from activities.rules.compiled import needs, timeline_of
from activities.types import activity_types
from memberships.models import Membership
from programs.design import Design

# The earliest of each member, then the earliest of them: a step of the queue's index for each.
FIRST = """
SELECT e.membership_id, e.occurred_at, e.id FROM memberships_membership m CROSS JOIN LATERAL (
    SELECT v.membership_id, v.occurred_at, v.id FROM activities_memberactivity v
    WHERE v.program_id = %(program)s AND v.membership_id = m.id AND v.status = 'received'{which}
    ORDER BY v.occurred_at, v.id LIMIT 1) e
WHERE m.pool_id = p.id ORDER BY e.occurred_at, e.id LIMIT 1
"""
HEADS = f"""
SELECT p.id, head.membership_id, head.occurred_at, head.id, stop.occurred_at, stop.id
FROM unnest(%(pools)s::bigint[]) AS p(id)
CROSS JOIN LATERAL ({FIRST.format(which="")}) head
LEFT JOIN LATERAL ({FIRST.format(which=" AND v.type_id = ANY(%(types)s)")}) stop ON true
"""  # noqa: S608 - SQL of our own
Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Line:
    """`head` is the first that waits, of the membership; `stop` the first whose rules ask for points."""

    membership_id: int
    head: Place
    stop: Place | None


def types_in_line(design: Design) -> list[int]:
    """Ids of the activity types that some version of a rule takes points for, or looks at a balance."""
    found = design.derived.get("types_in_line")
    if not isinstance(found, list):
        looking = [rule for rule in timeline_of(design).every() if needs((rule,)).points]
        codes = {code for rule in looking for code in rule.activity_types}
        types = activity_types(design)
        found = design.derived["types_in_line"] = sorted(types[code].pk for code in codes if code in types)
    return found


def lines_of(pools: Iterable[int], *, design: Design) -> dict[int, Line]:
    """By pool what waits in it; pools in which nothing does are left out."""
    asked: dict[str, Any] = {"pools": sorted(set(pools)), "program": design.program.pk, "types": types_in_line(design)}
    with connection.cursor() as cursor:
        cursor.execute(HEADS, asked)
        return {
            pool: Line(membership_id, (at, pk), None if stop_at is None else (stop_at, stop_pk))
            for pool, membership_id, at, pk, stop_at, stop_pk in cursor.fetchall()
        }


def in_turn(
    wave: Sequence[MemberActivity], memberships: Mapping[int, Membership], *, design: Design
) -> tuple[list[MemberActivity], set[int]]:
    """Those whose turn it is, and the pools in which others have to wait."""
    pools = {one.pk: one.pool_id for one in memberships.values() if one.pool_id is not None}
    types = frozenset(types_in_line(design)) if pools else frozenset()
    if not types:
        return list(wave), set()
    lines = lines_of(pools.values(), design=design)
    turn: list[MemberActivity] = []
    waiting: set[int] = set()
    for one in wave:
        pool = pools.get(one.membership_id)
        if pool is None or _may_go((one.occurred_at, one.pk), lines.get(pool), asks=one.type_id in types):
            turn.append(one)
        else:
            waiting.add(pool)
    return turn, waiting


def _may_go(place: Place, line: Line | None, *, asks: bool) -> bool:
    if line is None or place == line.head:
        return True
    return not asks and (line.stop is None or place < line.stop)
