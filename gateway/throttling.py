"""Counters in the database that all processes share: requests of a caller, failures of a guesser.

A request does not cost a statement: a process takes permits of the running minute in shares of one fiftieth of
the limit (at least one) by one INSERT ... ON CONFLICT and spends them from memory. So a caller never gets more
than the limit in a minute; it may get less by what other processes took and did not use, at most one share
each: 2 % of the limit per further process, nothing where the limit is 50 or less. Minutes are counted from :00,
so up to twice the limit may pass in the 60 seconds around a full minute.
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.db import apart

MINUTE = 60
SHARES = 50
# Failures are counted over the present window and the one before.
FAILURE_WINDOW = 10 * MINUTE
MOST_FAILURES = 100
CACHED_SUBJECTS = 10_000
KEPT = timedelta(hours=1)

COUNT = """
INSERT INTO gateway_throttle (subject, "window", count) VALUES (%s, %s, %s)
ON CONFLICT (subject, "window") DO UPDATE SET count = gateway_throttle.count + EXCLUDED.count
RETURNING count
"""


@dataclass(slots=True)
class Permits:
    """What this process may still let through of a subject's minute; `spent` once the minute is used up."""

    minute: int
    left: int = 0
    spent: bool = False


class ChannelThrottle(BaseThrottle):
    """`requests_per_minute` of `request.auth`; runs before the view, so outside any verb's transaction."""

    def allow_request(self, request: Request, view: Any) -> bool:
        auth: Any = request.auth
        return auth is None or take_permit(auth.throttle_subject, auth.requests_per_minute)

    def wait(self) -> float:
        return seconds_left(MINUTE)


_permits: dict[str, Permits] = {}
_lock = threading.Lock()


def take_permit(subject: str, limit: int) -> bool:
    """Whether one more request of the subject fits into this minute."""
    minute = _window(MINUTE)
    with _lock:
        permits = _permits_of(subject, minute)
        if permits.left:
            permits.left -= 1
            return True
        if permits.spent:
            return False
    granted = _take_share(subject, minute, limit)
    with _lock:
        permits.left += max(granted - 1, 0)
        permits.spent = granted == 0
    return granted > 0


def seconds_left(length: int) -> float:
    """Until the running window of that many seconds ends; at least one."""
    return max(1.0, _window(length) + length - time.time())


def count_failure(subject: str) -> None:
    """Count a wrong guess. Inside a transaction it goes through a connection of its own, so that it stays."""
    window = _window(FAILURE_WINDOW)
    if not connection.in_atomic_block:
        _count(connection, subject, window, 1)
        return
    with apart() as beside:
        _count(beside, subject, window, 1)


def too_many_failures(subject: str, limit: int = MOST_FAILURES) -> bool:
    """Whether `limit` wrong guesses were counted in the last 10 to 20 minutes."""
    since = _at(_window(FAILURE_WINDOW) - FAILURE_WINDOW)
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT coalesce(sum(count), 0) FROM gateway_throttle WHERE subject = %s AND "window" >= %s',
            [subject, since],
        )
        return bool(cursor.fetchone()[0] >= limit)


def forget_old_windows() -> int:
    """Delete counters of the past; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute('DELETE FROM gateway_throttle WHERE "window" < %s', [_at(int(time.time())) - KEPT])
        return int(cursor.rowcount)


def forget_permits() -> None:
    """Drop what this process holds: between tests, and after a change of a limit."""
    with _lock:
        _permits.clear()


def _permits_of(subject: str, minute: int) -> Permits:
    permits = _permits.get(subject)
    if permits is None or permits.minute != minute:
        if len(_permits) >= CACHED_SUBJECTS:
            _permits.clear()
        permits = _permits[subject] = Permits(minute)
    return permits


def _take_share(subject: str, minute: int, limit: int) -> int:
    share = max(1, limit // SHARES)
    taken_before = _count(connection, subject, minute, share) - share
    return max(0, min(share, limit - taken_before))


def _count(through: Any, subject: str, window: int, by: int) -> int:
    with through.cursor() as cursor:
        cursor.execute(COUNT, [subject, _at(window), by])
        return int(cursor.fetchone()[0])


def _window(length: int) -> int:
    # Real time, whatever a test clock says.
    return int(time.time()) // length * length


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
