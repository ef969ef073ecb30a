"""When an event may have happened (domain 1.6, two times)."""

from datetime import datetime, timedelta

from common import clock
from points.errors import EventTimeOutOfRange
from programs.design import Design

AHEAD = timedelta(minutes=5)


def event_time(occurred_at: datetime | None, design: Design) -> datetime:
    """The event's own time, by default now on the program's clock; refused too far ahead or behind."""
    now = clock.program_now(design.program)
    if occurred_at is None:
        return now
    earliest, latest = now - design.program.late_grace, now + AHEAD
    if not earliest <= occurred_at <= latest:
        raise EventTimeOutOfRange(
            f"The event is dated {_told(occurred_at, design)}; {design.program.name} takes events from "
            f"{_told(earliest, design)} to {_told(latest, design)}, in the time of {design.zone.key}.",
            facts={"occurred_at": occurred_at.isoformat(), "from": earliest.isoformat(), "to": latest.isoformat()},
        )
    return occurred_at


def _told(at: datetime, design: Design) -> str:
    return f"{at.astimezone(design.zone):%Y-%m-%d %H:%M}"
