"""The only source of time for rules: real time, moved by a sandbox program's clock offset."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from django.utils import timezone

_frozen: list[datetime] = []


class HasClock(Protocol):
    """A program; its offset is zero outside sandboxes and is known to SQL too."""

    clock_offset: timedelta


def now(offset: timedelta = timedelta(0)) -> datetime:
    """Real time (aware, UTC) plus the offset."""
    return (_frozen[-1] if _frozen else timezone.now()) + offset


def program_now(program: HasClock) -> datetime:
    """The time by the program's own clock."""
    return now(program.clock_offset)


def frozen_at() -> datetime | None:
    """The time a test has stopped the clock at; None outside such a test."""
    return _frozen[-1] if _frozen else None


@contextmanager
def frozen(at: datetime) -> Iterator[datetime]:
    """For tests: real time stands still at `at` (aware) inside the block, in all threads."""
    if at.tzinfo is None:
        raise ValueError("The clock needs a time with its zone.")
    _frozen.append(at)
    try:
        yield at
    finally:
        _frozen.pop()
