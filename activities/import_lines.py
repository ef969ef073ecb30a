"""What the lines of a membership mean: who is to be enrolled how, and with which lots."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from activities.import_columns import OF_A_LOT, OF_THE_MEMBERSHIP
from activities.opening import GivenLot
from common.sheets import LineRefused
from common.sheets.cells import in_zone
from common.sheets.importing import Record
from customers.models import Customer
from memberships.enrolling_many import Enrolment
from programs.expiry import end_of_day
from programs.models import Program, Tier


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record with its meaning."""

    customer: Customer
    enrolment: Enrolment
    lots: tuple[GivenLot, ...]
    last_activity_at: datetime | None
    status: str | None
    payment_reference: str | None
    tier: Tier | None
    tier_until: datetime | None

    @property
    def is_plain(self) -> bool:
        """Whether it needs nothing but an enrolment and points that are left."""
        extras = (self.status, self.payment_reference, self.tier)
        return extras == (None, None, None) and all(lot.points > 0 for lot in self.lots)


class LineReader:
    """Reads the records of one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tiers = list(Tier.objects.filter(group__program=program).select_related("group"))

    def read(self, record: Record, customers: Mapping[str, Customer]) -> Wanted:
        """Raises LineRefused."""
        number = customer_number(record)
        customer = customers.get(number)
        if customer is None:
            raise LineRefused(f"customer_number: There is no customer {number}: import the customers first.")
        first = record.values[0]
        _refuse_other_lines(record)
        return Wanted(
            customer=customer,
            enrolment=Enrolment(
                customer.pk,
                at=self._moment(first.get("enrolled_at")),
                number=first.get("member_number", "").strip() or None,
                accept_terms=first.get("accept_terms", False),
            ),
            lots=tuple(self._lots(record)),
            last_activity_at=self._moment(first.get("last_activity_at")),
            status=first.get("status"),
            payment_reference=first.get("payment_reference"),
            tier=self._tier(first.get("tier")),
            tier_until=self._until(first),
        )

    def _moment(self, at: date | datetime | None) -> datetime | None:
        return None if at is None else in_zone(at, self.program.zone)

    def _lots(self, record: Record) -> list[GivenLot]:
        """One per line that has points; a line of nothing but dates is a slip."""
        lots = []
        for line, values in zip(record.lines, record.values, strict=True):
            points = values.get("points")
            if points is None and any(name in values for name in OF_A_LOT):
                raise LineRefused(f"points: Line {line.number} says something about a lot, and not how many points.")
            if points:
                code = values.get("point_type", "").strip() or None
                lots.append(
                    GivenLot(
                        points,
                        point_type=code,
                        earned_at=self._moment(values.get("earned_at")),
                        usable_from=self._moment(values.get("usable_from")),
                        expires_on=values.get("expires_on"),
                    )
                )
        return lots

    def _tier(self, name: str | None) -> Tier | None:
        if name is None:
            return None
        *ladder, code = name.strip().lower().split("/")
        found = [one for one in self.tiers if one.code == code and (not ladder or one.group.code == ladder[0])]
        if len(found) != 1:
            known = ", ".join(f"{one.group.code}/{one.code}" for one in self.tiers)
            raise LineRefused(f"tier: “{name[:40]}” names {'no tier' if not found else 'several'}. There are {known}.")
        return found[0]

    def _until(self, values: Mapping[str, Any]) -> datetime | None:
        if ("tier" in values) != ("tier_until" in values):
            raise LineRefused("tier_until: A tier needs the day it is kept to, and that day a tier.")
        return end_of_day(values["tier_until"], self.program.zone) if "tier_until" in values else None


def customer_number(record: Record) -> str:
    return str(record.values[0]["customer_number"]).strip().upper()


def _refuse_other_lines(record: Record) -> None:
    """Further lines say the same about the membership as the first, or nothing."""
    first = record.values[0]
    for line, values in zip(record.lines[1:], record.values[1:], strict=True):
        for name in OF_THE_MEMBERSHIP:
            if name in values and name != "customer_number" and values[name] != first.get(name):
                raise LineRefused(
                    f"{name}: Line {line.number} says something else than line {record.line}, where the membership "
                    "begins."
                )
