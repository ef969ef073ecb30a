"""What a line of a file of activities says, by itself: its type, its time, whom it names and its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from activities.batch_columns import attribute_codes
from activities.errors import PointsNeeded
from activities.models import ActivityType, PointFlow
from activities.timing import AHEAD, event_time
from activities.types import activity_type
from cards.numbering import compact
from common import clock
from common.sheets import Column, Line, LineRefused
from common.sheets.cells import in_zone
from common.sheets.columns import read_cells
from points.errors import EventTimeOutOfRange
from programs.design import Design

LONGEST_NUMBER = 40


@dataclass(frozen=True, slots=True)
class Given:
    """One of the two numbers is there."""

    line: int
    type: ActivityType
    at: datetime
    card_number: str | None
    member_number: str | None
    points: int | None
    amount: Decimal | None
    currency: str | None
    reference: str
    location: str
    attributes: dict[str, Any] | None


class LineReader:
    """Reads the lines of one file of a program. `since`: the earliest event taken, where that is wider than usual."""

    def __init__(self, design: Design, columns: Sequence[Column], *, since: datetime | None = None) -> None:
        self.design, self.columns, self.since = design, columns, since
        self.attributes = attribute_codes(columns)

    def read(self, line: Line) -> Given:
        """Raises LineRefused, UnknownActivityType, PointsNeeded, EventTimeOutOfRange."""
        values = read_cells(line.cells, self.columns, line=line.number)
        type_ = activity_type(self.design, values["type"])
        card, member = _number(values, "card_number"), _number(values, "member_number")
        if (card is None) == (member is None):
            raise LineRefused("card_number: Name the card or the membership, one of the two.")
        amount = values.get("amount")
        return Given(
            line=line.number,
            type=type_,
            at=self._time(values),
            card_number=card,
            member_number=member,
            points=_points(type_, values),
            amount=amount,
            currency=values.get("currency") or (None if amount is None else self.design.program.currency),
            reference=values.get("reference", ""),
            location=values.get("location", ""),
            attributes={code: values[name] for name, code in self.attributes.items() if name in values} or None,
        )

    def _time(self, values: Mapping[str, Any]) -> datetime:
        at = in_zone(values["occurred_at"], self.design.zone)
        if self.since is None:
            return event_time(at, self.design)
        if not self.since <= at <= clock.program_now(self.design.program) + AHEAD:
            raise EventTimeOutOfRange(
                f"The event is dated {at.isoformat()}; this file is taken from {self.since.isoformat()} to now.",
                facts={"occurred_at": at.isoformat(), "from": self.since.isoformat()},
            )
        return at


def _number(values: Mapping[str, Any], name: str) -> str | None:
    if name not in values:
        return None
    written: str = values[name]
    number = compact(written) if name == "card_number" else written.strip().upper()
    if not number or len(number) > LONGEST_NUMBER:
        raise LineRefused(f"{name}: This is no number.")
    return number


def _points(type_: ActivityType, values: Mapping[str, Any]) -> int | None:
    points: int | None = values.get("points")
    if type_.flow == PointFlow.REDEEM:
        raise LineRefused("type: A file reports what earns. What spends is asked for when it happens.")
    if type_.flow == PointFlow.EARN and points is None:
        raise PointsNeeded(f"An activity of type “{type_.code}” says how many points.", facts={"type": type_.code})
    return points
