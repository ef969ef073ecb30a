"""The entries behind a figure of the liability report, in the order they were recorded, by keyset.

Kept figures tell on which days there are such entries, so a page reads only as many days as it needs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from common import clock
from points import liability_sql as sql
from points.keeping import kept_days
from points.liability import bounds, query
from points.liability_lines import LineKind
from programs.design import Design
from programs.expiry import end_of_day, start_of_day
from programs.models import PointType

Position = tuple[datetime, int]
BEGINNING: Position = (datetime(1970, 1, 1, tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    id: int
    amount: int
    balance_after: int
    set_id: int
    pooled: bool
    posting_id: int
    kind: str
    reversed_kind: str | None
    reverses: int | None
    occurred_at: datetime
    recorded_at: datetime
    reason_code: str

    @property
    def position(self) -> Position:
        return self.recorded_at, self.id


@dataclass(frozen=True, slots=True)
class EntryPage:
    """`following` continues it; None at the end."""

    entries: tuple[LedgerEntry, ...]
    following: Position | None


def entries_of(
    design: Design,
    *,
    month: date,
    point_type: PointType,
    line: LineKind,
    after: Position = BEGINNING,
    page_size: int = 50,
) -> EntryPage:
    """Entries of one line of one point type recorded in the month, those after a position."""
    given = {
        "program": design.program.pk,
        "type": point_type.pk,
        "kinds": list(line.kinds),
        "reversed": list(line.reversed),
        "at": after[0],
        "after": after[1],
    }
    found: list[LedgerEntry] = []
    for since, until in _periods(design, month=month, given=given, wanted=page_size + 1):
        period = {"since": max(since, after[0]), "until": until, "limit": page_size + 1 - len(found)}
        found += [LedgerEntry(*row) for row in _rows(given | period)]
        if len(found) > page_size:
            break
    page = tuple(found[:page_size])
    return EntryPage(page, page[-1].position if len(found) > page_size else None)


def _rows(given: dict[str, Any]) -> list[Any]:
    return list(query(sql.ENTRIES, given))


def _periods(design: Design, *, month: date, given: dict[str, Any], wanted: int) -> Iterator[tuple[datetime, datetime]]:
    """Times that hold about `wanted` such entries each, from the position on; what is not kept comes as one."""
    start, end = bounds(month, design)
    start = max(start, given["at"])
    known = kept_days(design)
    kept_until = min(known.until, end) if known else start
    if known and start < kept_until:
        yield from _kept_periods(design, start=start, end=kept_until, given=given, wanted=wanted)
    if kept_until < end and start <= clock.program_now(design.program):
        yield max(start, kept_until), end


def _kept_periods(
    design: Design, *, start: datetime, end: datetime, given: dict[str, Any], wanted: int
) -> Iterator[tuple[datetime, datetime]]:
    zone = design.zone
    first, before = start.astimezone(zone).date(), end.astimezone(zone).date()
    since: date | None = None
    counted = 0
    for day, entries in query(sql.ENTRIES_OF_DAYS, given | {"first": first, "before": before}):
        since, counted = since or day, counted + entries
        if counted >= wanted:
            yield start_of_day(since, zone), end_of_day(day, zone)
            since, counted = None, 0
    if since is not None:
        yield start_of_day(since, zone), end
