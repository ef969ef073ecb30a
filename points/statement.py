"""The lines of a period, by recording time, without summing entries (domain 1.6, 1.13).

An account's entries are numbered in the order of their recording, so a period is a range of numbers: its ends are
found by halving, its balances are those the entries carry. So is the time a membership shared a pool.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

RECORDED = """
SELECT p.recorded_at FROM points_entry e JOIN points_posting p ON p.id = e.posting_id
WHERE e.account_id = %s AND e.number = %s
"""
LINES = """
SELECT e.account_id, a.point_type_id, s.is_pool, e.number, e.posting_id, p.kind, e.amount, e.balance_after, p.person_id,
    p.occurred_at, p.recorded_at, p.reason_code, p.reverses_id
FROM points_entry e JOIN points_posting p ON p.id = e.posting_id
JOIN points_pointaccount a ON a.id = e.account_id JOIN points_pointaccountset s ON s.id = a.account_set_id
WHERE e.account_id = %(account)s AND e.number > %(after)s AND e.number <= %(last)s
ORDER BY e.number {order} LIMIT %(limit)s
"""
LINES_UP, LINES_DOWN = LINES.format(order="ASC"), LINES.format(order="DESC")
ACCOUNTS = """
SELECT a.id, a.point_type_id, a.entry_count, s.is_pool
FROM points_pointaccount a JOIN points_pointaccountset s ON s.id = a.account_set_id
WHERE a.account_set_id = %(set)s AND (%(type)s::bigint IS NULL OR a.point_type_id = %(type)s)
ORDER BY a.id
"""


# What a posting did to an account: the numbers of its entries there.
OF_POSTING = "SELECT min(number), max(number) FROM points_entry WHERE account_id = %s AND posting_id = %s"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something changed by the program's clock, and the posting that did it, if any points moved."""

    at: datetime
    posting_id: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A set for all its time, or between two moments: the entries of both moments' postings belong to it."""

    set_id: int
    since: Moment | None = None
    until: Moment | None = None

    def meets(self, since: datetime, until: datetime) -> bool:
        """Whether part of it lies in the period."""
        begins_in_time = self.since is None or self.since.at < until
        return begins_in_time and (self.until is None or self.until.at >= since)

    def holds(self, at: datetime) -> bool:
        """Whether the moment lies in it; where it ends, what follows has begun."""
        return (self.since is None or self.since.at <= at) and (self.until is None or at < self.until.at)


@dataclass(frozen=True, slots=True)
class Line:
    account_id: int
    point_type_id: int
    pooled: bool
    number: int
    posting_id: int
    kind: str
    amount: int
    balance_after: int
    person_id: int | None
    occurred_at: datetime
    recorded_at: datetime
    reason_code: str
    reverses: int | None


@dataclass(frozen=True, slots=True)
class Period:
    """One account in the period: entries `after` + 1 to `last` fall into it."""

    account_id: int
    point_type_id: int
    pooled: bool
    after: int
    last: int
    opening: int
    closing: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A page of lines. `position` continues it, None at the end: per account the number of the last entry read, going
    up from the oldest or down from the latest."""

    periods: tuple[Period, ...]
    lines: tuple[Line, ...]
    position: dict[int, int] | None


def statement(
    spans: Sequence[Span],
    *,
    since: datetime,
    until: datetime,
    page_size: int = 50,
    position: Mapping[int, int] | None = None,
    latest_first: bool = False,
    point_type_id: int | None = None,
) -> Statement:
    """What was recorded in these sets from `since` until just before `until`, of one type or of all."""
    periods = tuple(_periods(spans, since=since, until=until, point_type_id=point_type_id))
    found: list[Line] = []
    for period in periods:
        found += _lines(period, (position or {}).get(period.account_id), page_size + 1, latest_first=latest_first)
    found.sort(key=lambda line: (line.recorded_at, line.posting_id, line.account_id, line.number), reverse=latest_first)
    page = found[:page_size]
    if len(found) <= page_size:
        return Statement(periods, tuple(page), None)
    read = dict(position or {}) | {line.account_id: line.number for line in page}
    return Statement(periods, tuple(page), read)


def entries_before(account_id: int, at: datetime, *, count: int) -> int:
    """How many of the account's `count` entries were recorded before `at`."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2 + 1
        recorded_at = _recorded_at(account_id, middle)
        if recorded_at < at:
            low = middle
        else:
            high = middle - 1
    return low


def balance_after(account_id: int, number: int) -> int:
    """The balance once that many entries were made."""
    if number == 0:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT balance_after FROM points_entry WHERE account_id = %s AND number = %s", [account_id, number]
        )
        return int(cursor.fetchone()[0])


def _periods(spans: Sequence[Span], *, since: datetime, until: datetime, point_type_id: int | None) -> Iterator[Period]:
    for span in spans:
        if not span.meets(since, until):
            continue
        with connection.cursor() as cursor:
            cursor.execute(ACCOUNTS, {"set": span.set_id, "type": point_type_id})
            accounts = cursor.fetchall()
        for account_id, type_id, count, pooled in accounts:
            first, count = _numbers(span, account_id, count)
            last = max(first, entries_before(account_id, until, count=count))
            after = max(first, entries_before(account_id, since, count=last))
            opening, closing = balance_after(account_id, after), balance_after(account_id, last)
            yield Period(account_id, type_id, pooled, after, last, opening, closing)


def _numbers(span: Span, account_id: int, count: int) -> tuple[int, int]:
    """How many entries of the account were made before the span began, and before it was over."""
    first, last = 0, count
    if span.since is not None:
        lowest, _ = _of_posting(account_id, span.since)
        first = entries_before(account_id, span.since.at, count=count) if lowest is None else lowest - 1
    if span.until is not None:
        _, highest = _of_posting(account_id, span.until)
        last = entries_before(account_id, span.until.at, count=count) if highest is None else highest
    return first, max(first, last)


def _of_posting(account_id: int, moment: Moment) -> tuple[int | None, int | None]:
    if moment.posting_id is None:
        return None, None
    with connection.cursor() as cursor:
        cursor.execute(OF_POSTING, [account_id, moment.posting_id])
        lowest, highest = cursor.fetchone()
    return lowest, highest


def _recorded_at(account_id: int, number: int) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(RECORDED, [account_id, number])
        recorded_at: datetime = cursor.fetchone()[0]
    return recorded_at


def _lines(period: Period, read: int | None, limit: int, *, latest_first: bool) -> list[Line]:
    after, last = period.after, period.last
    if read is not None and latest_first:
        last = min(last, read - 1)
    elif read is not None:
        after = max(after, read)
    if after >= last:
        return []
    asked = {"account": period.account_id, "after": after, "last": last, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(LINES_DOWN if latest_first else LINES_UP, asked)
        return [Line(*row) for row in cursor.fetchall()]
